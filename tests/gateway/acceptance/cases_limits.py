"""Golden cases: every limit of STANDARDS sections 1, 2 and 4, at the limit and just beyond it, by laboratory values.

A laboratory's U is 0 here, so that at the limit is a pass and a thousandth beyond is a fail.
"""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import Golden, entry, one, outdoor, plan, room, said, says

GB = "gb50325-2020-class"
DAY_BEFORE = ("08 20:00", "10 09:00")
"""Closed for 36 h when sampling begins at 08:00: enough for every regime."""

# STANDARDS 1.1, table 6.0.4 in ug/m3 (mg/m3 times 1000): class I, class II; radon in Bq/m3.
GB_LIMITS = {
    "radon_bq_m3": (150, 150),
    "hcho_ug_m3": (70, 80),
    "nh3_ug_m3": (150, 200),
    "benzene_ug_m3": (60, 90),
    "toluene_ug_m3": (150, 200),
    "xylene_ug_m3": (200, 200),
    "tvoc_ug_m3": (450, 500),
}
# STANDARDS 2, the table in ug/m3, ppm, ng/m3; and where a window from 08:00 ends that the averaging time asks for.
ONE_HOUR, EIGHT_HOURS, DAY = "10 09:00", "10 16:00", "11 08:00"
GBT_MAXIMA = {
    "o3_ug_m3": (160, ONE_HOUR),
    "no2_ug_m3": (200, ONE_HOUR),
    "so2_ug_m3": (500, ONE_HOUR),
    "co2_ppm": (1000, ONE_HOUR),
    "co_ug_m3": (10_000, ONE_HOUR),
    "nh3_ug_m3": (200, ONE_HOUR),
    "hcho_ug_m3": (80, ONE_HOUR),
    "benzene_ug_m3": (30, ONE_HOUR),
    "toluene_ug_m3": (200, ONE_HOUR),
    "xylene_ug_m3": (200, ONE_HOUR),
    "tvoc_ug_m3": (600, EIGHT_HOURS),
    "benzo_a_pyrene_ng_m3": (1, DAY),
}
GBT_UNVERIFIED = {
    "trichloroethylene_ug_m3": 6,
    "tetrachloroethylene_ug_m3": 120,
    "pm10_ug_m3": 100,
    "pm2_5_ug_m3": 50,
    "bacteria_cfu_m3": 1500,
}


def cases() -> Iterator[Golden]:
    """All of them."""
    for place, roman in ((0, "class1"), (1, "class2")):
        for quantity, limits in GB_LIMITS.items():
            yield _gb(quantity, limits[place], roman)
    for quantity, (limit, end) in GBT_MAXIMA.items():
        yield _gbt(quantity, limit, end)
    yield from _gbt_climate()
    yield _gbt_fresh_air()
    yield _gbt_unverified()
    yield from _other_schemes()


def _two_rooms(quantity: str, sampled: tuple[str, str] = ("10 08:00", "10 09:00"), head: str = "") -> str:
    closed = (DAY_BEFORE[0], sampled[1])
    tables = [
        room(name, 20, entry(f"{name}-1", "laboratory", quantities=[quantity], closed=closed, sampled=sampled))
        for name in ("at", "over")
    ]
    return plan(*tables, outdoor(sampled=sampled), head=head)


def _gb(quantity: str, limit: float, building: str) -> Golden:
    # Outdoors 10 is taken off, but never of radon: indoors limit + 10 (radon: the limit itself) is at the limit.
    taken_off = 0 if quantity == "radon_bq_m3" else 10
    outside = None if quantity == "radon_bq_m3" else 10
    inside = limit + taken_off
    return Golden(
        name=f"gb50325-{building}-{quantity.replace('_', '-')}",
        why=f"GB 50325-2020 table 6.0.4, {building}: {quantity} {limit} passes, {limit}.001 fails, net of outdoors 10",
        profile=f"gb50325-2020-{building}",
        plan=_two_rooms(quantity),
        rows=one("at-1", quantity, inside, room="at")
        + one("over-1", quantity, f"{inside}.001", room="over")
        + one("outdoor-1", quantity, 10, room="outdoor"),
        exit=1,
        said=said(
            "fail",
            ["above-limit", "never-measured"],
            basis="laboratory",
            rooms={
                "at": {
                    "verdict": "indeterminate",
                    "reasons": ["never-measured"],
                    "quantities": {
                        quantity: says("pass", limit=limit, indoor=inside, outdoor=outside, mean=limit, uncertainty=0)
                    },
                },
                "over": {
                    "verdict": "fail",
                    "reasons": ["above-limit", "never-measured"],
                    "quantities": {quantity: says("fail", ["above-limit"], limit=limit, mean=limit + 0.001)},
                },
            },
        ),
    )


