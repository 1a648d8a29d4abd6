"""What time it is for the journal: Unix time once the clock is trusted, time since the boot until then (rule 6)."""

from agent.journal_rows import Moment
from telemetry.clock import Clock, to_ms


class Timekeeper:
    """The clock, and whether it is trusted.

    Attributes:
        clock: The port.
        is_trusted: True once the wall clock may be believed; it never turns back.
    """

    def __init__(self, clock: Clock, *, is_trusted: bool) -> None:
        self.clock = clock
        self.is_trusted = is_trusted

    def now(self) -> Moment:
        """Now: Unix time if the clock is trusted, else time since this boot."""
        if self.is_trusted:
            return Moment(to_ms(self.clock.now()))
        return Moment(to_ms(self.clock.monotonic()), self.clock.boot_id)

    def boot_start(self) -> Moment:
        """The start of this boot, as above."""
        if self.is_trusted:
            return Moment(to_ms(self.clock.now() - self.clock.monotonic()))
        return Moment(0, self.clock.boot_id)
