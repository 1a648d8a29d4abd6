"""The agent's parts, put together as the configuration says; what `run` and `replay` share."""

import fcntl
import os
import random
from pathlib import Path
from typing import IO

from agent.config import AgentConfig
from agent.errors import ConfigurationError
from agent.journal import Journal, JournalSettings
from agent.uplink import UplinkSettings
from telemetry.clock import Clock
from telemetry.topics import Root


def root_of(config: AgentConfig) -> Root:
    """The root of the agent's topics."""
    return Root(config.region, config.site, config.agent)


def client_id_of(root: Root) -> str:
    """The agent's MQTT client id: unique in the bank, since sites are."""
    return f"openhall-{root.site}-{root.agent}"


def lock_journal(path: Path) -> IO[bytes]:
    """Make sure that no other process uses this journal; hold the answer as long as the journal is open.

    Raises:
        ConfigurationError: If one does, or the folder cannot be made or written.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("ab")
    except OSError as error:
        text = f"{lock} cannot be written: {error.strerror}; give another path or let this user write there"
        raise ConfigurationError([f"$.journal.path: {text}"]) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        text = f"{path} is in use by another process; stop that agent or give another path"
        raise ConfigurationError([f"$.journal.path: {text}"]) from error
    return file


def open_journal(
    config: AgentConfig, path: Path, root: Root, *, clock: Clock, rng: random.Random, trusted: bool
) -> Journal:
    """The journal as the configuration sets it."""
    settings = config.journal
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


def uplink_settings(config: AgentConfig) -> UplinkSettings:
    """The waits of rule 4 as the configuration sets them."""
    return UplinkSettings(**{name: getattr(config.uplink, name) for name in config.uplink.__struct_fields__})


def own_random() -> random.Random:
    """Chance of this process alone: two agents of one image must not draw the same journal id."""
    return random.Random(os.urandom(32))
