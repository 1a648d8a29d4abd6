"""Golden cases: the outdoor air, and a laboratory beside sensors."""

from collections.abc import Iterator

from tests.gateway.acceptance.case_files import (
    Golden,
    entry,
    one,
    outdoor,
    room,
    steady,
)
from tests.gateway.acceptance.case_kinds import (
    GB_HCHO,
    HCHO,
    single,
)


def cases() -> Iterator[Golden]:
    """All of them."""
    yield from _outdoors()
    yield from _laboratory()


def _outdoors() -> Iterator[Golden]:
    lab_room = room("hall", 20, entry("hall-1", "laboratory"))
    sensor_room = room("hall", 20, entry("hall-1", "sfa30"))
    missing = ["outdoor-not-measured"]
    outside = one("outdoor-1", HCHO, 30, room="outdoor")
    lab = "laboratory"

    def case(name: str, why: str, **words: object) -> Golden:
        return single(name, why, own_profile=GB_HCHO, **words)  # type: ignore[arg-type]

    yield case(
        "outdoors-are-taken-off",
        "note 1: 105 - 30 = 75",
        tables=[lab_room, outdoor()],
        rows=one("hall-1", HCHO, 105) + outside,
        case_basis=lab,
        verdict="pass",
        indoor=105,
        outdoor=30,
        mean=75,
    )
    yield case(
        "outdoors-dirtier-than-indoors",
        "20 - 30 = -10 is subtracted all the same",
        tables=[lab_room, outdoor()],
        rows=one("hall-1", HCHO, 20) + outside,
        case_basis=lab,
        verdict="pass",
        outdoor=30,
        mean=-10,
    )
    yield case(
        "no-outdoors-a-pass-stands",
        "with the reason",
        tables=[lab_room],
        rows=one("hall-1", HCHO, 75),
        case_basis=lab,
        verdict="pass",
        reasons=missing,
        outdoor=None,
        mean=75,
    )
    yield case(
        "no-outdoors-a-fail-is-indeterminate",
        "it might be the outdoor air's",
        tables=[lab_room],
        rows=one("hall-1", HCHO, 105),
        case_basis=lab,
        verdict="indeterminate",
        reasons=missing,
        mean=105,
    )
    yield case(
        "outdoor-window-does-not-cover",
        "08:05 to 09:00 does not cover 08:00 to 09:00",
        tables=[lab_room, outdoor(sampled=("10 08:05", "10 09:00"))],
        rows=one("hall-1", HCHO, 105) + outside,
        case_basis=lab,
        verdict="indeterminate",
        reasons=missing,
        outdoor=None,
    )
    yield case(
        "outdoor-window-covers-more",
        "07:30 to 09:30 covers",
        case_basis=lab,
        verdict="pass",
        mean=75,
        tables=[lab_room, outdoor(sampled=("10 07:30", "10 09:30"))],
        rows=one("hall-1", HCHO, 105) + outside,
    )
    yield case(
        "a-laboratory-takes-no-sensors-outdoors",
        "a laboratory's value is reduced only by a laboratory's",
        tables=[lab_room, outdoor("sfa30")],
        rows=one("hall-1", HCHO, 105) + steady("outdoor-1", HCHO, 30, room="outdoor"),
        case_basis=lab,
        verdict="indeterminate",
        reasons=missing,
        outdoor=None,
    )
    yield case(
        "a-sensor-takes-a-laboratorys-outdoors",
        "85 - 30 = 55, U 24.546: 79.5 passes",
        tables=[sensor_room, outdoor()],
        rows=steady("hall-1", HCHO, 85) + outside,
        verdict="pass",
        mean=55,
        uncertainty=24.546086,
    )
    yield case(
        "a-sensor-takes-a-sensors-outdoors",
        "75 - 30 = 45, U sqrt(2) * 24.546 = 34.713: 79.7 passes",
        tables=[sensor_room, outdoor("sfa30")],
        rows=steady("hall-1", HCHO, 75) + steady("outdoor-1", HCHO, 30, room="outdoor"),
        verdict="pass",
        mean=45,
        uncertainty=34.713407,
    )
    yield case(
        "a-laboratorys-outdoors-come-first",
        "both outdoors: the laboratory's 30, not the sensor's 10",
        tables=[sensor_room, outdoor(), outdoor("sfa30", "outdoor-2")],
        rows=steady("hall-1", HCHO, 85) + outside + steady("outdoor-2", HCHO, 10, room="outdoor"),
        verdict="pass",
        outdoor=30,
        mean=55,
    )
    yield case(
        "incomplete-outdoors-are-not-measured",
        "8 of 12 slots outdoors",
        tables=[sensor_room, outdoor("sfa30")],
        rows=steady("hall-1", HCHO, 40) + steady("outdoor-1", HCHO, 30, room="outdoor", count=8),
        verdict="pass",
        reasons=missing,
        outdoor=None,
        mean=40,
    )
    yield case(
        "outdoors-by-an-instrument-that-may-not-decide",
        "an SCD41 outdoors does not measure formaldehyde",
        tables=[sensor_room, outdoor("scd41")],
        rows=steady("hall-1", HCHO, 40) + steady("outdoor-1", HCHO, 30, room="outdoor"),
        verdict="pass",
        reasons=missing,
        outdoor=None,
    )
    yield case(
        "within-uncertainty-without-outdoors",
        "80 is near the limit, and outdoors might help",
        tables=[sensor_room],
        rows=steady("hall-1", HCHO, 80),
        verdict="indeterminate",
        reasons=["within-uncertainty", "outdoor-not-measured"],
    )
    yield case(
        "two-outdoor-points-are-averaged",
        "outdoors (20 + 40) / 2 = 30",
        tables=[lab_room, outdoor(), outdoor(name="b")],
        rows=one("hall-1", HCHO, 105) + one("outdoor-1", HCHO, 20, room="outdoor") + one("b", HCHO, 40, room="outdoor"),
        case_basis=lab,
        verdict="pass",
        outdoor=30,
        mean=75,
    )
    yield case(
        "outdoors-at-0-c",
        "a sensor indoors 60 * 1.0915248 = 65.491; a laboratory's outdoor 30 stays: 35.491",
        tables=[sensor_room, outdoor()],
        rows=steady("hall-1", HCHO, 60) + outside,
        head="reference_temperature_c = 0\n",
        verdict="pass",
        indoor=65.491488,
        outdoor=30,
        mean=35.491488,
    )


