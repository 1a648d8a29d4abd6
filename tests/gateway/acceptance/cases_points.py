"""Golden cases: the value of a point: slots, completeness, flags, ranges, averaging times."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import (
    Golden,
    entry,
    one,
    room,
    steady,
)
from tests.gateway.acceptance.case_kinds import (
    HCHO,
    one_row,
    single,
)


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _point_values()
    yield from _averaging()


def _point_values() -> Iterator[Golden]:
    complete = "completeness: at least 0.75 of the 12 slots"
    yield single(
        "three-quarters-are-complete",
        f"{complete}; 9 / 12 = 0.75",
        rows=steady("hall-1", HCHO, 40, count=9),
        verdict="pass",
        completeness=0.75,
        mean=40,
    )
    yield single(
        "less-than-three-quarters-is-incomplete",
        f"{complete}; 8 / 12 = 0.667",
        rows=steady("hall-1", HCHO, 40, count=8),
        verdict="indeterminate",
        reasons=["incomplete"],
        completeness=8 / 12,
        mean=40,
    )
    yield single(
        "incomplete-outranks-a-fail",
        f"{complete}; 8 of 12, at ten times the limit",
        rows=steady("hall-1", HCHO, 800, count=8),
        verdict="indeterminate",
        reasons=["incomplete"],
        mean=800,
    )
    for word in ("suspect", "warmup", "clock", "clock range"):
        yield single(
            f"{word.replace(' ', '-and-')}-does-not-count",
            f"four of twelve readings are {word}: 8 / 12 = 0.667, and their 500 enters no mean",
            rows=steady("hall-1", HCHO, 40, count=8)
            + steady("hall-1", HCHO, 500, start="10 08:40", count=4, quality=word),
            verdict="indeterminate",
            reasons=["incomplete"],
            mean=40,
            completeness=8 / 12,
        )
    yield single(
        "simulated-is-refused",
        "simulated readings are good with a badge, and refused by acceptance",
        rows=steady("hall-1", HCHO, 40, quality="simulated"),
        verdict="indeterminate",
        reasons=["incomplete"],
        mean=None,
        completeness=0,
        stderr=["12 rows are simulated"],
    )
    yield single(
        "simulated-counts-in-the-demo",
        "but for the demo",
        rows=steady("hall-1", HCHO, 40, quality="simulated"),
        args=["--allow-simulated"],
        verdict="pass",
        mean=40,
    )
    yield single(
        "no-reading-is-never-measured",
        "no reading at all",
        rows=[],
        verdict="never-measured",
        reasons=["never-measured"],
        case_reasons=["nothing-to-decide", "never-measured"],
        indoor=None,
        mean=None,
        uncertainty=None,
        completeness=0,
        basis=None,
    )
    yield single(
        "all-suspect-is-incomplete",
        "there are readings, none good",
        rows=steady("hall-1", HCHO, 40, quality="suspect"),
        verdict="indeterminate",
        reasons=["incomplete"],
        mean=None,
        completeness=0,
    )
    yield single(
        "mean-of-slot-means",
        "slot 1 holds 20, 40, 60 (mean 40), the others 28: (40 + 11 * 28) / 12 = 29; of readings it would be 30.57",
        rows=steady("hall-1", HCHO, 28, start="10 08:05", count=11)
        + one("hall-1", HCHO, 20, "10 08:00")
        + one("hall-1", HCHO, 40, "10 08:02")
        + one("hall-1", HCHO, 60, "10 08:04:59"),
        verdict="pass",
        mean=29,
    )
    yield single(
        "slots-are-half-open",
        "08:05:00 is the second slot's: (10 + 10 * 22) / 11 and 11 of 12; 09:00:00 is outside, counted",
        rows=one("hall-1", HCHO, 10, "10 08:05:00")
        + steady("hall-1", HCHO, 22, start="10 08:10", count=10)
        + one("hall-1", HCHO, 900, "10 09:00:00"),
        verdict="pass",
        mean=230 / 11,
        completeness=11 / 12,
        stderr=["1 rows ignored: outside all windows"],
    )
    yield single(
        "a-partial-last-slot-is-left-out",
        "08:00 to 09:03 holds twelve whole slots; the 900 at 09:01 lies in the partial one",
        tables=[room("hall", 20, entry("hall-1", "sfa30", closed=None, sampled=("10 08:00", "10 09:03")))],
        rows=steady("hall-1", HCHO, 30) + one("hall-1", HCHO, 900, "10 09:01"),
        own_profile=one_row(HCHO, 80),
        verdict="pass",
        mean=30,
        completeness=1,
    )
    top = 1000 * 30.026 / 24.465  # the SFA30's range ends at 1000 ppb = 1227.30 ug/m3
    for name, quality in (("unflagged", ""), ("flagged", "range")):
        yield single(
            f"over-range-{name}-counts-as-the-top",
            "6 of 12 at 5000 count as 1227.30: (6 * 1227.304 + 6 * 10) / 12 = 618.652",
            rows=steady("hall-1", HCHO, 10, count=6)
            + steady("hall-1", HCHO, 5000, start="10 08:30", count=6, quality=quality),
            verdict="fail",
            reasons=["above-limit", "over-range"],
            mean=(top + 10) / 2,
            completeness=1,
        )
    yield single(
        "flagged-range-at-the-top-counts",
        "a reading at the range's top, flagged: (11 * 10 + 1227.304) / 12 = 111.442, fails by 111.442 - 24.546 = 86.9",
        rows=steady("hall-1", HCHO, 10, count=11) + one("hall-1", HCHO, 1227.4, "10 08:55", quality="range"),
        verdict="fail",
        reasons=["above-limit", "over-range"],
        mean=(11 * 10 + top) / 12,
    )
    yield single(
        "flagged-range-counts-as-the-top-whatever-it-says",
        "a 900 that the sensor itself flags `range` is not believed: (11 * 10 + 1227.304) / 12 = 111.442, as above",
        rows=steady("hall-1", HCHO, 10, count=11) + one("hall-1", HCHO, 900, "10 08:55", quality="range"),
        verdict="fail",
        reasons=["above-limit", "over-range"],
        mean=(11 * 10 + top) / 12,
    )
    yield single(
        "flagged-range-below-the-bottom-does-not-count",
        "a -5 flagged `range` is a fault, not a full scale: 11 of 12 at 10",
        rows=steady("hall-1", HCHO, 10, count=11) + one("hall-1", HCHO, -5, "10 08:55", quality="range"),
        verdict="pass",
        mean=10,
        completeness=11 / 12,
    )
    yield single(
        "joined-windows-weigh-by-good-slots",
        "12 good slots of 30 and 9 of 12 good at 44: (12 * 30 + 9 * 44) / 21 = 36; equal weights would be 37",
        tables=[
            room(
                "hall",
                20,
                entry("hall-1", "sfa30"),
                entry("hall-1", "sfa30", closed=("10 07:00", "10 13:00"), sampled=("10 12:00", "10 13:00")),
            )
        ],
        rows=steady("hall-1", HCHO, 30) + steady("hall-1", HCHO, 44, start="10 12:00", count=9),
        own_profile=one_row(HCHO, 80),
        verdict="pass",
        mean=36,
        completeness=0.75,
    )


def _averaging() -> Iterator[Golden]:
    def hall(end: str, begin: str = "10 08:00") -> list[str]:
        return [room("hall", 20, entry("hall-1", "sfa30", closed=None, sampled=(begin, end)))]

    two_hours = steady("hall-1", HCHO, 20) + steady("hall-1", HCHO, 50, start="10 09:00")
    yield single(
        "highest-rolling-mean",
        "1 h mean of 20 then 50 over two hours: the second hour, 50",
        tables=hall("10 10:00"),
        rows=two_hours,
        verdict="pass",
        mean=50,
        completeness=1,
    )
    yield single(
        "highest-rolling-mean-between-hours",
        "20 until 08:30, 44 until 09:30, 20 until 10:00: the hour from 08:30 has 44, no clock hour has more than 32",
        tables=hall("10 10:00"),
        rows=steady("hall-1", HCHO, 20, count=6)
        + steady("hall-1", HCHO, 44, start="10 08:30")
        + steady("hall-1", HCHO, 20, start="10 09:30", count=6),
        verdict="pass",
        mean=44,
    )
    yield single(
        "no-averaging-takes-the-windows-mean",
        "GB 50325 takes the window's mean: (20 + 50) / 2 = 35",
        tables=hall("10 10:00"),
        own_profile=one_row(HCHO, 80),
        rows=two_hours,
        verdict="pass",
        mean=35,
    )
    yield single(
        "one-rolling-window-incomplete",
        "20 of 24 slots = 0.83, but the hours from 08:20 to 09:20 miss 4 of 12: 8 / 12 = 0.667",
        tables=hall("10 10:00"),
        rows=steady("hall-1", HCHO, 20, count=10) + steady("hall-1", HCHO, 20, start="10 09:10", count=10),
        verdict="indeterminate",
        reasons=["incomplete"],
        completeness=8 / 12,
        mean=20,
    )
    yield single(
        "the-same-without-averaging-is-complete",
        "the whole window alone: 20 / 24",
        tables=hall("10 10:00"),
        own_profile=one_row(HCHO, 80),
        rows=steady("hall-1", HCHO, 20, count=10) + steady("hall-1", HCHO, 20, start="10 09:10", count=10),
        verdict="pass",
        completeness=20 / 24,
    )
    yield single(
        "split-windows-are-one",
        "08:00-08:30 and 08:30-09:30 at one instrument: one window of 90 min, the highest hour: 44",
        tables=[
            room(
                "hall",
                20,
                entry("hall-1", "sfa30", closed=None, sampled=("10 08:00", "10 08:30")),
                entry("hall-1", "sfa30", closed=None, sampled=("10 08:30", "10 09:30")),
            )
        ],
        rows=steady("hall-1", HCHO, 20, count=6) + steady("hall-1", HCHO, 44, start="10 08:30"),
        verdict="pass",
        mean=44,
        completeness=1,
    )
    short = ["window-too-short"]
    for name, hours, least, ends in (
        ("1-h", 1, 0.75, ("10 08:45", "10 08:44")),
        ("8-h", 8, 6, ("10 14:00", "10 13:59")),
        ("24-h", 24, 20, ("11 04:00", "11 03:59")),
    ):
        own = one_row(HCHO, 80, more=f"averaging_h = {hours}\nshortest_h = {least}")
        slots = int(least * 12)
        yield single(
            f"shortest-window-for-{name}",
            f"STANDARDS 2: a {name} mean takes {least} h at least",
            tables=hall(ends[0]),
            own_profile=own,
            rows=steady("hall-1", HCHO, 40, count=slots),
            verdict="pass",
            mean=40,
        )
        yield single(
            f"window-too-short-for-{name}",
            f"a minute less than {least} h, and far above the limit: still no fail",
            tables=hall(ends[1]),
            own_profile=own,
            rows=steady("hall-1", HCHO, 800, count=slots - 1),
            verdict="indeterminate",
            reasons=short,
            mean=800,
        )
    yield single(
        "a-laboratorys-window-counts-too",
        "a tube of 44 min gives no 1 h mean",
        tables=[room("hall", 20, entry("hall-1", "laboratory", closed=None, sampled=("10 08:00", "10 08:44")))],
        rows=one("hall-1", HCHO, 40),
        verdict="indeterminate",
        reasons=short,
        case_basis="laboratory",
        mean=40,
    )
