"""Golden cases: guard bands, both sides of each edge, and who may decide."""

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
    GB_HCHO,
    HCHO,
    HOURLY,
    OUTSIDE_NOTHING,
    TVOC,
    four,
    one_row,
    single,
)


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _guard_bands()
    yield from _instruments()


def _guard_bands() -> Iterator[Golden]:
    yield four(
        "sfa30-guard-band",
        "SFA30: 20 ppb are 20 * 30.026 / 24.465 = 24.546 ug/m3; 80 - 24.546 = 55.454, 80 + 24.546 = 104.546",
        (55.45, 55.46, 104.54, 104.55),
        own_profile=GB_HCHO,
        outside=outdoor(),
        outside_rows=OUTSIDE_NOTHING,
        uncertainty=24.546086,
        basis="screening",
    )
    yield four(
        "sfa30-guard-band-with-sfa30-outdoors",
        "U = sqrt(24.546^2 + 24.546^2) = 34.713: 80 - 34.713 = 45.287, 80 + 34.713 = 114.713; outdoors read 0",
        (45.28, 45.29, 114.71, 114.72),
        own_profile=GB_HCHO,
        outside=outdoor("sfa30"),
        outside_rows=steady("outdoor-1", HCHO, 0, room="outdoor"),
        uncertainty=34.713407,
        outdoor=0,
    )
    yield four(
        "sfa30-guard-band-at-0-c",
        "times 298.15 / 273.15 = 1.091525: 80 / 1.091525 = 73.292, less 24.546 = 48.746, plus 24.546 = 97.838",
        (48.74, 48.75, 97.83, 97.84),
        own_profile=GB_HCHO,
        outside=outdoor(),
        outside_rows=OUTSIDE_NOTHING,
        head="reference_temperature_c = 0\n",
        uncertainty=26.792659,  # 24.546086 * 1.0915248
    )
    yield four(
        "sfa30-class1-guard-band",
        "class I, 70 ug/m3: 70 - 24.546 = 45.454, 70 + 24.546 = 94.546",
        (45.45, 45.46, 94.54, 94.55),
        own_profile=one_row(HCHO, 70),
    )
    yield four(
        "sfa30-relative-part",
        "from 100 ppb (122.7 ug/m3) on 20 %: v * 1.2 = 240 at 200; v * 0.8 = 240 at 300",
        (199.99, 200.01, 299.99, 300.01),
        own_profile=one_row(HCHO, 240),
        uncertainty=39.998,  # 0.2 * 199.99
    )
    yield four(
        "scd41-guard-band",
        "SCD41: v + 50 + 2.5 % = 1000 at 950 / 1.025 = 926.829; above: v - 50 - 3 % = 1000 at 1050 / 0.97 = 1082.474",
        (926.82, 926.84, 1082.47, 1082.48),
        own_profile=one_row(CO2, 1000, more=HOURLY),
        quantity=CO2,
        instrument="scd41",
        uncertainty=73.1705,  # 50 + 0.025 * 926.82
    )
    yield four(
        "scd40-guard-band",
        "SCD40: v + 50 + 5 % = 1000 at 950 / 1.05 = 904.762; v - 50 - 5 % = 1000 at 1050 / 0.95 = 1105.263",
        (904.76, 904.77, 1105.26, 1105.27),
        own_profile=one_row(CO2, 1000),
        quantity=CO2,
        instrument="scd40",
    )
    yield Golden(
        name="scd41-step-never-lowers-the-edge",
        why="SCD41 at 1000: 1000 - 75 = 925; at 1001 the sheet says 1001 - 80.03 = 920.97, so 925 stands until 1005.16",
        own_profile=one_row(CO2, 924),
        plan=plan(*(room(f"at-{value}", 20, entry("p", "scd41")) for value in (998, 1000, 1001, 1005))),
        rows=[row for value in (998, 1000, 1001, 1005) for row in steady("p", CO2, value, room=f"at-{value}")],
        exit=1,
        said={
            "verdict": "fail",
            "rooms": {
                # 998 - 50 - 24.95 = 923.05 is below 924
                "at-998": {"quantities": {CO2: says("indeterminate", ["within-uncertainty"])}},
                "at-1000": {"quantities": {CO2: says("fail", ["above-limit"])}},
                "at-1001": {"quantities": {CO2: says("fail", ["above-limit"])}},
                "at-1005": {"quantities": {CO2: says("fail", ["above-limit"])}},
            },
        },
    )
    yield Golden(
        name="minimum-guard-band",
        why="SCD41 temperature +-1.5 within 22 to 28: pass 23.5 to 26.5, fail below 20.5 and above 29.5",
        profile="gbt18883-2022",
        plan=plan(
            *(room(name, 20, entry(f"{name}-1", "scd41", closed=None)) for name in ("a", "b", "c", "d", "e", "f")),
            head='season = "summer"\n',
        ),
        rows=[
            row
            for name, value in {"a": 23.5, "b": 23.4, "c": 20.5, "d": 20.4, "e": 26.5, "f": 29.6}.items()
            for row in steady(f"{name}-1", "temperature_c", value, room=name)
        ],
        exit=1,
        said={
            "verdict": "fail",
            "rooms": {
                name: {"quantities": {"temperature_c": verdict}}
                for name, verdict in {
                    "a": says("pass", uncertainty=1.5),
                    "b": says("indeterminate", ["within-uncertainty"]),
                    "c": says("indeterminate", ["within-uncertainty"]),
                    "d": says("fail", ["below-limit"]),
                    "e": says("pass"),
                    "f": says("fail", ["above-limit"]),
                }.items()
            },
        },
    )
    yield Golden(
        name="reference-temperature-scales-sensors-only",
        why="62 ppb are 76.093 ug/m3 at 25 C, times 1.0915248 = 83.057 at 0 C; a laboratory's 76.093 stays, and CO2",
        profile="gbt18883-2022",
        plan=plan(
            room(
                "sensor",
                20,
                entry("s", "sfa30", closed=("09 20:00", "10 09:00")),
                entry("c", "scd41", closed=("09 20:00", "10 09:00")),
            ),
            room("laboratory", 20, entry("l", "laboratory", closed=("09 20:00", "10 09:00"))),
            head="reference_temperature_c = 0\n",
        ),
        rows=steady("s", HCHO, 76.09287, room="sensor")
        + steady("c", CO2, 600, room="sensor")
        + one("l", HCHO, 76.09287, room="laboratory"),
        exit=3,
        said={
            "verdict": "indeterminate",
            "rooms": {
                "sensor": {
                    "quantities": {
                        HCHO: says("indeterminate", ["within-uncertainty"], indoor=83.057255, uncertainty=26.792659),
                        CO2: says("pass", indoor=600, uncertainty=65),
                    }
                },
                "laboratory": {"quantities": {HCHO: says("pass", indoor=76.09287, uncertainty=0)}},
            },
        },
    )


