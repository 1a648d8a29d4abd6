"""What the configuration takes, what it refuses, and that its sample and its README tell the truth."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from agent import config as configuration
from agent import facility_config
from agent.config import AgentConfig, SensorConfig, load, parse
from agent.errors import ConfigurationError
from agent.home_assistant import HomeAssistantConfig

FOLDER = Path(configuration.__file__).parent
HEAD = 'region = "east"\nsite = "east-001"\nagent = "hall-agent"\n'
SENSOR = '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\n'
OTHER = '[[sensors]]\npart = "scd40"\npoint = "vault-air"\nroom = "vault"\n'

TABLES = {
    "": AgentConfig,
    "broker": configuration.BrokerConfig,
    "journal": configuration.JournalConfig,
    "uplink": configuration.UplinkConfig,
    "clock": configuration.ClockConfig,
    "sampler": configuration.SamplerConfig,
    "signing": configuration.SigningConfig,
    "commands": configuration.CommandsConfig,
    "health": configuration.HealthConfig,
    "log": configuration.LogConfig,
    "home_assistant": HomeAssistantConfig,
    "sensors": SensorConfig,
    "sensors.calibration": configuration.CalibrationConfig,
    "inputs": facility_config.InputConfig,
    "inputs.line": facility_config.LineConfig,
    "outputs": facility_config.OutputConfig,
    "probes": facility_config.ProbeConfig,
    "modbus": facility_config.ModbusConfig,
    "modbus.registers": facility_config.RegisterConfig,
}


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    return caught.value.problems


def test_three_ids_are_enough() -> None:
    """Everything else has a default; an agent without sensors is one that only will have some."""
    config = parse(HEAD)
    assert (config.region, config.site, config.agent) == ("east", "east-001", "hall-agent")
    assert config.sensors == []
    assert config.journal.keep_days == 7
    assert config.broker.effective_port == 1883


def test_tls_has_its_own_port(tmp_path: Path) -> None:
    """A CA file turns TLS on, and with it the port that is TLS's."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("x", encoding="ascii")
    broker = parse(f'{HEAD}[broker]\nca_file = "{ca_file}"\n').broker
    assert broker.is_tls
    assert broker.effective_port == 8883
    assert parse(f'{HEAD}[broker]\nca_file = "{ca_file}"\nport = 1884\n').broker.effective_port == 1884


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('region = "east"\nsite = "s"\n', ["$.agent:", "add it"]),
        (HEAD.replace("east-001", "East 1"), ["$.site:", "lower-case"]),
        (HEAD.replace('"east"', '"gateway"'), ["$.region:", "taken"]),
        (HEAD + "[broker]\nhots = 1\n", ["$.broker.hots:", "no such setting", "host"]),
        (HEAD + "[brokers]\n", ["$.brokers:", "no such setting", "broker"]),
        (HEAD + SENSOR + OTHER + "adress = 0x62\n", ["$.sensors[1].adress:", "no such setting", "address"]),
        (HEAD + SENSOR + OTHER + 'address = "0x62"\n', ["$.sensors[1].address:", "int"]),
        (HEAD + SENSOR + OTHER + "address = 0x99\n", ["$.sensors[1].address:", "119"]),
        (HEAD + SENSOR + "period_s = 0\n", ["$.sensors[0].period_s:", "0.1"]),
        (HEAD + SENSOR + "period_s = nan\n", ["$.sensors[0].period_s:"]),
        (HEAD + SENSOR + "period_s = inf\n", ["$.sensors[0].period_s:"]),
        (HEAD + SENSOR.replace("scd41", "scd99"), ["$.sensors[0].part:", "scd99", "scd41"]),
        (HEAD + SENSOR + 'bus = "i2c-one"\n', ["$.sensors[0].bus:", "i2c-one", "/dev/i2c-1"]),
        (HEAD + SENSOR.replace("hall-air", "hall-agent"), ["$.sensors[0].point:", "agent's own id"]),
        (HEAD + SENSOR + SENSOR + 'bus = "i2c-3"\n', ["$.sensors[1].point:", "$.sensors[0]", "rename"]),
        (HEAD + SENSOR + "[sensors.calibration]\noffset = { hcho_ug_m3 = 1.0 }\n", ["calibration.offset.hcho_ug_m3:"]),
        (HEAD + SENSOR + "[sensors.calibration]\noffset = { co2_ppm = nan }\n", ["offset.co2_ppm:", "finite"]),
        (HEAD + SENSOR + "[sensors.calibration]\ngain = { co2_ppm = 0.0 }\n", ["$.sensors[0].calibration.gain"]),
        (
            HEAD + '[broker]\npassword_file = "/nowhere/pw"\nusername = "a"\n',
            ["$.broker.password_file:", "/nowhere/pw"],
        ),
        (HEAD + '[broker]\ncert_file = "/dev/null"\nca_file = "/dev/null"\n', ["$.broker.cert_file:", "key_file"]),
        (HEAD + "[uplink]\nresend_min_s = 1000\n", ["$.uplink.resend_min_s:", "resend_max_s"]),
        (HEAD + '[journal]\nfsync = "never"\n', ["$.journal.fsync:", "never"]),
        (HEAD + "[journal\n", ["TOML", "line 4"]),
    ],
)
def test_an_error_names_its_place(text: str, words: list[str]) -> None:
    """Every error says where it is and what would be right."""
    found = problems(text)
    assert any(all(word in problem for word in words) for problem in found), found


