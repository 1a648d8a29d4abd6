"""The table of parts: what is stated, and that nothing is where nothing is stated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.ids import is_id
from telemetry.parts import HCHO_UG_M3_PER_PPB, PARTS, Band, Channel
from telemetry.quantities import QUANTITIES, WIRE_QUANTITIES


def stated(part: str, quantity: str, value: float) -> float | None:
    """The error of a part's quantity at a value, in the quantity's unit."""
    channel = PARTS[part].channel(quantity)
    assert channel is not None
    return channel.error_at(value)


@pytest.mark.parametrize(
    ("part", "quantity", "value", "error"),
    [
        ("scd40", "co2_ppm", 1_000, 100),
        ("scd40", "co2_ppm", 2_000, 150),
        ("scd40", "co2_ppm", 2_001, None),
        ("scd41", "co2_ppm", 400, 60),
        ("scd41", "co2_ppm", 1_000, 75),
        ("scd41", "co2_ppm", 1_001, 80.03),
        ("scd41", "co2_ppm", 2_000, 110),
        ("scd41", "co2_ppm", 2_001, 140.05),
        ("scd41", "co2_ppm", 5_000, 290),
        ("scd41", "co2_ppm", 5_001, None),
        ("sen66", "co2_ppm", 1_000, 75),
        ("sen69c", "co2_ppm", 1_000, 200),
        ("sen63c", "co2_ppm", 1_000, 200),
        ("sen65", "pm2_5_ug_m3", 100, 10),
        ("sen66", "pm2_5_ug_m3", 100, 10),
        ("sen66", "pm2_5_ug_m3", 200, 20),
        ("sen66", "pm10_ug_m3", 50, 25),
        ("sen66", "pm10_ug_m3", 400, 100),
        ("bme280", "temperature_c", 22, 1),
        ("bme280", "temperature_c", -1, None),
        ("bme280", "humidity_pct", 19, None),
        ("bme280", "humidity_pct", 81, None),
        ("bmp280", "pressure_hpa", 1_000, 1),
        ("bh1750", "illuminance_lx", 300, 60),
        ("ds18b20", "temperature_c", -20, 2),
        ("ds18b20", "temperature_c", 20, 0.5),
        ("ds18b20", "temperature_c", 100, 2),
        ("sht45", "humidity_pct", 50, 1),
    ],
)
def test_accuracy_is_the_data_sheets(part: str, quantity: str, value: float, error: float | None) -> None:
    """Band by band; beyond the last nothing is stated."""
    got = stated(part, quantity, value)
    assert got == (error if error is None else pytest.approx(error))


@pytest.mark.parametrize(
    ("ppb", "error_ppb"), [(10, 20), (57.0, 20), (100, 20), (150, 30), (1_000, 200), (1_001, None)]
)
def test_formaldehyde_is_stated_in_ppb_and_given_as_mass(ppb: float, error_ppb: float | None) -> None:
    """±20 ppb or ±20 %, the larger; 1.2273 µg/m³ a ppb at 25 °C."""
    got = stated("sfa30", "hcho_ug_m3", ppb * HCHO_UG_M3_PER_PPB)
    assert got == (None if error_ppb is None else pytest.approx(error_ppb * HCHO_UG_M3_PER_PPB))
    assert pytest.approx(1.2273, abs=1e-4) == HCHO_UG_M3_PER_PPB


@pytest.mark.parametrize("part", ["sfa40", "sen68", "sen69c"])
def test_newer_formaldehyde_cell_is_stated_up_to_200_ppb(part: str) -> None:
    """Its range goes on."""
    assert stated(part, "hcho_ug_m3", 200 * HCHO_UG_M3_PER_PPB) == pytest.approx(40 * HCHO_UG_M3_PER_PPB)
    assert stated(part, "hcho_ug_m3", 201 * HCHO_UG_M3_PER_PPB) is None


@pytest.mark.parametrize(
    ("part", "quantity"),
    [
        ("sgp40", "voc_index"),
        ("sgp41", "nox_index"),
        ("sen66", "voc_index"),
        ("pms5003", "pm2_5_ug_m3"),
        ("pmsa003", "pm10_ug_m3"),
        ("sps30", "pm2_5_ug_m3"),
    ],
)
def test_index_and_agreement_among_units_are_no_accuracy(part: str, quantity: str) -> None:
    """No verdict rests on them."""
    assert stated(part, quantity, 30) is None


@pytest.mark.parametrize("name", PARTS)
def test_row_is_whole(name: str) -> None:
    """A name for configuration, a source, quantities of the table, bands that run upwards within the range."""
    part = PARTS[name]
    assert part.name == name
    assert is_id(name)
    assert part.source
    assert part.bus in ("i2c", "serial", "1-wire")
    assert (part.address is not None) == (part.bus == "i2c")
    assert part.warmup_s >= 0
    names = [channel.quantity for channel in part.channels]
    assert names
    assert len(set(names)) == len(names)
    for channel in part.channels:
        assert channel.quantity in WIRE_QUANTITIES
        assert channel.low < channel.high
        ends = [band.upto for band in channel.bands]
        assert ends == sorted(ends)
        assert not ends or ends[-1] <= channel.high
        # A factor is for gases whose data sheet speaks of shares.
        assert channel.unit_factor == 1.0 or QUANTITIES[channel.quantity].molar_mass_g_mol
    assert part.channel("nonsense") is None


@given(value=st.floats(0, 5_000), absolute=st.floats(0, 100), relative=st.floats(0, 1))
def test_the_larger_is_never_more_than_the_sum(value: float, absolute: float, relative: float) -> None:
    """And both grow with the value."""
    for larger in (True, False):
        band = Band(upto=5_000, absolute=absolute, relative=relative, larger=larger)
        assert band.error_at(value) <= band.error_at(value + 1)
    total = Band(upto=5_000, absolute=absolute, relative=relative)
    assert Band(upto=5_000, absolute=absolute, relative=relative, larger=True).error_at(value) <= total.error_at(value)


def test_error_is_the_same_below_zero() -> None:
    """A share of -20 °C is no negative error."""
    channel = Channel(quantity="temperature_c", low=-40, high=85, bands=(Band(upto=85, absolute=0.1, relative=0.01),))
    assert channel.error_at(-20) == pytest.approx(0.3)
