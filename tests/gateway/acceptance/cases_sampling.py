"""Golden cases: when sampling may begin, and what `plan` orders."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import Golden, entry, one, outdoor, plan, room, said
from tests.gateway.acceptance.case_kinds import GB_HCHO, HCHO

EARLY = ("07 23:59:59", "08 01:00")
MIDNIGHT = ("08 00:00", "08 01:00")
LATE = ("10 08:00", "10 09:00")
SHUT = ("05 00:00", "11 00:00")


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _due()
    yield from _orders()


def _due() -> Iterator[Golden]:
    def tube(name: str, sampled: tuple[str, str]) -> str:
        return entry(name, "laboratory", closed=SHUT, sampled=sampled)

    for name, why, own, rows, exit_code, verdict, reasons in (
        (
            "due-at-midnight",
            "6.0.1: completed on the 1st, 00:00 of the 8th at the window's own offset is due",
            [room("hall", 20, tube("hall-1", MIDNIGHT)), outdoor(sampled=MIDNIGHT)],
            one("hall-1", HCHO, 40, "08 00:30") + one("outdoor-1", HCHO, 0, "08 00:30", room="outdoor"),
            0,
            "pass",
            [],
        ),
        (
            "not-due-a-second-before",
            "a second before midnight of the 8th",
            [room("hall", 20, tube("hall-1", EARLY)), outdoor(sampled=EARLY)],
            one("hall-1", HCHO, 40, "08 00:30") + one("outdoor-1", HCHO, 0, "08 00:30", room="outdoor"),
            3,
            "not-due",
            ["not-due"],
        ),
        (
            "not-due-outranks-a-fail",
            "far above the limit, but too early",
            [room("hall", 20, tube("hall-1", EARLY)), outdoor(sampled=EARLY)],
            one("hall-1", HCHO, 800, "08 00:30") + one("outdoor-1", HCHO, 0, "08 00:30", room="outdoor"),
            3,
            "not-due",
            ["not-due", "above-limit"],
        ),
        (
            "one-early-entry-suffices",
            "the hall is due, the office is not",
            [room("hall", 20, tube("hall-1", LATE)), room("office", 20, tube("office-1", EARLY)), outdoor()],
            one("hall-1", HCHO, 40) + one("outdoor-1", HCHO, 0, room="outdoor"),
            3,
            "not-due",
            ["not-due", "never-measured"],
        ),
        (
            "an-early-outdoor-entry-suffices",
            "only the outdoor sample is early",
            [room("hall", 20, tube("hall-1", LATE)), outdoor(sampled=("07 20:00", "10 10:00"))],
            one("hall-1", HCHO, 40) + one("outdoor-1", HCHO, 0, room="outdoor"),
            3,
            "not-due",
            ["not-due"],
        ),
    ):
        yield Golden(
            name=name,
            why=why,
            own_profile=GB_HCHO,
            plan=plan(*own),
            rows=rows,
            exit=exit_code,
            said=said(verdict, reasons, basis="laboratory"),
        )
    # 2026-09-07T20:00-08:00 is 2026-09-08T04:00Z: the 8th in Greenwich, the 7th where it was sampled.
    offsets = plan(
        """[[room]]
