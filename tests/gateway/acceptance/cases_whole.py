"""Golden cases: whole cases that pass, fail, or lack something."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import (
    Golden,
    entry,
    one,
    outdoor,
    plan,
    room,
    said,
    says,
    steady,
)
from tests.gateway.acceptance.case_kinds import (
    BENZENE,
    CO2,
    HCHO,
    RADON,
    TVOC,
)

GB_CLEAN = {
    RADON: 60,
    HCHO: 50,
    "nh3_ug_m3": 100,
    BENZENE: 20,
    "toluene_ug_m3": 60,
    "xylene_ug_m3": 60,
    TVOC: 300,
}
GBT_CLEAN = {
    "temperature_c": 25,
    "humidity_pct": 60,
    "air_speed_m_s": 0.2,
    "fresh_air_m3_h_person": 35,
    "o3_ug_m3": 80,
    "no2_ug_m3": 60,
    "so2_ug_m3": 40,
    CO2: 700,
    "co_ug_m3": 2000,
    "nh3_ug_m3": 100,
    HCHO: 50,
    BENZENE: 10,
    "toluene_ug_m3": 60,
    "xylene_ug_m3": 60,
    TVOC: 300,
    "benzo_a_pyrene_ng_m3": 0.4,
}


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _whole_cases()


def _from_the_issue() -> Golden:
    both = [HCHO], [BENZENE, "toluene_ug_m3"]
    text = plan(
        room(
            "hall",
            80,
            entry("hall-1", "sfa30", quantities=both[0], interval_s=60),
            entry("hall-1", "laboratory", quantities=both[1]),
            entry("hall-2", "sfa30", interval_s=60),
        ),
        outdoor("sfa30", interval_s=60),
        head='profile = "gb50325-2020-class2"\nrooms_total = 1\nmodel_room_passed = false\nventilation = "natural"\n'
        'reference_temperature_c = 25\nseason = "summer"\n',
    )
    minutes = {"count": 60, "every_s": 60}
    missing = says(
        "never-measured", ["never-measured"], indoor=None, outdoor=None, mean=None, completeness=0, basis=None
    )
    one_of_two = says("indeterminate", ["too-few-points"], basis="laboratory", completeness=1)
    return Golden(
        name="two-points-measure-formaldehyde",
        why="80 m2 order two points: formaldehyde has both ((41 + 45) / 2 - 5 = 38, U 34.713), benzene and toluene "
        "one, four quantities none",
        profile="gb50325-2020-class2",
        plan=text,
        rows=steady("hall-1", HCHO, 41, **minutes)
        + steady("hall-2", HCHO, 45, **minutes)
        + steady("outdoor-1", HCHO, 5, room="outdoor", **minutes)
        + one("hall-1", BENZENE, 20)
        + one("hall-1", "toluene_ug_m3", 30),
        exit=3,
        said=said(
            "indeterminate",
            ["never-measured", "too-few-points"],
            rooms={
                "hall": {
                    "verdict": "indeterminate",
                    "reasons": ["never-measured", "too-few-points"],
                    "quantities": {
                        RADON: missing,
                        HCHO: says("pass", indoor=43, outdoor=5, mean=38, limit=80, uncertainty=34.713407),
                        "nh3_ug_m3": missing,
                        BENZENE: one_of_two,
                        "toluene_ug_m3": one_of_two,
                        "xylene_ug_m3": missing,
                        TVOC: missing,
                    },
                }
            },
        ),
    )


def _whole_cases() -> Iterator[Golden]:
    yield _from_the_issue()
    outside = [
        row for quantity in GB_CLEAN if quantity != RADON for row in one("outdoor-1", quantity, 5, room="outdoor")
    ]
    closed = ("09 08:00", "10 09:00")
    gb_lab = [row for quantity, value in GB_CLEAN.items() for row in one("hall-1", quantity, value)]
    tubes = room("hall", 40, entry("hall-1", "laboratory", closed=closed))
    yield Golden(
        name="gb50325-complete-laboratory",
        why="all seven rows by a laboratory, outdoors too: a pass that is no screening",
        profile="gb50325-2020-class2",
        plan=plan(tubes, outdoor()),
        rows=gb_lab + outside,
        exit=0,
        said=said(
            "pass",
            basis="laboratory",
            rooms={
                "hall": {
                    "verdict": "pass",
                    "reasons": [],
                    "quantities": {
                        quantity: says("pass", mean=value if quantity == RADON else value - 5, completeness=1)
                        for quantity, value in GB_CLEAN.items()
                    },
                }
            },
        ),
    )
    others = [quantity for quantity in GB_CLEAN if quantity != HCHO]
    yield Golden(
        name="gb50325-complete-screening",
        why="formaldehyde by an SFA30 (40 - 5 + 24.5 = 59.5 at most), six rows by a laboratory: a screening",
        profile="gb50325-2020-class2",
        plan=plan(
            room(
                "hall",
                40,
                entry("hall-1", "sfa30", quantities=[HCHO], closed=closed),
                entry("hall-1", "laboratory", quantities=others, closed=closed),
            ),
            outdoor(),
        ),
        rows=[row for quantity in others for row in one("hall-1", quantity, GB_CLEAN[quantity])]
        + steady("hall-1", HCHO, 40)
        + outside,
        exit=0,
        said=said("pass", rooms={"hall": {"quantities": {HCHO: says("pass", mean=35, basis="screening")}}}),
    )
    yield Golden(
        name="gb50325-class1-complete",
        why="class I: the same air, 45 - 5 = 40 of formaldehyde, 60 - 5 = 55 of toluene",
        profile="gb50325-2020-class1",
        plan=plan(tubes, outdoor()),
        rows=gb_lab + outside,
        exit=0,
        said=said("pass", basis="laboratory"),
    )
    yield Golden(
        name="a-fail-whatever-else-is-missing",
        why="benzene fails by 1 net; six rows are missing, and rooms, too: still a fail",
        profile="gb50325-2020-class2",
        plan=plan(tubes, outdoor(), head="rooms_total = 40\n"),
        rows=one("hall-1", BENZENE, 96) + one("outdoor-1", BENZENE, 5, room="outdoor"),
        exit=1,
        said=said("fail", ["above-limit", "too-few-rooms", "never-measured"], basis="laboratory"),
    )
    yield Golden(
        name="one-row-missing-is-indeterminate",
        why="all but radon pass",
        profile="gb50325-2020-class2",
        plan=plan(tubes, outdoor()),
        rows=[row for row in gb_lab if RADON not in row] + outside,
        exit=3,
        said=said("indeterminate", ["never-measured"], basis="laboratory"),
    )
    yield Golden(
        name="one-failing-room-fails-the-case",
        why="6.0.21: the hall passes, the office's formaldehyde is 100 - 5 = 95",
        profile="gb50325-2020-class2",
        plan=plan(tubes, room("office", 20, entry("office-1", "laboratory", closed=closed)), outdoor()),
        rows=gb_lab
        + [row.replace(",hall,hall-1,", ",office,office-1,") for row in gb_lab if HCHO not in row]
        + one("office-1", HCHO, 100, room="office")
        + outside,
        exit=1,
        said=said(
            "fail",
            ["above-limit"],
            basis="laboratory",
            rooms={
                "hall": {"verdict": "pass", "reasons": []},
                "office": {"verdict": "fail", "reasons": ["above-limit"]},
            },
        ),
    )
    sampled, shut = ("10 08:00", "11 08:00"), ("09 20:00", "11 08:00")
    gbt_lab = [row for quantity, value in GBT_CLEAN.items() for row in one("hall-1", quantity, value)]
    gbt_room = room("hall", 20, entry("hall-1", "laboratory", closed=shut, sampled=sampled))
    yield Golden(
        name="gbt18883-complete-summer",
        why="sixteen verified rows pass in summer; the unverified ones are missing and are not missed",
        profile="gbt18883-2022",
        plan=plan(gbt_room, head='season = "summer"\n'),
        rows=gbt_lab,
        exit=0,
        said=said(
            "pass",
            basis="laboratory",
            rooms={"hall": {"quantities": {"pm10_ug_m3": says("never-measured", ["never-measured", "unverified"])}}},
        ),
    )
    yield Golden(
        name="gbt18883-unverified-fail-does-not-fail",
        why="the same with PM10 of 900: it informs only",
        profile="gbt18883-2022",
        plan=plan(gbt_room, head='season = "summer"\n'),
        rows=gbt_lab + one("hall-1", "pm10_ug_m3", 900),
        exit=0,
        said=said(
            "pass",
            basis="laboratory",
            rooms={"hall": {"quantities": {"pm10_ug_m3": says("fail", ["above-limit", "unverified"])}}},
        ),
    )
    yield Golden(
        name="gbt18883-season-left-out",
        why="three rows depend on the season: indeterminate, and no limit is stated",
        profile="gbt18883-2022",
        plan=plan(gbt_room),
        rows=gbt_lab,
        exit=3,
        said=said(
            "indeterminate",
            ["season-not-given"],
            basis="laboratory",
            rooms={
                "hall": {
                    "quantities": {
                        "temperature_c": says("indeterminate", ["season-not-given"], limit=None, mean=25),
                        "air_speed_m_s": says("indeterminate", ["season-not-given"], limit=None),
                        HCHO: says("pass"),
                    }
                }
            },
        ),
    )
    yield Golden(
        name="gbt18883-winter-is-cooler",
        why="25 C passes in summer (22 to 28) and is above 24 in winter; 60 % is the winter's top",
        profile="gbt18883-2022",
        plan=plan(gbt_room, head='season = "winter"\n'),
        rows=gbt_lab,
        exit=1,
        said=said("fail", ["above-limit"], basis="laboratory"),
    )
    for name, left_out, reasons, exit_code, verdict in (
        ("well-by-performance-test", [TVOC], [], 0, "pass"),
        ("well-by-monitoring", [BENZENE, HCHO, "toluene_ug_m3"], [], 0, "pass"),
        ("well-by-neither-way", [BENZENE, TVOC], ["never-measured"], 3, "indeterminate"),
    ):
        clean = {"pm2_5_ug_m3": 10, "pm10_ug_m3": 30, BENZENE: 5, HCHO: 30, "toluene_ug_m3": 100, TVOC: 400}
        yield Golden(
            name=name,
            why=f"A01.2: benzene, formaldehyde, toluene OR TVOC; not measured: {', '.join(left_out)}",
            profile="well-v2",
            plan=plan(room("hall", 40, entry("hall-1", "laboratory"))),
            rows=[
                row
                for quantity, value in clean.items()
                if quantity not in left_out
                for row in one("hall-1", quantity, value)
            ],
            exit=exit_code,
            said=said(verdict, reasons, basis="laboratory"),
        )
