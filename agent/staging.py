"""The configuration that head office pushes: tried, taken, or rolled back; and what else outlives a restart.

All of it lies beside the journal, since the file in /etc is the technician's and may be read-only. That file wins:
once it is changed on the Pi, what was pushed on top of the old one is set aside. The journal is never touched: a
configuration with another journal, branch or agent is none for this agent.
"""

import base64
import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from agent import config as configuration
from agent.commands import answer_of
from agent.config import AgentConfig
from agent.errors import ConfigurationError
from agent.mqtt_bus import tls_context
from agent.sensing import check_sensors
from telemetry.ids import is_id

TRIAL_S: Final = 60.0
"""The contract's minute: within it a pushed configuration must bring the agent back online."""

MAX_TOML_BYTES: Final = 64_000
MAX_ANSWERS: Final = 16
"""Answers of commands that ended the program, kept for repeats; beyond, the oldest go."""

log = structlog.get_logger(__name__)


class _Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What outlives a restart.

    Attributes:
        base: SHA-256 of the technician's file that the rest is about.
        trial: The id of the command whose configuration is on trial; empty: none is.
        begun: Whether the trial has begun: found so at a start, it has failed.
        periods: By point, seconds between two readings, as commanded.
        answers: By command id, the answer's body in base64.
    """

    base: str = ""
    trial: str = ""
    begun: bool = False
    periods: dict[str, float] = {}
    answers: dict[str, str] = {}


class Staging:
    """The pushed configuration of one agent.

    Attributes:
        config: What the agent is to run with.
        trial: The id of the command whose configuration that is, while it is on trial; else empty.
    """

    def __init__(self, base_file: Path) -> None:
        """Find out what to run with.

        Args:
            base_file: The technician's configuration.

        Raises:
            ConfigurationError: If that one cannot be used, and nothing that was pushed can.
        """
        base_bytes = _read(base_file)
        self._base = configuration.load(base_file)
        journal = Path(self._base.journal.path)
        self._pushed, self._on_trial, self._refused, self._aside = (
            journal.with_suffix(f".{word}.toml") for word in ("pushed", "trial", "refused", "superseded")
        )
        self._file = journal.with_suffix(".commands.json")
        self._kept = self._load(hashlib.sha256(base_bytes).hexdigest())
        self.trial = ""
        self.config = self._with_periods(self._choose())

    @property
    def answered(self) -> dict[str, bytes]:
        """By id, the answers of commands that ended an earlier run."""
        return {name: base64.b64decode(text) for name, text in self._kept.answers.items()}

    def check(self, toml: str) -> AgentConfig:
        """A pushed configuration, checked as `check-config` does.

        Raises:
            ConfigurationError: If it cannot be used here.
        """
        if len(toml.encode("utf-8", "replace")) > MAX_TOML_BYTES:
            raise ConfigurationError([f"more than {MAX_TOML_BYTES} bytes; an agent's configuration is some ten lines"])
        config = configuration.parse(toml)
        check_sensors(config)
        tls_context(config.broker)
        problems = [
            f"$.{name}: is {new!r} here and {old!r} on the Pi; only a technician changes that, in its own file"
            for name, new, old in (
                ("region", config.region, self._base.region),
                ("site", config.site, self._base.site),
                ("agent", config.agent, self._base.agent),
                ("journal.path", config.journal.path, self._base.journal.path),
                ("signing.key_file", config.signing.key_file, self._base.signing.key_file),
            )
            if new != old
        ]
        if problems:
            raise ConfigurationError(problems)
        return config

    def stage(self, command_id: str, toml: str) -> None:
        """Put a checked configuration up for trial at the next start.

        Raises:
            OSError: If it cannot be written; nothing has changed then.
        """
        _write(self._on_trial, toml.encode("utf-8"))
        self._kept.trial, self._kept.begun = command_id, False
        self._save()

    def confirm(self) -> None:
        """The agent is back online: the configuration on trial is its own from now on.

        Raises:
            OSError: If that cannot be written down; the trial goes on.
        """
        self._on_trial.replace(self._pushed)
        self._kept.answers[self.trial] = _text(answer_of(self.trial, {"config": "in force"}))
        self._kept.trial, self._kept.begun, self._kept.periods = "", False, {}
        self._save()
        self.trial = ""

    def reject(self, reason: str) -> None:
        """The agent did not come back: the next start takes the former configuration, and the command is answered.

        Raises:
            OSError: If that cannot be written down; a trial that has begun fails at the next start all the same.
        """
        self._roll_back(reason)
        self.trial = ""

    def remember_period(self, point: str, period_s: float) -> None:
        """Keep a commanded period for the next start.

        Raises:
            OSError: If it cannot be written.
        """
        self._kept.periods[point] = period_s
        self._save()

    def remember_answer(self, command_id: str, result: Mapping[str, Any]) -> None:
        """Keep the answer of a command that ends the program, so that a repeat does not end it again.

        Raises:
            OSError: If it cannot be written.
        """
        self._kept.answers[command_id] = _text(answer_of(command_id, result))
        self._save()

    # -- at the start --------------------------------------------------------------------------------------------------

    def _load(self, base: str) -> _Kept:
        kept = _Kept()
        with contextlib.suppress(OSError, msgspec.DecodeError):
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        kept.answers = {name: text for name, text in kept.answers.items() if is_id(name) and _is_base64(text)}
        if kept.base not in ("", base):
            log.info("configuration was changed on the Pi, what was pushed before is set aside")
            with contextlib.suppress(OSError):
                self._pushed.replace(self._aside)
            with contextlib.suppress(OSError):
                self._on_trial.replace(self._aside)
            kept = _Kept(answers=kept.answers)
        kept.base = base
        return kept

    def _choose(self) -> AgentConfig:
        if self._kept.trial and self._kept.begun:
            self._try_roll_back("the agent ended before it was back online")
        elif self._kept.trial:
            try:
                config = self.check(_read(self._on_trial).decode("utf-8", "replace"))
                self._kept.begun = True
                # Not begun, unless that is on the disk: a configuration that crashes would be tried for ever.
                self._save()
            except (ConfigurationError, OSError) as error:
                self._try_roll_back(str(error))
            else:
                self.trial = self._kept.trial
                return config
        if self._pushed.exists():
            try:
                return self.check(_read(self._pushed).decode("utf-8", "replace"))
            except ConfigurationError as error:
                log.warning("pushed configuration cannot be used, the Pi's own is taken", problems=error.problems)
        return self._base

    def _with_periods(self, config: AgentConfig) -> AgentConfig:
        periods = {} if self.trial else self._kept.periods
        return with_periods(config, periods)

    def _try_roll_back(self, reason: str) -> None:
        try:
            self._roll_back(reason)
        except OSError as error:
            log.warning("roll-back is not written down", error=str(error))

    def _roll_back(self, reason: str) -> None:
        log.warning("configuration rolled back", why=reason, kept=str(self._refused))
        command_id = self._kept.trial
        with contextlib.suppress(FileNotFoundError):
            self._on_trial.replace(self._refused)
        self._kept.answers[command_id] = _text(answer_of(command_id, f"rolled back: {reason}"))
        self._kept.trial, self._kept.begun = "", False
        self._save()

    def _save(self) -> None:
        while len(self._kept.answers) > MAX_ANSWERS:
            del self._kept.answers[next(iter(self._kept.answers))]
        _write(self._file, msgspec.json.encode(self._kept))


def with_periods(config: AgentConfig, periods: Mapping[str, float]) -> AgentConfig:
    """The configuration with other periods for some air points; points that are gone are left out."""
    if not periods:
        return config
    sensors = [msgspec.structs.replace(one, period_s=periods.get(one.point, one.period_s)) for one in config.sensors]
    modbus = [msgspec.structs.replace(one, period_s=periods.get(one.point, one.period_s)) for one in config.modbus]
    return msgspec.structs.replace(config, sensors=sensors, modbus=modbus)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error}"]) from error


def _write(path: Path, content: bytes) -> None:
    """On the disk whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