def _laboratory() -> Iterator[Golden]:
    both = [entry("hall-1", "sfa30"), entry("hall-1", "laboratory")]
    lab_row = one("hall-1", HCHO, 70, instrument="laboratory")
    sensor_rows = steady("hall-1", HCHO, 90, instrument="sfa30")
    yield single(
        "a-laboratorys-value-decides",
        "the sensor's 90 +- 24.5 could not; the laboratory's 70 can",
        tables=[room("hall", 20, *both)],
        rows=sensor_rows + lab_row,
        case_basis="laboratory",
        verdict="pass",
        mean=70,
        uncertainty=0,
    )
    yield single(
        "a-silent-laboratory-leaves-the-sensor",
        "no laboratory row yet",
        tables=[room("hall", 20, *both)],
        rows=sensor_rows,
        verdict="indeterminate",
        reasons=["within-uncertainty"],
        mean=90,
    )
    yield single(
        "only-laboratory-values-enter",
        "60 m2 order two points: two sensors, one tube, which stands alone",
        tables=[room("hall", 60, *both, entry("hall-2", "sfa30"))],
        rows=sensor_rows + lab_row + steady("hall-2", HCHO, 40),
        case_basis="laboratory",
        verdict="indeterminate",
        reasons=["too-few-points"],
        mean=70,
    )
    yield single(
        "two-tubes-at-one-point",
        "60 and 70 at one point: 65",
        case_basis="laboratory",
        verdict="pass",
        mean=65,
        tables=[room("hall", 20, entry("hall-1", "laboratory"))],
        rows=one("hall-1", HCHO, 60, "10 08:10") + one("hall-1", HCHO, 70, "10 08:40"),
    )
    yield single(
        "a-tube-dated-at-its-end",
        "a laboratory may date its value at the window's end",
        case_basis="laboratory",
        tables=[room("hall", 20, entry("hall-1", "laboratory"))],
        rows=one("hall-1", HCHO, 60, "10 09:00"),
        verdict="pass",
        mean=60,
    )
    yield single(
        "laboratory-at-0-c-is-not-rescaled",
        "80 stays 80, which passes",
        case_basis="laboratory",
        verdict="pass",
        tables=[room("hall", 20, entry("hall-1", "laboratory"))],
        rows=one("hall-1", HCHO, 80),
        head="reference_temperature_c = 0\n",
        mean=80,
        uncertainty=0,
    )
