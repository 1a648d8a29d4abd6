"""Stand-ins that remember: no socket, no waiting, no chance of their own."""

import copy
from collections.abc import Callable, Sequence

from gateway.ports import FieldValue, Point, ReadingsQuery, Refused, StoredReading

Tags = tuple[tuple[str, str], ...]


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


class FakeStore:
    """A store in memory that a test can let refuse, turn points down, be emptied and restored.

    Attributes:
        series: (measurement, tags) -> Unix ms -> fields, as a store keeps them: a repeat overwrites.
        writes: Every batch that was offered.
        refuses: Raised by every call until it is None.
        turns_down: Says of a point why it will never be stored, None: it will.
        write_only: Then it has no marks and no readings.
    """

    def __init__(self) -> None:
        self.series: dict[tuple[str, Tags], dict[int, dict[str, FieldValue]]] = {}
        self.writes: list[list[Point]] = []
        self.refuses: Exception | None = None
        self.turns_down: Callable[[Point], str | None] = lambda _point: None
        self.write_only = False
        self.closed = False

    def prove(self, regions: Sequence[str]) -> None:
        """Nothing to prove but that it answers."""
        del regions
        self._answer()

    def write(self, points: Sequence[Point]) -> list[Refused]:
        """Take all points but those it turns down."""
        self.writes.append(list(points))
        self._answer()
        refused = []
        for place, point in enumerate(points):
            detail = self.turns_down(point)
            if detail is not None:
                refused.append(Refused(place, detail))
                continue
            fields = self.series.setdefault((point.measurement, point.tags), {}).setdefault(point.time_ms, {})
            fields.update(point.fields)
        return refused

    def marks(self) -> dict[str, int] | None:
        """The newest mark of each region."""
        self._answer()
        if self.write_only:
            return None
        found = {}
        for (measurement, tags), points in self.series.items():
            if measurement == "mark" and points:
                found[dict(tags)["region"]] = int(points[max(points)]["n"])
        return found

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """Good and suspect merged."""
        self._answer()
        found = []
        for (measurement, tags), points in self.series.items():
            named = dict(tags)
            if measurement == "air" and (named["site"], named["point"]) == (query.site, query.point):
                for time_ms, fields in points.items():
                    for field in (query.quantity, query.quantity + "_suspect"):
                        if field in fields and query.from_ms <= time_ms < query.to_ms:
                            found.append(StoredReading(time_ms, float(fields[field]), field != query.quantity))
        return sorted(found, reverse=query.newest_first)[: query.limit]

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def copy(self) -> "dict[tuple[str, Tags], dict[int, dict[str, FieldValue]]]":
        """A backup, for `restore`."""
        return copy.deepcopy(self.series)

    def restore(self, backup: "dict[tuple[str, Tags], dict[int, dict[str, FieldValue]]] | None" = None) -> None:
        """Put a backup back; without one the store is empty."""
        self.series = copy.deepcopy(backup) if backup is not None else {}

    def fields(self, measurement: str) -> dict[int, dict[str, FieldValue]]:
        """All points of a measurement by time, whatever their tags."""
        return {
            time_ms: fields
            for (name, _tags), points in sorted(self.series.items())
            if name == measurement
            for time_ms, fields in sorted(points.items())
        }

    def _answer(self) -> None:
        if self.refuses is not None:
            raise self.refuses
