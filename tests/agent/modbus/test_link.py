"""Real pymodbus servers over TCP and RTU: values, states, exceptions, silence, adapters that come and go."""

import socket
import threading
import time

import pytest

from agent.errors import CheckError
from agent.facility_config import ModbusConfig, RegisterConfig
from agent.facility_points import PointState
from agent.modbus import Links, ModbusSensor, ModbusState, PymodbusLink, link_of
from agent.modbus import link as link_module
from sensors.errors import SensorError
from tests.agent.modbus.servers import HOLDING, rtu_server, tcp_server
from tests.servers import HOST, free_port


def register(**words: object) -> RegisterConfig:
    return RegisterConfig(**({"address": 0} | words))  # type: ignore[arg-type]


def modbus(link: str, *registers: RegisterConfig, **words: object) -> ModbusConfig:
    given = {"point": "p", "room": "hall", "link": link, "registers": list(registers), "timeout_s": 2.0} | words
    return ModbusConfig(**given)  # type: ignore[arg-type]


def state(config: ModbusConfig) -> PointState:
    link = PymodbusLink(link_of(config))
    try:
        return ModbusState(config, link).ask()
    finally:
        link.close()


AIR = (
    register(quantity="co2_ppm"),
    register(address=1, type="int16", scale=0.1, quantity="temperature_c"),
    register(address=2, type="uint32", scale=0.01, quantity="pressure_hpa"),
    register(address=4, type="float32", quantity="humidity_pct"),
)


def test_air_over_tcp() -> None:
    """All quantities of one device, each with its type and scale."""
    with tcp_server() as port:
        config = modbus(f"tcp://{HOST}:{port}", *AIR)
        link = PymodbusLink(link_of(config))
        sensor = ModbusSensor(config, link)
        sensor.start()
        assert sensor.read() == {
            "co2_ppm": 700.0,
            "temperature_c": pytest.approx(-20.0),
            "pressure_hpa": 1_000.0,
            "humidity_pct": 21.5,
        }
        sensor.stop()
        link.close()


@pytest.mark.parametrize(("table", "value"), [("holding", 700), ("input", 701), ("coil", 1), ("discrete", 0)])
def test_each_table_is_another(table: str, value: int) -> None:
    """Function codes 3, 4, 1 and 2."""
    with tcp_server() as port:
        states = {str(value): "ok", "99": "fault"}
        config = modbus(f"tcp://{HOST}:{port}", register(table=table, states=states), kind="lift")
        assert state(config) == PointState(working=True, state="ok")


def test_a_state_that_does_not_work_says_why() -> None:
    """Bits under a mask; what the map does not have is a failure."""
    with tcp_server() as port:
        one = register(address=6, mask=0b1110_0000, states={"5": "fault"})
        config = modbus(f"tcp://{HOST}:{port}", one, kind="lift")
        assert state(config) == PointState(working=False, state="fault", reason="its register says 5")
        other = modbus(f"tcp://{HOST}:{port}", register(address=7, states={"0": "ok"}), kind="lift")
        with pytest.raises(CheckError, match="is 3, which states does not have"):
            state(other)


def test_an_exception_is_told_in_words_and_the_next_read_goes_on() -> None:
    """The device has no such register; the connection is none the worse."""
    with tcp_server() as port:
        config = modbus(f"tcp://{HOST}:{port}", *AIR)
        link = PymodbusLink(link_of(config))
        with pytest.raises(CheckError, match=r"it has no such register \(exception 2\)"):
            link.read(1, register(address=500), 2.0)
        assert link.read(1, register(), 2.0) == [HOLDING[0]]
        wrong = ModbusSensor(modbus(f"tcp://{HOST}:{port}", register(address=500, quantity="co2_ppm")), link)
        with pytest.raises(SensorError, match="no such register"):
            wrong.start()
        link.close()


def test_a_device_that_says_nothing_ends_in_time() -> None:
    """It takes the connection and never answers."""
    with socket.create_server((HOST, 0)) as server:
        config = modbus(
            f"tcp://{HOST}:{server.getsockname()[1]}", register(states={"0": "ok"}), kind="lift", timeout_s=0.2
        )
        began_s = time.monotonic()
        with pytest.raises(CheckError, match="no answer in time"):
            state(config)
        assert time.monotonic() - began_s < 10


def test_a_device_that_is_away_comes_back() -> None:
    """Its controller restarts; nobody visits the Pi."""
    port = free_port()
    config = modbus(f"tcp://{HOST}:{port}", *AIR, timeout_s=0.5)
    link = PymodbusLink(link_of(config))
    for _ in range(2):
        with pytest.raises(CheckError, match="cannot be opened"):
            link.read(1, register(), 0.5)
        with tcp_server(port):
            assert link.read(1, register(), 5.0) == [700]
        with pytest.raises(CheckError):
            link.read(1, register(), 0.5)
    link.close()


def test_rtu_over_a_serial_line() -> None:
    """Two devices on one line; a third that is not there does not disturb them."""
    with rtu_server() as port:
        config = modbus(port, *AIR, timeout_s=5.0)
        links = Links(PymodbusLink)
        link = links.get(link_of(config))
        assert isinstance(link, PymodbusLink)
        assert ModbusSensor(config, link).read()["co2_ppm"] == 700.0
        second = modbus(port, register(address=7, states={"3": "up"}), kind="lift", unit=2, timeout_s=5.0)
        assert links.get(link_of(second)) is link
        assert ModbusState(second, link).ask() == PointState(working=True, state="up")
        with pytest.raises(CheckError):
            link.read(9, register(), 0.3)
        assert ModbusSensor(config, link).read()["co2_ppm"] == 700.0
        link.close()


def test_a_serial_port_that_is_not_there_is_told() -> None:
    """The adapter is unplugged."""
    config = modbus("/dev/openhall-nothing", register(states={"0": "ok"}), kind="lift")
    with pytest.raises(CheckError, match="see to the adapter"):
        state(config)


def test_a_link_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else reads a device that does not answer."""
    monkeypatch.setattr(link_module, "BUSY_S", 0.05)
    with socket.create_server((HOST, 0)) as server:
        config = modbus(f"tcp://{HOST}:{server.getsockname()[1]}", *AIR)
        link = PymodbusLink(link_of(config))
        errors: list[Exception] = []

        def hold() -> None:
            try:
                link.read(1, register(), 1.0)
            except CheckError as error:
                errors.append(error)

        thread = threading.Thread(target=hold)
        thread.start()
        client, _ = server.accept()
        with client, pytest.raises(CheckError, match="busy"):
            link.read(1, register(), 1.0)
        thread.join(20)
        assert errors


def test_serial_settings_tell_links_apart_and_tcp_has_none() -> None:
    """Whoever shares a link shares its settings."""
    assert link_of(modbus("tcp://a:5020", baud_rate=1200)) == link_of(modbus("tcp://a:5020"))
    assert link_of(modbus("/dev/a", baud_rate=1200)) != link_of(modbus("/dev/a"))
    assert link_of(modbus("tcp://a:5020")).tcp == ("a", 5020)
    assert link_of(modbus("tcp://a")).tcp == ("a", 502)
    assert link_of(modbus("/dev/a")).tcp is None
