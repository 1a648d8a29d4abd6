"""What is wrong with facility tables: each problem names its place and what to do."""

import pytest

from agent.config import parse
from agent.errors import ConfigurationError

HEAD = 'region = "east"\nsite = "east-001"\nagent = "hall-agent"\n'
CALL = '[[inputs]]\npoint = "call"\nroom = "toilet"\nkind = "call-toilet"\npin = 17\nreset_pin = 27\n'
DOOR = '[[inputs]]\npoint = "door"\nroom = "hall"\nkind = "door"\npin = 5\n'
LEAK = '[[inputs]]\npoint = "leak"\nroom = "hall"\nkind = "leak"\n[inputs.line]\nchannel = 0\n'
LAMP = '[[outputs]]\npoint = "lamp"\nroom = "hall"\nkind = "lamp"\npin = 22\ncalls = ["call"]\n'
PROBE = '[[probes]]\npoint = "kiosk"\nroom = "hall"\nkind = "kiosk"\nmethod = "tcp"\ntarget = "kiosk:80"\n'
LIFT = (
    '[[modbus]]\npoint = "lift"\nroom = "hall"\nkind = "lift"\nlink = "/dev/ttyUSB0"\n'
    '[[modbus.registers]]\naddress = 0\nstates = { 0 = "ok" }\n'
)
SENSOR = '[[sensors]]\npart = "scd41"\npoint = "air"\nroom = "hall"\n'
ALL = SENSOR + CALL + DOOR + LEAK + LAMP + PROBE + LIFT


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        parse(HEAD + text)
    return caught.value.problems


def test_a_whole_branch_is_fine() -> None:
    """One of each."""
    config = parse(HEAD + ALL)
    assert (len(config.inputs), len(config.outputs), len(config.probes), len(config.modbus)) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DOOR + DOOR.replace('"door"\nroom', '"gate"\nroom'), ["$.inputs[1].pin:", "GPIO 5", "$.inputs[0].pin"]),
        (CALL + LAMP.replace("22", "17"), ["$.outputs[0].pin:", "GPIO 17", "$.inputs[0].pin"]),
        (CALL + LAMP.replace("22", "27"), ["$.outputs[0].pin:", "GPIO 27", "$.inputs[0].reset_pin"]),
        (CALL.replace("27", "17"), ["$.inputs[0].reset_pin:", "GPIO 17", "$.inputs[0].pin"]),
        (SENSOR + DOOR.replace("5", "2"), ["$.inputs[0].pin:", "GPIO 2", "I2C bus of $.sensors[0]"]),
        (LEAK + DOOR.replace("5", "8"), ["$.inputs[1].pin:", "GPIO 8", "SPI bus of $.inputs[0].line"]),
        (
            DOOR.replace("5", "14") + LIFT.replace("/dev/ttyUSB0", "/dev/serial0"),
            ["$.inputs[0].pin:", "GPIO 14", "serial port of $.modbus[0]"],
        ),
        (
            CALL + CALL.replace('"call"', '"call-2"').replace("17", "18") + 'pull = "down"\n',
            ["$.inputs[1].reset_pin:", "make them alike"],
        ),
        (DOOR.replace('kind = "door"', 'kind = "dor"'), ["$.inputs[0].kind:", "'dor'", "door, window", "call-"]),
        (PROBE.replace('kind = "kiosk"', 'kind = "kiosc"'), ["$.probes[0].kind:", "'kiosc'", "queue-machine"]),
        (LIFT.replace('kind = "lift"', 'kind = "lifd"'), ["$.modbus[0].kind:", "'lifd'", "fresh-air"]),
        (LAMP.replace('kind = "lamp"', 'kind = "lamb"') + CALL, ["$.outputs[0].kind:", "lamb"]),
        (SENSOR + DOOR.replace('"door"\nroom', '"air"\nroom'), ["$.inputs[0].point:", "$.sensors[0]", "rename"]),
        (CALL + LAMP.replace('"lamp"\nroom', '"call"\nroom'), ["$.outputs[0].point:", "$.inputs[0]", "rename"]),
        (PROBE + LIFT.replace('"lift"\nroom', '"kiosk"\nroom'), ["$.modbus[0].point:", "$.probes[0]"]),
        (DOOR.replace('"door"\nroom', '"hall-agent"\nroom'), ["$.inputs[0].point:", "agent's own id"]),
        (CALL.replace("reset_pin = 27\n", ""), ["$.inputs[0].reset_pin:", "is missing", "cord"]),
        (CALL + 'style = "cord"\n', ["$.inputs[0].reset_pin:", "put back"]),
        (CALL + 'style = "contact"\n', ["$.inputs[0].style:", "button"]),
        (DOOR + 'style = "cord"\n', ["$.inputs[0].style:", "call-"]),
        (DOOR.replace("pin = 5\n", ""), ["$.inputs[0].pin:", "is missing", "[inputs.line]"]),
        (LEAK.replace("[inputs.line]", "pin = 6\n[inputs.line]"), ["$.inputs[0].pin:", "take pin or"]),
        (DOOR.replace("5", "1"), ["$.inputs[0].pin:", "2"]),
        (LEAK.replace("channel = 0", 'channel = 4\nadc = "mcp3004"'), ["line.channel:", "0 to 3"]),
        (LEAK + LEAK.replace('"leak"\nroom', '"leak-2"\nroom'), ["$.inputs[1].line.channel:", "$.inputs[0].line"]),
        (LEAK + "series_ohm = 10\n", ["$.inputs[0].line.pull_ohm:", "nearer"]),
        (LEAK + "ohm = 10\n", ["$.inputs[0].line.ohm:", "there are", "pull_ohm"]),
        (LAMP, ["$.outputs[0].calls:", "'call'", "none yet"]),
        (LAMP.replace('["call"]', "[]"), ["$.outputs[0].calls:", "no_gateway_min"]),
        (PROBE.replace('"kiosk:80"', '"kiosk"'), ["$.probes[0].target:", "host:port"]),
        (PROBE.replace('"tcp"', '"telnet"'), ["$.probes[0].method:", "telnet"]),
        (PROBE + 'ca_file = "/nowhere/ca"\n', ["$.probes[0].ca_file:", "/nowhere/ca"]),
        (LIFT.replace("/dev/ttyUSB0", "ttyUSB0"), ["$.modbus[0].link:", "tcp://host:port"]),
        (
            LIFT + LIFT.replace('"lift"\nroom', '"lift-2"\nroom').replace("[[modbus.", "baud_rate = 1200\n[[modbus."),
            ["$.modbus[1].baud_rate:", "$.modbus[0]"],
        ),
        (LIFT.replace('{ 0 = "ok" }', "{}"), ["$.modbus[0].registers[0].states:", "is missing"]),
        (LIFT + "adress = 1\n", ["$.modbus[0].registers[0].adress:", "there are address"]),
    ],
)
def test_a_problem_names_its_place_and_advice(text: str, words: list[str]) -> None:
    """All in one go, so that a file is corrected once."""
    found = problems(text)
    assert any(all(word in problem for word in words) for problem in found), found


def test_buttons_may_share_their_reset() -> None:
    """One contact clears the calls of a room."""
    parse(HEAD + CALL + CALL.replace('"call"', '"call-2"').replace("17", "18"))
