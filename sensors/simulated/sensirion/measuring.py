"""What Sensirion's chips have in common that measure by themselves once they are started."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from sensors.simulated.cells import Cells, Feel
from sensors.simulated.chip import Faults
from sensors.simulated.room import Air
from sensors.simulated.sensirion.commands import SensirionChip
from telemetry.parts import Part


class MeasuringChip(SensirionChip):
    """A chip that measures every `interval_s` from its start on.

    Args:
        part: Its row of the table of parts.
        air: The air around it, now.
        now: Seconds that never run backwards; execution times and intervals are counted on it.
        serial: 48 bits.
        seed: Draws this unit's error and noise; None for a unit without either.

    Attributes:
        cells: What it sees of the air.
    """

    interval_s: ClassVar[float] = 1.0
    first_s: ClassVar[float] = 1.0
    """From the start to the first measurement."""
    power_up_s: ClassVar[float] = 0.1
    feels: ClassVar[Mapping[str, Feel]]

    def __init__(
        self, part: Part, *, air: Callable[[], Air], now: Callable[[], float], serial: int, seed: int | None = 0
    ) -> None:
        super().__init__(part.name, now, self.power_up_s)
        self.faults = self._faultless()
        self.cells = Cells(part, seed, self.feels)
        self._air = air
        self._serial = serial
        self._powered_at = now()
        self._since: float | None = None
        self._next_at = 0.0
        self._is_new = False
        self._words: tuple[int, ...] | None = None

    @property
    def is_measuring(self) -> bool:
        """Whether it was started."""
        return self._since is not None

    @property
    def powered_s(self) -> float:
        """For how long it has had power."""
        return self._now() - self._powered_at

    def _faultless(self) -> Faults:
        return Faults()

    def _reset(self) -> None:
        self._powered_at = self._now()
        self._reply = b""
        self._stop()

    def _start(self) -> None:
        if self._since is None:
            self._since = self._now()
            self._next_at = self._now() + self.first_s

    def _stop(self) -> None:
        self._since = None
        self._is_new = False
        self._words = None

    def _go_on(self) -> None:
        if self._since is None:
            return
        due = int((self._now() - self._next_at + 1e-6) // self.interval_s) + 1
        if due <= 0:
            return
        self._next_at += due * self.interval_s
        self.cells.feel(self._air(), self._now())
        if not self.faults.is_stuck:
            self._words = self._measured()
            self._is_new = True

    def _measured(self) -> tuple[int, ...]:
        """The words of one measurement."""
        raise NotImplementedError