def _instruments() -> Iterator[Golden]:
    may_not = ["instrument-may-not-decide"]
    yield single(
        "sensor-may-not-decide-tvoc",
        "STANDARDS 9, 8: an SFA30 has no TVOC channel; however low, it decides nothing",
        rows=steady("hall-1", TVOC, 1),
        own_profile=one_row(TVOC, 500),
        quantity=TVOC,
        verdict="indeterminate",
        reasons=may_not,
        mean=1,
    )
    yield single(
        "sensor-may-not-decide-benzene",
        "GB 50325 6.0.10: benzene is sorbent tube and gas chromatography; a row for laboratories only",
        rows=steady("hall-1", BENZENE, 1),
        own_profile=one_row(BENZENE, 90).replace('["laboratory", "sensor"]', '["laboratory"]'),
        quantity=BENZENE,
        verdict="indeterminate",
        reasons=may_not,
    )
    yield single(
        "co2-sensor-may-not-decide-formaldehyde",
        "an SCD41 does not measure formaldehyde; far above the limit is no fail either",
        rows=steady("hall-1", HCHO, 500),
        tables=[room("hall", 20, entry("hall-1", "scd41"))],
        verdict="indeterminate",
        reasons=may_not,
        mean=500,
    )
    yield single(
        "sensor-too-coarse-for-the-row",
        "the row wants an error of at most 20 at the limit; an SFA30 states 24.5 ug/m3 at 80",
        rows=steady("hall-1", HCHO, 10),
        own_profile=one_row(HCHO, 80, more="sensor_error_max = 20"),
        verdict="indeterminate",
        reasons=may_not,
    )
    for part in ("sfa40", "sen68"):
        yield four(
            f"{part}-guard-band",
            "SFA40 and SEN68 as the SFA30: 20 ppb or 20 %, the larger",
            (55.45, 55.46, 104.54, 104.55),
            own_profile=one_row(HCHO, 80),
            instrument=part,
            uncertainty=24.546086,
        )
    yield four(
        "sen66-particles-are-never-rescaled",
        "SEN66 PM2.5: v + 5 + 5 % = 35 at 30 / 1.05 = 28.571; v - 5 - 5 % = 35 at 40 / 0.95 = 42.105; at 0 C as at 25",
        (28.57, 28.58, 42.10, 42.11),
        own_profile=one_row("pm2_5_ug_m3", 35),
        quantity="pm2_5_ug_m3",
        instrument="sen66",
        head="reference_temperature_c = 0\n",
        indoor=28.57,
    )
    for name, part, quantity, why in (
        ("sen69c-may-not-decide-co2", "sen69c", CO2, "SEN69C: 100 ppm + 10 % = 200 at 1000 ppm, STANDARDS 0, 7"),
        (
            "pms5003-may-not-decide-particles",
            "pms5003",
            "pm2_5_ug_m3",
            "PMS5003: consistency between units, no accuracy",
        ),
        ("sgp41-may-not-decide-tvoc", "sgp41", TVOC, "an SGP41 gives an index"),
    ):
        yield Golden(
            name=name,
            why=why,
            profile="gbt18883-2022" if quantity == CO2 else "well-v2",
            plan=plan(room("hall", 20, entry("hall-1", part, closed=("09 20:00", "10 09:00")))),
            rows=steady("hall-1", quantity, 5),
            exit=3,
            said={
                "verdict": "indeterminate",
                "rooms": {"hall": {"quantities": {quantity: says("indeterminate", may_not, mean=5)}}},
            },
        )
    yield Golden(
        name="voc-index-is-no-tvoc",
        why="STANDARDS 0, 3: rows of voc_index never stand for TVOC: it stays never measured",
        profile="gb50325-2020-class2",
        plan=plan(room("hall", 20, entry("hall-1", "sfa30"))),
        rows=steady("hall-1", "voc_index", 100),
        exit=3,
        said=said(
            "indeterminate",
            ["nothing-to-decide", "never-measured"],
            rooms={"hall": {"quantities": {TVOC: says("never-measured", ["never-measured"], mean=None)}}},
        ),
    )
