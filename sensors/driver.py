"""What all drivers share: open, read, close; the bus's errors as ours; silence told; only numbers let through."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from sensors.errors import (
    ChecksumMismatch,
    NotFinite,
    SensorMisconfigured,
    SensorNotStarted,
    SensorSilent,
    SensorUnavailable,
)
from sensors.spec import SensorSpec
from telemetry.clock import Clock
from telemetry.parts import PARTS, Part

SILENT_PERIODS: Final = 4
SILENT_AT_LEAST_S: Final = 20.0
"""A chip that was re-powered between two reads sits idle and answers "nothing new" for ever; asked in vain for so many
periods of its own, and so long, we say so."""


class Port(Protocol):
    """What a driver talks through; every failure of it is an `OSError`."""

    def deinit(self) -> None:
        """Close it."""


PortT = TypeVar("PortT", bound=Port)


class Driver(Generic[PortT]):
    """One sensor on one port. A subclass fills in `_begin`, `_measure` and `_end`.

    Args:
        open_port: Opens the bus, an `OSError` if it cannot; called at every `start()`.
        spec: How it is to be set.
        clock: Tells how long it has been silent.
        sleep: How it waits for a chip.

    Raises:
        SensorMisconfigured: If the sensor cannot be set as the spec says.
    """

    part: Part
    interval_s: float = 1.0
    takes: ClassVar[frozenset[str]] = frozenset()
    """Those of the settings `temperature_offset_c` and `self_calibration` that the part has."""

    _part_name: ClassVar[str]

    def __init__(
        self,
        open_port: Callable[[], PortT],
        *,
        spec: SensorSpec,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.part = PARTS[self._part_name]
        self.serial = ""
        self._open_port = open_port
        self._spec = spec
        self._clock = clock
        self._sleep = sleep
        self._where: dict[str, Any] = {"sensor": self.part.name, "bus": str(spec.bus)}
        self._port: PortT | None = None
        self._started = False
        self._asked_in_vain_at: float | None = None
        self._check(spec)

    def start(self) -> None:
        """Find the sensor, bring it to a known state, set it, let it measure.

        Raises:
            SensorUnavailable: If the bus or the sensor is not there.
            SensorMisconfigured: If it is another part, or did not keep a setting.
        """
        self.stop()
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        self._started = True
        self._asked_in_vain_at = None

    def read(self) -> dict[str, float] | None:
        """The newest measurement; None if there is no new one yet.

        Raises:
            SensorNotStarted: Before `start()`.
            SensorUnavailable: It does not answer.
            SensorSilent: It answers and has had nothing new for long.
            ChecksumMismatch: An answer was garbled.
            NotFinite: A value is no number.
        """
        self._require_started()
        with self._translated("it was not read"):
            values = self._measure()
        if values is None:
            self._check_silence()
            return None
        self._asked_in_vain_at = None
        return self._finite(values)

    def stop(self) -> None:
        """Let the sensor rest if it still answers, and close the bus. Never raises."""
        if self._started:
            # Unplugged, it has stopped by itself; and the next start stops it first.
            with suppress(OSError, RuntimeError, ValueError):
                self._end()
        self._close()

    # -- what a sensor fills in ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Find and set it through the open port; sets `serial`."""
        raise NotImplementedError

    def _measure(self) -> dict[str, float] | None:
        """One reading; None if there is nothing new."""
        raise NotImplementedError

    def _end(self) -> None:
        """Let it rest; may fail."""

    def _check(self, spec: SensorSpec) -> None:
        """Refuse what it cannot be set to."""
        for setting, is_asked in (
            ("temperature_offset_c", spec.temperature_offset_c is not None),
            ("self_calibration", spec.self_calibration),
        ):
            if is_asked and setting not in self.takes:
                text = f"the {self.part.title} has no {setting}; remove the line"
                raise SensorMisconfigured(text, setting=setting, got=getattr(spec, setting), **self._where)

    # -- for subclasses ------------------------------------------------------------------------------------------------

    @property
    def port(self) -> PortT:
        """The open port."""
        if self._port is None:
            raise SensorNotStarted("it is not started; call start() first", **self._where)
        return self._port

    def _start(self) -> None:
        with self._translated("it did not start"):
            self._port = self._open_port()
            self._begin()

    def _require_started(self) -> None:
        if not self._started:
            raise SensorNotStarted("it is not started; call start() first", **self._where)

    def _require(self, setting: str, wanted: object, got: object) -> None:
        if wanted != got:
            text = f"the chip did not keep {setting}; start it again, replace it if that stays"
            raise SensorMisconfigured(text, setting=setting, got=got, **self._where)

    def _check_silence(self) -> None:
        now = self._clock.monotonic()
        if self._asked_in_vain_at is None:
            self._asked_in_vain_at = now
        silent_s = now - self._asked_in_vain_at
        if silent_s > max(SILENT_PERIODS * self.interval_s, SILENT_AT_LEAST_S):
            text = f"nothing new for {silent_s:.0f} s; it may have lost power for a moment: stop and start it again"
            raise SensorSilent(text, silent_s=silent_s, **self._where)

    def _finite(self, values: Mapping[str, float]) -> dict[str, float]:
        for quantity, value in values.items():
            if not math.isfinite(value):
                raise NotFinite(quantity=quantity, got=value, **self._where)
        return dict(values)

    def _close(self) -> None:
        port, self._port, self._started = self._port, None, False
        if port is not None:
            with suppress(OSError):
                port.deinit()

    def _garbled(self, what: str) -> ChecksumMismatch:
        text = f"{what}: an answer does not fit its checksum; read again, shorten the cable if it stays"
        return ChecksumMismatch(text, **self._where)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """The port's errors as ours; a libraries' `RuntimeError` stands for a lost bus and a bad checksum alike."""
        try:
            yield
        except FileNotFoundError as error:
            raise SensorUnavailable(f"{what}: {self._hint_missing()}", **self._where) from error
        except PermissionError as error:
            raise SensorUnavailable(f"{what}: {self._hint_forbidden()}", **self._where) from error
        except (OSError, ValueError) as error:
            raise SensorUnavailable(f"{what}: {error}; check plug, wiring and address", **self._where) from error
        except RuntimeError as error:
            if isinstance(error.__cause__, OSError):
                text = f"{what}: {error.__cause__}; check plug, wiring and address"
                raise SensorUnavailable(text, **self._where) from error
            if "CRC" not in str(error):
                raise
            raise self._garbled(what) from error

    def _hint_missing(self) -> str:
        return "there is no such bus"

    def _hint_forbidden(self) -> str:
        return "we may not use the bus"
