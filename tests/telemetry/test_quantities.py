"""The table of quantities against the contract and against itself."""

from math import inf, nan

import pytest

from telemetry.quantities import PRIMARY_UNITS, QUANTITIES, WIRE_QUANTITIES
from telemetry.senml_records import WORD_TYPES

SEED = {
    "ppm": "co2_ppm",
    "Cel": "temperature_c",
    "%RH": "humidity_pct",
    "hPa": "pressure_hpa",
    "/": "voc_index nox_index",
    "ug/m3": "hcho_ug_m3 tvoc_ug_m3 pm1_ug_m3 pm2_5_ug_m3 pm4_ug_m3 pm10_ug_m3 nh3_ug_m3 benzene_ug_m3 toluene_ug_m3 "
    "xylene_ug_m3 o3_ug_m3 no2_ug_m3 so2_ug_m3 co_ug_m3",
    "Bq": "radon_bq_m3",
    "lx": "illuminance_lx",
    "dB": "noise_dba",
    "m/s": "air_speed_m_s",
    "count": "occupancy",
}
LABORATORY = [
    "fresh_air_m3_h_person",
    "trichloroethylene_ug_m3",
    "tetrachloroethylene_ug_m3",
    "acetaldehyde_ug_m3",
    "benzo_a_pyrene_ng_m3",
    "bacteria_cfu_m3",
]


def test_wire_quantities_and_units_are_the_contracts() -> None:
    """Neither more nor fewer."""
    wanted = {name: unit for unit, names in SEED.items() for name in names.split()}
    assert {name: quantity.unit for name, quantity in WIRE_QUANTITIES.items()} == wanted


def test_laboratory_quantities_never_travel() -> None:
    """They are in the table and not on the wire."""
    assert [name for name, quantity in QUANTITIES.items() if not quantity.on_wire] == LABORATORY


def test_primary_units_are_of_the_table() -> None:
    """Mass concentrations, ppm and hPa are secondary and need `bver` 26."""
    used = {quantity.unit for quantity in WIRE_QUANTITIES.values()}
    assert used - PRIMARY_UNITS == {"ppm", "ug/m3", "hPa"}
    assert used >= PRIMARY_UNITS


@pytest.mark.parametrize("name", QUANTITIES)
def test_row_is_whole(name: str) -> None:
    """Titles in both languages, a range that runs upwards, no clash with the words of facility packs."""
    quantity = QUANTITIES[name]
    assert quantity.name == name
    assert quantity.title_en
    assert any(ord(letter) > 0x4E00 for letter in quantity.title_zh)
    assert quantity.low < quantity.high
    assert 0 <= quantity.decimals <= 3
    assert name not in WORD_TYPES


def test_plausible_range_includes_its_ends() -> None:
    """And nothing that is no number."""
    co2 = QUANTITIES["co2_ppm"]
    assert [co2.is_plausible(value) for value in (249.9, 250, 40_000, 40_000.1, nan, inf)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_gases_measured_as_mass_have_a_molar_mass() -> None:
    """Formaldehyde among them; particles, which are no gas, have none."""
    assert QUANTITIES["hcho_ug_m3"].molar_mass_g_mol == pytest.approx(30.026)
    assert QUANTITIES["co_ug_m3"].molar_mass_g_mol == pytest.approx(28.010)
    assert QUANTITIES["pm2_5_ug_m3"].molar_mass_g_mol is None
