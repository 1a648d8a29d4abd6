"""What registers mean, and what a wrong map is told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.facility_config import ModbusConfig, RegisterConfig
from agent.modbus.registers import part_of, point_of, problems_of, raw_of, state_of, value_of, words_for


def register(**words: object) -> RegisterConfig:
    return RegisterConfig(**({"address": 0} | words))  # type: ignore[arg-type]


def modbus(*registers: RegisterConfig, **words: object) -> ModbusConfig:
    given = {"point": "p", "room": "hall", "link": "/dev/ttyUSB0", "registers": list(registers)} | words
    return ModbusConfig(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "words", "value"),
    [
        (register(), [700], 700),
        (register(type="int16", scale=0.1), [0xFF38], -20.0),
        (register(type="uint32"), [0x0001, 0x86A0], 100_000),
        (register(type="uint32", word_order="little"), [0x86A0, 0x0001], 100_000),
        (register(type="int32"), [0xFFFF, 0xFFFE], -2),
        (register(type="float32"), [0x41AC, 0x0000], 21.5),
        (register(type="float32", scale=2, offset=-1), [0x41AC, 0x0000], 42.0),
        (register(table="coil", type="uint32"), [1], 1),
    ],
)
def test_a_register_has_its_value(one: RegisterConfig, words: list[int], value: float) -> None:
    """Types, scale and offset, the order of words."""
    assert value_of(one, words) == pytest.approx(value)


def test_words_that_are_missing_or_not_finite_are_refused() -> None:
    """A device may send NaN for "no sensor"."""
    with pytest.raises(ValueError, match="2 were asked for"):
        value_of(register(type="float32"), [1])
    with pytest.raises(ValueError, match="finite"):
        value_of(register(type="float32"), [0x7FC0, 0])


@given(
    st.sampled_from(["uint16", "int16", "uint32", "int32", "float32"]),
    st.sampled_from(["big", "little"]),
    st.floats(0.001, 100),
    st.floats(-100, 100),
    st.integers(0, 1_000),
)
def test_what_is_written_is_read_back(kind: str, order: str, scale: float, offset: float, raw: int) -> None:
    """As near as one step of the type."""
    one = register(type=kind, word_order=order, scale=scale, offset=offset)
    value = raw * scale + offset
    assert math.isclose(value_of(one, words_for(one, value)), value, abs_tol=scale, rel_tol=1e-5)


def test_a_state_is_the_word_of_its_value() -> None:
    """Bits are taken out and shifted down; a value without a word is told."""
    one = register(states={"0": "ok", "1": "fault"})
    assert state_of(one, [1]) == ("fault", 1)
    assert state_of(one, [7]) == ("", 7)
    masked = register(states={"0": "ok", "5": "fault"}, mask=0b1110_0000)
    assert state_of(masked, [0b1010_0011]) == ("fault", 5)
    assert state_of(masked, [0b0001_1111]) == ("ok", 0)
    assert state_of(register(table="discrete", states={"1": "ok"}), [True]) == ("ok", 1)
    assert raw_of(register(type="int16"), [0xFFFF]) == -1


def test_presence_knows_the_quantities() -> None:
    """A register map is a part like others."""
    config = modbus(register(quantity="co2_ppm"), register(address=1, quantity="temperature_c"))
    assert [channel.quantity for channel in part_of(config).channels] == ["co2_ppm", "temperature_c"]
    info = point_of(config, simulate=True)
    assert (info.kind, info.part, info.quantities, info.simulated) == (
        "air",
        "modbus",
        ["co2_ppm", "temperature_c"],
        True,
    )


STATES = {"0": "ok"}


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (modbus(register(quantity="co2_ppm"), kind="teapot"), "kind"),
        (modbus(), "registers"),
        (modbus(register(states=STATES), register(address=1, states=STATES), kind="lift"), "registers"),
        (modbus(register()), "registers[0].quantity"),
        (modbus(register(quantity="co3_ppm")), "registers[0].quantity"),
        (modbus(register(quantity="co2_ppm"), register(address=1, quantity="co2_ppm")), "registers[1].quantity"),
        (modbus(register(quantity="co2_ppm", states=STATES)), "registers[0].states"),
        (modbus(register(quantity="co2_ppm", scale=0.0)), "registers[0].scale"),
        (modbus(register(quantity="co2_ppm", offset=math.nan)), "registers[0].offset"),
        (modbus(register(quantity="co2_ppm", states=STATES), kind="lift"), "registers[0].quantity"),
        (modbus(register(), kind="lift"), "registers[0].states"),
        (modbus(register(states=STATES, type="float32"), kind="lift"), "registers[0].type"),
        (modbus(register(states={"on": "ok"}), kind="lift"), "registers[0].states.on"),
        (modbus(register(states={"01": "ok"}), kind="lift"), "registers[0].states.01"),
    ],
)
def test_a_wrong_map_names_its_place(config: ModbusConfig, setting: str) -> None:
    """The setting and what to do."""
    assert setting in [place for place, _ in problems_of(config)]


def test_a_good_map_has_no_problems() -> None:
    """Air with several quantities, a machine with one register."""
    assert not list(problems_of(modbus(register(quantity="co2_ppm"), register(address=1, quantity="humidity_pct"))))
    assert not list(problems_of(modbus(register(states={"-1": "fault", "0": "ok"}, type="int16"), kind="lift")))
