"""The agent's parts, put together as the configuration says; what `run` and `replay` share."""

import glob
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import AgentConfig
from agent.errors import ConfigurationError, JournalError
from agent.journal import Journal, JournalSettings
from agent.signer import Signer, open_signer
from agent.uplink import UplinkSettings
from telemetry.clock import Clock
from telemetry.messages import PointInfo
from telemetry.topics import Root

if TYPE_CHECKING:
    from agent.home_assistant.link import Link


def root_of(config: AgentConfig) -> Root:
    """The root of the agent's topics."""
    return Root(config.region, config.site, config.agent)


def client_id_of(root: Root) -> str:
    """The agent's MQTT client id: unique in the bank, since sites are."""
    return f"openhall-{root.site}-{root.agent}"


def open_journal(
    config: AgentConfig, path: Path, root: Root, *, clock: Clock, rng: random.Random, trusted: bool
) -> Journal:
    """The journal as the configuration sets it; its folder is made if it is missing.

    Raises:
        ConfigurationError: If there can be none at this path: no rights, in use, of a newer program.
    """
    settings = config.journal
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Journal.open(
            path,
            root=root,
            clock=clock,
            rng=rng,
            settings=JournalSettings(
                keep_days=settings.keep_days,
                max_mb=settings.max_mb,
                fsync=settings.fsync,
                fsync_interval_s=settings.fsync_interval_s,
            ),
            trusted=trusted,
        )
    except OSError as error:
        text = f"{path.parent} cannot be made: {error.strerror}; give another path or let this user write there"
        raise ConfigurationError([f"$.journal.path: {text}"]) from error
    except JournalError as error:
        raise ConfigurationError([f"$.journal.path: {error}"]) from error


def give_back(path: Path) -> None:
    """Let the owner of the journal's folder own what lies beside it under its name, if we are root.

    `sudo openhall-agent adopt-journal` before the first start must not lock the agent's own user out.
    """
    if os.geteuid() != 0:
        return
    owner = path.parent.stat()
    for file in path.parent.glob(f"{glob.escape(path.stem)}*"):
        if not file.is_symlink():
            os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def signing_key_path(config: AgentConfig) -> Path:
    """Where the private key of the signatures is, or will be."""
    return Path(config.signing.key_file or Path(config.journal.path).with_suffix(".signing.key"))


def signer_of(config: AgentConfig) -> Signer | None:
    """What signs the packs; the key is made if there is none. None: they go unsigned."""
    return open_signer(signing_key_path(config)) if config.signing.enabled else None


def uplink_settings(config: AgentConfig) -> UplinkSettings:
    """The waits of rule 4 as the configuration sets them."""
    return UplinkSettings(**{name: getattr(config.uplink, name) for name in config.uplink.__struct_fields__})


def link_of(
    config: AgentConfig, root: Root, points: Sequence[PointInfo], *, clock: Clock, rng: random.Random
) -> "Link | None":
    """The connection to Home Assistant, not yet made; None if there is none.

    Raises:
        ConfigurationError: If a file of it cannot be read.
    """
    if config.home_assistant is None:
        return None
    from agent.home_assistant.link import Link
    from agent.home_assistant.mirror import Mirror

    mirror = Mirror(config.home_assistant, root, points, clock=clock, rng=rng)
    try:
        return Link(config.home_assistant, mirror, client_id_of(root))
    except OSError as error:
        text = f"cannot be read: {error.strerror}; give its path and let this user read it"
        raise ConfigurationError([f"$.home_assistant.password_file: {text}"]) from error


def own_random() -> random.Random:
    """Chance of this process alone: two agents of one image must not draw the same journal id."""
    return random.Random(os.urandom(32))