name = "hall"
area_m2 = 20
[[room.point]]
name = "hall-1"
instrument = "laboratory"
closed = { from = 2026-09-07T10:00:00-08:00, to = 2026-09-07T21:00:00-08:00 }
sampled = { from = 2026-09-07T20:00:00-08:00, to = 2026-09-07T21:00:00-08:00 }
"""
    )
    yield Golden(
        name="not-due-at-the-windows-own-offset",
        why="20:00 of the 7th at -08:00 is not due, though it is the 8th in UTC",
        own_profile=GB_HCHO,
        plan=offsets,
        rows=["2026-09-08T04:30:00Z,hall,hall-1,hcho_ug_m3,40,,"],
        exit=3,
        said=said("not-due", ["not-due", "outdoor-not-measured"], basis="laboratory"),
    )
    yield Golden(
        name="due-east-of-greenwich",
        why="00:00 of the 8th at +08:00 is due, though it is the 7th in UTC; the time is given in Unix seconds",
        own_profile=GB_HCHO,
        plan=plan(room("hall", 20, tube("hall-1", MIDNIGHT))),
        rows=["1788798600,hall,hall-1,hcho_ug_m3,40,,"],
        exit=0,
        said=said("pass", ["outdoor-not-measured"], basis="laboratory"),
    )


def _orders() -> Iterator[Golden]:
    # 6.0.15, and 1000 to 2000 m2: 6, above: 5 + ceil((area - 1000) / 1000)
    areas = {
        49.99: 1,
        50: 2,
        99.99: 2,
        100: 3,
        499.99: 3,
        500: 5,
        999.99: 5,
        1000: 6,
        2000: 6,
        2000.01: 7,
        3000: 7,
        3001: 8,
    }
    yield Golden(
        name="plan-points-by-area",
        why="GB 50325 6.0.15, both sides of every step; 12 rooms: 5 % is 1, at least 3; 0.8 to 1.5 m (6.0.17)",
        profile="gb50325-2020-class2",
        command="plan",
        plan=plan(*(room(f"room-{area}", area) for area in areas)),
        exit=0,
        said={
            "earliest": "2026-09-08",
            "rooms_to_sample": 3,
            "rooms": {f"room-{area}": {"points": points, "height_m": [0.8, 1.5]} for area, points in areas.items()},
        },
    )
    yield Golden(
        name="plan-points-gbt18883",
        why="STANDARDS 2, point counts of 2022: below 25: 1, below 50: 2, below 100: 3, else 5; 0.5 to 1.5 m",
        profile="gbt18883-2022",
        command="plan",
        plan=plan(*(room(f"room-{area}", area) for area in (24.9, 25, 49.9, 50, 99.9, 100, 5000))),
        exit=0,
        said={
            "rooms": {
                f"room-{area}": {"points": points, "height_m": [0.5, 1.5]}
                for area, points in zip((24.9, 25, 49.9, 50, 99.9, 100, 5000), (1, 2, 2, 3, 3, 5, 5), strict=True)
            }
        },
    )
    yield Golden(
        name="plan-points-reset",
        why="STANDARDS 4: a monitor for each 500 m2, 0.9 to 1.8 m",
        profile="reset-air-v2",
        command="plan",
        plan=plan(*(room(f"room-{area}", area) for area in (20, 500, 501, 1001))),
        exit=0,
        said={
            "rooms": {
                f"room-{area}": {"points": points, "height_m": [0.9, 1.8]}
                for area, points in zip((20, 500, 501, 1001), (1, 1, 2, 3), strict=True)
            }
        },
    )
    yield Golden(
        name="plan-points-well",
        why="STANDARDS 4, A08: one for each 325 m2, 1.1 to 1.7 m",
        profile="well-v2",
        command="plan",
        plan=plan(*(room(f"room-{area}", area) for area in (325, 326))),
        exit=0,
        said={
            "rooms": {"room-325": {"points": 1, "height_m": [1.1, 1.7]}, "room-326": {"points": 2}},
        },
    )
    for total, passed, ordered in (
        (1, "false", 1),
        (2, "false", 2),
        (3, "false", 3),
        (4, "false", 3),
        (60, "false", 3),
        (61, "false", 4),
        (200, "false", 10),
        (200, "true", 5),
        (201, "true", 6),
        (61, "true", 3),
        (2, "true", 2),
    ):
        yield Golden(
            name=f"plan-{total}-rooms{'-after-a-model-room' if passed == 'true' else ''}",
            why=f"6.0.12, 6.0.13: 5 % of {total}, at least 3, all if fewer; model room passed: {passed}, which halves",
            profile="gb50325-2020-class2",
            command="plan",
            plan=plan(room("hall", 40), head=f"rooms_total = {total}\nmodel_room_passed = {passed}\n"),
            exit=0,
            said={"earliest": "2026-09-08", "rooms_to_sample": ordered},
        )
    yield Golden(
        name="plan-refuses-early-dates",
        why="a window that begins before 2026-09-08 is refused by its place",
        profile="gb50325-2020-class2",
        command="plan",
        plan=plan(room("hall", 40, entry("hall-1", "sfa30", closed=SHUT, sampled=EARLY))),
        exit=2,
        stderr=["$.room[0].point[0].sampled.from", "2026-09-08"],
    )