def test_two_sensors_on_one_address_get_advice() -> None:
    """The same bus under two names is still the same bus, and a part's own address counts."""
    (problem,) = problems(HEAD + SENSOR + 'bus = "/dev/i2c-1"\n' + OTHER + 'bus = "i2c-1"\naddress = 0x62\n')
    assert problem.startswith("$.sensors[1].address: 0x62")
    assert "$.sensors[0]" in problem
    assert "multiplexer" in problem


def test_two_sensors_on_two_buses_are_fine() -> None:
    """One address may stand on several buses."""
    assert len(parse(HEAD + SENSOR + OTHER + 'bus = "/dev/i2c-3"\n').sensors) == 2


def test_all_problems_are_told_at_once() -> None:
    """Who corrects a file wants to do it once."""
    assert len(problems(HEAD + SENSOR.replace("scd41", "scd99") + SENSOR + '[broker]\nkey_file = "/nowhere"\n')) >= 3


def test_the_file_is_named(tmp_path: Path) -> None:
    """With several files about, the error says which."""
    file = tmp_path / "agent.toml"
    file.write_text(HEAD + "x = 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"agent\.toml"):
        load(file)
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        load(tmp_path / "missing.toml")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(file)


def sample_text(*, uncommented: bool) -> str:
    text = (FOLDER / "agent.sample.toml").read_text(encoding="utf-8")
    return re.sub(r"^# ", "", text, flags=re.MULTILINE) if uncommented else text


def test_the_sample_is_a_good_configuration() -> None:
    """As shipped it can be loaded."""
    config = parse(sample_text(uncommented=False))
    assert [sensor.point for sensor in config.sensors] == ["hall-air"]
    assert config.broker == configuration.BrokerConfig()


def test_the_sample_shows_every_setting_with_its_default() -> None:
    """Uncommented it names every setting there is, and every value shown is the default where there is one."""
    raw = tomllib.loads(sample_text(uncommented=True))
    config = msgspec.convert(raw, AgentConfig)
    shown = {name: raw.get(name) for name in TABLES if "." not in name and name}
    shown[""] = raw
    shown["sensors"] = raw["sensors"][0]
    shown["sensors.calibration"] = raw["sensors"][0]["calibration"]
    for name in ("inputs", "outputs", "probes", "modbus"):
        shown[name] = raw[name][0]
    shown["inputs.line"] = raw["inputs"][0]["line"]
    shown["modbus.registers"] = raw["modbus"][0]["registers"][0]
    for name, table in TABLES.items():
        assert set(shown[name]) == set(table.__struct_fields__), name
    for name in ("broker", "journal", "uplink", "clock", "sampler", "signing", "health", "log", "home_assistant"):
        for field in msgspec.structs.fields(TABLES[name]):
            if field.default not in (None, msgspec.NODEFAULT):
                assert getattr(getattr(config, name), field.name) == field.default, (name, field.name)
    for field in msgspec.structs.fields(SensorConfig):
        if field.default not in (None, msgspec.NODEFAULT):
            assert getattr(config.sensors[0], field.name) == field.default, field.name
    line, register = config.inputs[0].line, config.modbus[0].registers[0]
    for one in (config.inputs[0], line, config.outputs[0], config.probes[0], config.modbus[0], register):
        assert one is not None
        for field in msgspec.structs.fields(type(one)):
            if field.default not in (None, msgspec.NODEFAULT) and field.name != "kind":
                assert getattr(one, field.name) == field.default, field.name


def test_every_setting_is_in_the_readme() -> None:
    """A setting that nobody can look up does not exist."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, table in TABLES.items():
        for field in table.__struct_fields__:
            assert f"`{field}`" in text, f"{name}.{field}"


def test_the_readme_names_every_file() -> None:
    """The table of files is the folder."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = {file.name for file in FOLDER.iterdir() if file.suffix in (".py", ".toml")} - {"__init__.py"}
    named = set(re.findall(r"`([a-z_.]+\.(?:py|toml))`", text.partition("## Files")[2]))
    assert named == files


def places(*sensors: str, more: str = "") -> list[str]:
    """The places of all problems, of sensors given as `part bus`."""
    text = HEAD
    for index, sensor in enumerate(sensors):
        part, _, bus = sensor.partition(" ")
        text += f'[[sensors]]\npart = "{part}"\npoint = "p{index}"\nroom = "hall"\n'
        text += f'bus = "{bus}"\n' if bus else ""
    try:
        parse(text + more)
    except ConfigurationError as error:
        return [problem.partition(": ")[0] for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("sensors", "wrong"),
    [
        (["scd41", "scd41"], ["$.sensors[1].address"]),
        (["scd41", "scd41 /dev/i2c-3"], []),
        (["scd41", "sht45", "sgp41"], []),
        (["pms5003 /dev/ttyUSB0", "pms5003 /dev/ttyUSB0"], ["$.sensors[1].bus"]),
        (["pms5003 /dev/ttyUSB0", "pmsa003 /dev/ttyUSB0"], ["$.sensors[1].bus"]),
        (["pms5003 /dev/ttyUSB0", "pms5003 /dev/ttyUSB1"], []),
        (["ds18b20 w1"], []),
        (["ds18b20 w1", "ds18b20 w1"], ["$.sensors[0].bus"]),
        (["ds18b20 w1", "ds18b20 w1:28-0316a2795aff"], ["$.sensors[0].bus"]),
        (["ds18b20 w1:28-0316a2795aff", "ds18b20 w1"], ["$.sensors[1].bus"]),
        (["ds18b20 w1:28-0316a2795aff", "ds18b20 w1:28-0316a2795aff"], ["$.sensors[1].bus"]),
        (["ds18b20 w1:28-0316a2795aff", "ds18b20 /sys/bus/w1/devices/28-0316a2795aff"], ["$.sensors[1].bus"]),
        (["ds18b20 w1:28-0316a2795aff", "ds18b20 w1:28-0316a2795afe"], []),
    ],
)
def test_two_sensors_cannot_have_one_place(sensors: list[str], wrong: list[str]) -> None:
    """An address, a serial port, a 1-Wire name; said before anything is opened, with what to do."""
    assert places(*sensors) == wrong


def test_a_port_with_two_names_is_one_port(tmp_path: Path) -> None:
    """As /dev/serial0 is; and a Modbus line cannot have a sensor's port either."""
    (tmp_path / "ttyAMA0").touch()
    (tmp_path / "serial0").symlink_to(tmp_path / "ttyAMA0")
    assert places(f"pms5003 {tmp_path}/serial0", f"pms5003 {tmp_path}/ttyAMA0") == ["$.sensors[1].bus"]
    device = '[[modbus]]\npoint = "m"\nroom = "hall"\nkind = "air"\nlink = "{link}"\n'
    device += '[[modbus.registers]]\naddress = 0\nquantity = "co2_ppm"\n'
    assert places("pms5003 /dev/ttyUSB0", more=device.format(link="/dev/ttyUSB0")) == ["$.modbus[0].link"]
    assert places("pms5003 /dev/ttyUSB0", more=device.format(link="/dev/ttyUSB1")) == []
