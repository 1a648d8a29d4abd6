"""Stand-ins that remember: no socket, no waiting, no chance of their own."""


class FakeClock:
    """A clock that moves only when it is told to.

    Attributes:
        wall_s: What the wall clock shows, Unix seconds; a test may make it jump.
        boot: The name of this boot.
    """

    def __init__(self, wall_s: float = 1_790_000_000.0) -> None:
        self.wall_s = wall_s
        self.boot = "boot-1"
        self._since_boot_s = 1_000.0

    def now(self) -> float:
        """The wall clock."""
        return self.wall_s

    def monotonic(self) -> float:
        """Seconds since boot."""
        return self._since_boot_s

    @property
    def boot_id(self) -> str:
        """The name of this boot."""
        return self.boot

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks."""
        self.wall_s += seconds
        self._since_boot_s += seconds

    def reboot(self, *, off_s: float = 0.0) -> None:
        """Boot the machine again: another id, the monotonic clock from 0."""
        self.wall_s += off_s
        self._since_boot_s = 0.0
        number = int(self.boot.rpartition("-")[2]) + 1
        self.boot = f"boot-{number}"
