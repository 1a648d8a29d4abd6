"""The key that is made on the Pi, and that whatever is wrong with it no reading is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from nacl.signing import VerifyKey

from agent.cli import main
from agent.signer import open_signer, pem_of, seed_of
from telemetry import signing
from telemetry.topics import Root

ROOT = Root("east", "b001", "pi-1")
BODY = b'[{"bver":26,"n":"co2_ppm","u":"ppm","v":612.0},{"n":"temperature_c","u":"Cel","v":21.0}]'
# RFC 8032 section 7.1, test 1: secret key and public key.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """And is the same at the next start."""
    path = tmp_path / "deep" / "agent.signing.key"
    signer = open_signer(path)
    assert signer is not None
    assert mode(path) == 0o600
    again = open_signer(path)
    assert again is not None
    assert again.key == signer.key
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_key_made_by_root_is_the_folders_owners(tmp_path: Path) -> None:
    """`sudo openhall-agent key` before the first start must not lock the agent out."""
    is_root = os.geteuid() == 0
    owner = 65_534 if is_root else os.geteuid()
    if is_root:
        os.chown(tmp_path, owner, owner)
    assert open_signer(tmp_path / "key") is not None
    found = (tmp_path / "key").stat()
    assert (found.st_uid, found.st_mode & 0o777) == (owner, 0o600)


def test_the_key_is_the_one_of_the_standard(tmp_path: Path) -> None:
    """RFC 8032's example; and OpenSSL reads the file and finds the same public key."""
    path = tmp_path / "key"
    path.write_text(pem_of(SEED))
    path.chmod(0o600)
    signer = open_signer(path)
    assert signer is not None
    assert signing.key_of(signer.key) == PUBLIC
    der = subprocess.run(
        ["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], capture_output=True, check=True, timeout=30
    ).stdout
    assert der.endswith(PUBLIC)


def test_a_pack_is_signed_over_root_and_body(tmp_path: Path) -> None:
    """What a stranger needs is the topic, the body and the public key."""
    signer = open_signer(tmp_path / "key")
    assert signer is not None
    whole = signer.seal(ROOT, BODY)
    signed = signing.detach(ROOT, whole)
    assert signed is not None
    assert signed.message == b"openhall/v1/east/b001/pi-1/\n" + BODY
    public = signing.key_of(signer.key)
    assert public is not None
    assert VerifyKey(public).verify(signed.message, signed.signature) == signed.message
    assert signer.seal(ROOT, BODY) == whole


def test_a_key_open_to_others_is_closed(tmp_path: Path) -> None:
    """Whoever copied the card may have left it so."""
    path = tmp_path / "key"
    path.write_text(pem_of(SEED))
    path.chmod(0o644)
    assert open_signer(path) is not None
    assert mode(path) == 0o600


@pytest.mark.parametrize("text", ["", "\0" * 119, pem_of(SEED)[:60], pem_of(SEED).replace("MC4", "MC5"), "é" * 200])
def test_what_is_no_key_is_set_aside(tmp_path: Path, text: str) -> None:
    """A power cut at the first start: a new key is made, nothing is deleted."""
    path = tmp_path / "key"
    path.write_text(text)
    signer = open_signer(path)
    assert signer is not None
    assert (tmp_path / "key.corrupt-1").read_text() == text
    kept = seed_of(path.read_text())
    assert kept is not None
    path.write_text(text)
    assert open_signer(path) is not None
    assert (tmp_path / "key.corrupt-2").exists()


def test_where_no_key_can_be_it_goes_on_unsigned(tmp_path: Path) -> None:
    """Neither a folder that is a file nor one in place of the key stops an agent."""
    (tmp_path / "file").write_text("x")
    assert open_signer(tmp_path / "file" / "key") is None
    (tmp_path / "folder").mkdir()
    assert open_signer(tmp_path / "folder") is None


def test_the_public_key_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For `openhall-gateway keys enrol`."""
    config = tmp_path / "agent.toml"
    head = f'region = "east"\nsite = "b001"\nagent = "pi-1"\n[journal]\npath = "{tmp_path / "agent.journal"}"\n'
    config.write_text(head)
    assert main(["key", "--config", str(config)]) == 0
    signer = open_signer(tmp_path / "agent.signing.key")
    assert signer is not None
    assert capsys.readouterr().out == f"east/b001/pi-1 {signer.key}\n"
    config.write_text(head + "[signing]\nenabled = false\n")
    assert main(["key", "--config", str(config)]) == 1
    assert [one.name for one in tmp_path.glob("*.key*")] == ["agent.signing.key"]


def test_without_the_library_it_goes_on_unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """32-bit Arm has no wheel of PyNaCl: a warning, no key, and no end of measuring."""
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    with structlog.testing.capture_logs() as said:
        assert open_signer(tmp_path / "key") is None
    assert [(one["log_level"], one["event"]) for one in said] == [
        ("warning", "packs go unsigned, PyNaCl is not installed")
    ]
    assert not (tmp_path / "key").exists()
