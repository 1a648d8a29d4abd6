"""The agent's own key, and the signing of its packs (Ed25519).

The key is made on the Pi at the first start and never leaves it: PKCS#8 in PEM (RFC 8410), so that `openssl pkey` reads
it, for its owner alone. PyNaCl does the signing; it is loaded here only, and only if packs are signed.
"""

import base64
import binascii
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from telemetry import signing
from telemetry.topics import Root

SEED_BYTES: Final = 32
# RFC 8410 section 7: OneAsymmetricKey, version 0, id-Ed25519 (1.3.101.112), the seed as an OCTET STRING in another.
_PKCS8_HEAD: Final = bytes.fromhex("302e020100300506032b657004220420")
_BEGIN: Final = "-----BEGIN PRIVATE KEY-----"
_END: Final = "-----END PRIVATE KEY-----"
MAX_FILE_BYTES: Final = 4_096
OTHERS: Final = 0o077
"""The rights of everybody but the owner."""

log = structlog.get_logger(__name__)


class Signer:
    """Signs packs with one key.

    Attributes:
        key: The public key as presence shows it: base64url without padding, 43 characters.
    """

    def __init__(self, seed: bytes) -> None:
        from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

        public, secret = crypto_sign_seed_keypair(seed)
        self.key = signing.to_text(public)
        self._secret = secret
        self._crypto_sign = crypto_sign

    def seal(self, root: Root, body: bytes) -> bytes:
        """The body of a pack of `root` with its signature.

        Raises:
            MalformedError: If it becomes longer than the wire allows.
        """
        return signing.attach(root, body, self._sign)

    def _sign(self, message: bytes) -> bytes:
        return bytes(self._crypto_sign(message, self._secret)[: signing.SIGNATURE_BYTES])


def open_signer(path: Path) -> Signer | None:
    """The signer of the key in a file; made if there is none. None, and a warning in the log, if there can be none.

    Measuring goes on whatever is wrong with the key: unsigned packs are flagged at head office, lost ones are lost. A
    file that holds no key (a power cut at the first start) is set aside beside it, and a new key made.
    """
    try:
        import nacl.bindings  # noqa: F401
    except ImportError as error:
        # 32-bit Arm has no wheel of it.
        log.warning("packs go unsigned, PyNaCl is not installed", error=str(error))
        return None
    try:
        seed = _read(path)
        if seed is None:
            seed = os.urandom(SEED_BYTES)
            _write(path, seed)
            log.debug("signing key made", file=str(path), key=Signer(seed).key)
        return Signer(seed)
    except OSError as error:
        advice = "let this user read and write there, or set $.signing.key_file"
        log.warning("packs go unsigned, no key", file=str(path), error=str(error), advice=advice)
        return None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            rights = os.fstat(file.fileno()).st_mode & 0o777
            text = file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    if rights & OTHERS:
        log.warning("signing key was open to others, closed now", file=str(path), mode=f"{rights:04o}")
        path.chmod(0o600)
    seed = seed_of(text.decode("ascii", "replace"))
    if seed is None:
        aside = _free_name(path)
        path.rename(aside)
        log.error("this is no signing key; it is set aside and a new one made", file=str(path), aside=str(aside))
    return seed


def seed_of(text: str) -> bytes | None:
    """The 32 bytes in the PEM text of an Ed25519 private key; None if it is none."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        return None
    try:
        der = base64.b64decode("".join(lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        return None
    is_key = len(der) == len(_PKCS8_HEAD) + SEED_BYTES and der.startswith(_PKCS8_HEAD)
    return der[len(_PKCS8_HEAD) :] if is_key else None


def pem_of(seed: bytes) -> str:
    """The key as PEM text."""
    return f"{_BEGIN}\n{base64.b64encode(_PKCS8_HEAD + seed).decode()}\n{_END}\n"


def _write(path: Path, seed: bytes) -> None:
    """On the disk whole or not at all, and never readable by others, not for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        if os.geteuid() == 0:
            # `sudo openhall-agent key` before the first start must leave a key that the agent's own user can read.
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(pem_of(seed))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    return aside