def _gbt(quantity: str, limit: float, end: str) -> Golden:
    return Golden(
        name=f"gbt18883-{quantity.replace('_', '-')}",
        why=f"GB/T 18883-2022: {quantity} {limit} passes, {limit}.001 fails; nothing is taken off for outdoors",
        profile="gbt18883-2022",
        plan=_two_rooms(quantity, ("10 08:00", end)),
        rows=one("at-1", quantity, limit, room="at")
        + one("over-1", quantity, f"{limit}.001", room="over")
        + one("outdoor-1", quantity, 1, room="outdoor"),
        exit=1,
        said=said(
            "fail",
            ["above-limit", "never-measured"],
            basis="laboratory",
            rooms={
                "at": {"quantities": {quantity: says("pass", limit=limit, mean=limit, outdoor=None)}},
                "over": {"quantities": {quantity: says("fail", ["above-limit"], mean=limit + 0.001)}},
            },
        ),
    )


def _gbt_climate() -> Iterator[Golden]:
    # STANDARDS 2, rows 1 to 3: both seasons, both ends.
    for season, limits in {
        "summer": {"temperature_c": (22, 28), "humidity_pct": (40, 80), "air_speed_m_s": (None, 0.3)},
        "winter": {"temperature_c": (16, 24), "humidity_pct": (30, 60), "air_speed_m_s": (None, 0.2)},
    }.items():
        for quantity, (low, high) in limits.items():
            values = {"top": (high, "pass", []), "hot": (high + 0.01, "fail", ["above-limit"])}
            if low is not None:
                values |= {"bottom": (low, "pass", []), "cold": (low - 0.01, "fail", ["below-limit"])}
            limit = high if low is None else {"min": low, "max": high}
            yield Golden(
                name=f"gbt18883-{season}-{quantity.replace('_', '-')}",
                why=f"GB/T 18883-2022, {season}: {quantity} {low} to {high}, ends included; in normal use, no closure",
                profile="gbt18883-2022",
                plan=plan(
                    *(room(name, 20, entry(f"{name}-1", "laboratory", closed=None)) for name in values),
                    head=f'season = "{season}"\n',
                ),
                rows=[
                    row for name, (value, *_) in values.items() for row in one(f"{name}-1", quantity, value, room=name)
                ],
                exit=1,
                said={
                    "verdict": "fail",
                    "rooms": {
                        name: {"quantities": {quantity: says(verdict, reasons, limit=limit, mean=value)}}
                        for name, (value, verdict, reasons) in values.items()
                    },
                },
            )


def _gbt_fresh_air() -> Golden:
    quantity = "fresh_air_m3_h_person"
    return Golden(
        name="gbt18883-fresh-air",
        why="GB/T 18883-2022 row 4: at least 30 m3/(h person): a row with a minimum only; 30 passes, 29.9 is below",
        profile="gbt18883-2022",
        plan=plan(*(room(name, 20, entry(f"{name}-1", "laboratory", closed=None)) for name in ("at", "under"))),
        rows=one("at-1", quantity, 30, room="at") + one("under-1", quantity, 29.9, room="under"),
        exit=1,
        said={
            "verdict": "fail",
            "rooms": {
                "at": {"quantities": {quantity: says("pass", limit={"min": 30, "max": None})}},
                "under": {"quantities": {quantity: says("fail", ["below-limit"])}},
            },
        },
    )


