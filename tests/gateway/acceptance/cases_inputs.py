"""Golden cases: files that cannot be used (exit 2, the place named), and rows that are ignored and counted."""

from collections.abc import Iterator, Sequence

from tests.gateway.acceptance.case_files import Golden, entry, one, plan, room, said, says, steady
from tests.gateway.acceptance.case_kinds import HCHO, HOURLY_HCHO

HALL = plan(room("hall", 20, entry("hall-1", "sfa30")))
GOOD = steady("hall-1", HCHO, 40)


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _plans()
    yield from _lines()
    yield from _ignored()


def _refused(
    name: str, why: str, stderr: Sequence[str], *, plan_text: str = HALL, rows: Sequence[str] = GOOD
) -> Golden:
    return Golden(name=name, why=why, own_profile=HOURLY_HCHO, plan=plan_text, rows=rows, exit=2, stderr=stderr)


def _plans() -> Iterator[Golden]:
    yield _refused(
        "unknown-key-at-the-top",
        "a typo",
        ["$.complete:", "completed"],
        plan_text=HALL.replace("completed", "complete"),
    )
    yield _refused(
        "unknown-key-in-a-room", "a typo", ["$.room[0].area:", "area_m2"], plan_text=HALL.replace("area_m2", "area")
    )
    yield _refused(
        "unknown-key-in-a-point",
        "a typo",
        ["$.room[0].point[0].intervall_s"],
        plan_text=HALL.replace("interval_s", "intervall_s"),
    )
    yield _refused(
        "unknown-key-in-a-window",
        "a typo",
        ["$.room[0].point[0].sampled.until"],
        plan_text=HALL.replace("sampled = { from", "sampled = { until = 1, from"),
    )
    yield _refused(
        "unknown-instrument",
        "no such part",
        ["$.room[0].point[0].instrument", "sfa99"],
        plan_text=HALL.replace('"sfa30"', '"sfa99"'),
    )
    yield _refused(
        "unknown-quantity-in-the-plan",
        "no such quantity",
        ["$.room[0].point[0].quantities[0]", "hcho"],
        plan_text=plan(room("hall", 20, entry("hall-1", "sfa30", quantities=["hcho"]))),
    )
    yield _refused(
        "window-without-an-offset",
        "local time names no moment",
        ["$.room[0].point[0].sampled.from", "timezone"],
        plan_text=HALL.replace(
            "sampled = { from = 2026-09-10T08:00:00+08:00", "sampled = { from = 2026-09-10T08:00:00"
        ),
    )
    yield _refused(
        "window-ends-before-it-begins",
        "09:00 to 08:00",
        ["$.room[0].point[0].sampled"],
        plan_text=plan(room("hall", 20, entry("hall-1", "sfa30", sampled=("10 09:00", "10 08:00")))),
    )
    yield _refused(
        "no-interval",
        "a sensor has a planned spacing",
        ["$.room[0].point[0].interval_s", "missing"],
        plan_text=HALL.replace("interval_s = 300\n", ""),
    )
    yield _refused(
        "overlapping-windows-of-one-instrument",
        "no row could be told apart",
        ["$.room[0].point[1].sampled", "overlaps"],
        plan_text=plan(
            room("hall", 20, entry("hall-1", "sfa30"), entry("hall-1", "sfa30", sampled=("10 08:30", "10 09:30")))
        ),
    )
    yield _refused(
        "two-rooms-of-one-name",
        "rows could not be told apart",
        ["$.room[1].name"],
        plan_text=plan(room("hall", 20), room("hall", 30)),
        rows=[],
    )
    yield _refused("no-room", "nothing to judge", ["$.room"], plan_text=plan(), rows=[])
    yield _refused("area-of-zero", "no such room", ["$.room[0].area_m2"], plan_text=plan(room("hall", 0)), rows=[])
    yield _refused("no-toml", "broken", ["plan.toml", "TOML"], plan_text="completed =\n", rows=[])
    yield Golden(
        name="no-such-profile",
        why="a typo",
        profile="gb50325-2020-class3",
        plan=HALL,
        rows=GOOD,
        exit=2,
        stderr=["gb50325-2020-class3", "gb50325-2020-class2"],
    )


def _lines() -> Iterator[Golden]:
    bad = {
        "unknown-room": ("room 'lobby'", one("hall-1", HCHO, 40, room="lobby")),
        "unknown-point": ("point 'hall-9'", one("hall-9", HCHO, 40)),
        "unknown-quantity": ("quantity 'hcho'", one("hall-1", "hcho", 40)),
        "value-is-no-number": ("value '<10'", one("hall-1", HCHO, "<10")),
        "value-is-not-finite": ("value 'nan'", one("hall-1", HCHO, "nan")),
        "unknown-quality": ("quality 'good'", one("hall-1", HCHO, 40, quality="good")),
        "time-without-an-offset": ("no offset", [f"2026-09-10T08:30:00,hall,hall-1,{HCHO},40,,"]),
        "no-time": ("time 'morning'", [f"morning,hall,hall-1,{HCHO},40,,"]),
        "a-cell-too-many": ("has 8 cells", [f"2026-09-10T08:30:00Z,hall,hall-1,{HCHO},40,,,"]),
    }
    for name, (word, rows) in bad.items():
        # twelve good rows stand below the header, so the bad one is line 14
        yield _refused(f"line-{name}", "the line is named", ["readings.csv line 14", word], rows=GOOD + rows)
    both = plan(room("hall", 20, entry("hall-1", "sfa30"), entry("hall-1", "laboratory")))
    yield _refused(
        "line-fits-two-entries",
        "a row that names no instrument fits the sensor and the laboratory",
        ["readings.csv line 2", "$.room[0].point[0]", "$.room[0].point[1]"],
        plan_text=both,
    )


def _ignored() -> Iterator[Golden]:
    yield Golden(
        name="rows-outside-are-ignored-and-counted",
        why="three rows before and two after the window, one empty cell, one of an instrument that is not planned",
        own_profile=HOURLY_HCHO,
        plan=HALL,
        rows=GOOD
        + steady("hall-1", HCHO, 900, start="10 07:45", count=3)
        + steady("hall-1", HCHO, 900, start="10 09:00", count=2)
        + one("hall-1", HCHO, "", "10 08:01")
        + one("hall-1", HCHO, 900, instrument="scd41"),
        exit=0,
        said=said("pass", rooms={"hall": {"quantities": {HCHO: says("pass", mean=40, completeness=1)}}}),
        stderr=["5 rows ignored: outside all windows", "1 rows ignored: no value", "1 rows ignored: not planned"],
    )
    yield Golden(
        name="quantities-share-a-point",
        why="the sensor is planned for formaldehyde, the laboratory for benzene: no row needs an instrument's name",
        profile="gb50325-2020-class2",
        plan=plan(
            room(
                "hall",
                20,
                entry("hall-1", "sfa30", quantities=[HCHO]),
                entry("hall-1", "laboratory", quantities=["benzene_ug_m3"]),
            )
        ),
        rows=GOOD + one("hall-1", "benzene_ug_m3", 20),
        exit=3,
        said=said(
            "indeterminate",
            ["never-measured", "outdoor-not-measured"],
            rooms={
                "hall": {
                    "quantities": {
                        HCHO: says("pass", ["outdoor-not-measured"], basis="screening"),
                        "benzene_ug_m3": says("pass", ["outdoor-not-measured"], basis="laboratory"),
                    }
                }
            },
        ),
    )
