"""What the rollups ask of a store: sums over the good values of a branch, series by series."""

import pytest

from gateway.errors import StoreWriteOnly
from gateway.ports import Point, Summary
from tests.gateway.stores.subjects import NOW_MS, Subject, air

HOUR_MS = 3_600_000
BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS
TAGS = (("region", "north"), ("site", "hall-1"), ("room", "lobby"), ("point", "p1"))


def test_good_values_are_summed_up_series_by_series(real: Subject) -> None:
    """Suspect ones, other branches, and what lies before or after stay out; the hour's first moment is in."""
    real.store.write(
        [
            air(at_ms=BEGIN_MS - 1, co2_ppm=9_000.0),
            air(at_ms=BEGIN_MS, co2_ppm=600.0, temperature_c=-1.5),
            air(at_ms=BEGIN_MS + 1, co2_ppm=700.0, co2_ppm_suspect=9_000.0),
            air(at_ms=BEGIN_MS + HOUR_MS - 1, co2_ppm=805.0, pm1_ug_m3_suspect=3.0),
            air(at_ms=BEGIN_MS + HOUR_MS, co2_ppm=9_000.0),
            air("p2", at_ms=BEGIN_MS + 5, co2_ppm=500.0),
            air(site="hall-2", at_ms=BEGIN_MS + 5, co2_ppm=9_000.0),
        ]
    )
    found = real.store.summaries("hall-1", BEGIN_MS, BEGIN_MS + HOUR_MS)
    assert sorted(found) == [
        Summary(TAGS, "co2_ppm", pytest.approx(2_105.0 / 3, rel=1e-12), 600.0, 805.0, 3),
        Summary(TAGS, "temperature_c", -1.5, -1.5, -1.5, 1),
        Summary((*TAGS[:3], ("point", "p2")), "co2_ppm", 500.0, 500.0, 500.0, 1),
    ]
    assert real.store.summaries("hall-3", BEGIN_MS, BEGIN_MS + HOUR_MS) == []


def test_what_an_hour_counts_is_told(real: Subject) -> None:
    """A count of 0 counts as none."""
    real.store.write(
        [
            Point("air_1h", TAGS, BEGIN_MS, {"co2_ppm_mean": 600.0, "co2_ppm_n": 3.0, "temperature_c_n": 0.0}),
            Point("air_1h", TAGS, BEGIN_MS + HOUR_MS, {"pm1_ug_m3_n": 1.0}),
        ]
    )
    assert real.store.counted("hall-1", BEGIN_MS) == {(TAGS, "co2_ppm")}
    assert real.store.counted("hall-1", BEGIN_MS - HOUR_MS) == set()


def test_a_store_that_keeps_for_ever_says_so(real: Subject) -> None:
    assert real.store.keeps_ms() is None


def test_a_written_only_store_is_not_asked(written_only: Subject) -> None:
    with pytest.raises(StoreWriteOnly):
        written_only.store.summaries("hall-1", BEGIN_MS, BEGIN_MS + HOUR_MS)
    with pytest.raises(StoreWriteOnly):
        written_only.store.counted("hall-1", BEGIN_MS)