def _gbt_unverified() -> Golden:
    # Ten times each unverified limit: it informs, so the case is not failed by it; no verified row was judged.
    rows = [row for quantity, limit in GBT_UNVERIFIED.items() for row in one("hall-1", quantity, limit * 10)]
    quantities = {
        quantity: says("fail", ["above-limit", "unverified"], limit=limit) for quantity, limit in GBT_UNVERIFIED.items()
    }
    sampled = ("10 08:00", "11 08:00")
    return Golden(
        name="gbt18883-unverified-rows-inform",
        why="STANDARDS 2 rows tagged M: ten times the limit neither fails nor blocks; nothing verified was judged",
        profile="gbt18883-2022",
        plan=plan(room("hall", 20, entry("hall-1", "laboratory", closed=("08 20:00", "11 08:00"), sampled=sampled))),
        rows=rows,
        exit=3,
        said=said("indeterminate", ["nothing-to-decide", "never-measured"], rooms={"hall": {"quantities": quantities}}),
    )


def _other_schemes() -> Iterator[Golden]:
    # STANDARDS 4; 9 ppm CO: 9 * 28.010 / 24.465 * 1000 = 10304 ug/m3; 0.07 ppm O3: 70 * 47.997 / 24.465 = 137.
    verified = {
        ("reset-air-v2", ONE_HOUR): {"tvoc_ug_m3": 500, "co2_ppm": 1000},
        ("well-v2", ONE_HOUR): {
            "pm2_5_ug_m3": 15,
            "pm10_ug_m3": 50,
            "benzene_ug_m3": 10,
            "hcho_ug_m3": 50,
            "toluene_ug_m3": 300,
            "tvoc_ug_m3": 500,
        },
        ("who", DAY): {
            "hcho_ug_m3": 100,
            "pm2_5_ug_m3": 15,
            "pm10_ug_m3": 45,
            "no2_ug_m3": 25,
            "o3_ug_m3": 100,
            "co_ug_m3": 4000,
        },
    }
    for (profile, end), limits in verified.items():
        closed = ("08 20:00", end)
        tables = [
            room(name, 20, entry(f"{name}-1", "laboratory", closed=closed, sampled=("10 08:00", end)))
            for name in ("at", "over")
        ]
        yield Golden(
            name=f"{profile.replace('.', '-')}-limits",
            why=f"STANDARDS 4, {profile}: every verified limit, at it and 0.001 above it",
            profile=profile,
            plan=plan(*tables),
            rows=[
                row
                for quantity, limit in limits.items()
                for row in one("at-1", quantity, limit, room="at")
                + one("over-1", quantity, f"{limit}.001", room="over")
            ],
            exit=1,
            said=said(
                "fail",
                ["above-limit"],
                basis="laboratory",
                rooms={
                    "at": {
                        "verdict": "pass",
                        "reasons": [],
                        "quantities": {quantity: says("pass", limit=limit) for quantity, limit in limits.items()},
                    },
                    "over": {
                        "verdict": "fail",
                        "quantities": {quantity: says("fail", ["above-limit"]) for quantity in limits},
                    },
                },
            ),
        )
    leed = {
        "co_ug_m3": 10304,
        "pm10_ug_m3": 50,
        "pm2_5_ug_m3": 12,
        "o3_ug_m3": 137,
        "hcho_ug_m3": 20,
        "acetaldehyde_ug_m3": 140,
        "benzene_ug_m3": 3,
        "tvoc_ug_m3": 500,
    }
    yield Golden(
        name="leed-nothing-to-decide",
        why="STANDARDS 4: LEED v4.1 is all M, so even a complete, clean case is indeterminate and claims no conformity",
        profile="leed-v4.1",
        plan=plan(room("hall", 20, entry("hall-1", "laboratory", sampled=("10 08:00", "10 12:00")))),
        rows=[row for quantity, limit in leed.items() for row in one("hall-1", quantity, limit)],
        exit=3,
        said=said(
            "indeterminate",
            ["nothing-to-decide"],
            rooms={
                "hall": {
                    "verdict": "indeterminate",
                    "quantities": {
                        quantity: says("pass", ["unverified"], limit=limit) for quantity, limit in leed.items()
                    },
                }
            },
        ),
    )
