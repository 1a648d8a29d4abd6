"""The words of the command line and its exit codes."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent import cli
from agent.cli import main
from sensors.opening import DRIVERS

GOOD = (
    'region = "east"\nsite = "east-001"\nagent = "hall-agent"\n'
    '[[sensors]]\npart = "scd41"\npoint = "hall-air"\nroom = "hall"\nbus = "i2c-99"\n'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A good configuration, whose sensor is not there."""
    file = tmp_path / "agent.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_a_good_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0, and a word on stdout."""
    assert main(["check-config", "--config", str(config)]) == 0
    assert "good, 1 sensors" in capsys.readouterr().out
    assert main(["check-config", "--config", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "problems": []}


def test_a_bad_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2, the place on stderr, the same in JSON on stdout; every other verb says the same."""
    config.write_text(GOOD + "adress = 1\n", encoding="utf-8")
    for verb in (["check-config"], ["run"], ["read-once"], ["replay", "x.csv", "--point", "hall-air"]):
        assert main([*verb, "--config", str(config)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "$.sensors[0].adress" in err
        assert "agent.toml" in err
    assert main(["check-config", "--config", str(config), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert not answer["ok"]
    assert "$.sensors[0].adress" in answer["problems"][0]


def test_what_only_the_driver_knows_is_checked_too(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A serial part on an I2C bus, a part without a driver, a height the part cannot be set to."""
    config.write_text(GOOD.replace("scd41", "pms5003"), encoding="utf-8")
    assert main(["check-config", "--config", str(config)]) == 2
    assert "$.sensors[0].bus: pms5003 on i2c-99: the pms5003 sits on a serial port" in capsys.readouterr().err
    config.write_text(GOOD.replace("scd41", "sfa30"), encoding="utf-8")
    assert main(["check-config", "--config", str(config)]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(DRIVERS, "sfa30")
        assert main(["check-config", "--config", str(config)]) == 2
    assert "$.sensors[0].part" in capsys.readouterr().err
    config.write_text(GOOD + "altitude_m = 5000\n", encoding="utf-8")
    assert main(["check-config", "--config", str(config)]) == 2
    assert "$.sensors[0].altitude_m" in capsys.readouterr().err


def test_read_once_with_simulated_sensors(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0, and one reading a sensor with its flags."""
    assert main(["read-once", "--config", str(config), "--simulate", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (reading,) = answer["readings"]
    assert answer["faults"] == []
    assert (reading["point"], reading["room"], reading["part"]) == ("hall-air", "hall", "scd41")
    assert set(reading["values"]) == {"co2_ppm", "temperature_c", "humidity_pct"}
    assert set(map(tuple, reading["flags"].values())) == {("simulated",)}
    assert reading["serial"]


def test_read_once_names_what_a_part_does_not_give_yet(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A formaldehyde cell says nothing for ten minutes: that is no wrong configuration."""
    config.write_text(GOOD.replace("scd41", "sfa40"), encoding="utf-8")
    assert main(["read-once", "--config", str(config), "--simulate"]) == 0
    [row] = [line for line in capsys.readouterr().out.splitlines() if "hcho_ug_m3" in line]
    assert row.endswith("nothing yet, the part warms up for 600 s")


def test_read_once_with_no_sensors_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to read is well, but not silence."""
    config.write_text(GOOD[: GOOD.index("[[sensors]]")], encoding="utf-8")
    assert main(["read-once", "--config", str(config)]) == 0
    assert "no sensors are configured" in capsys.readouterr().out
    assert main(["read-once", "--config", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"readings": [], "faults": [], "states": []}


def test_read_once_is_a_table_of_every_point(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unit and health of each quantity, warm-up said; contacts, Modbus states and probes too; a dead probe is a 1."""
    config.write_text(
        GOOD.replace("scd41", "bh1750")
        + '[[sensors]]\npart = "sps30"\npoint = "dust"\nroom = "hall"\n'
        + '[[inputs]]\npoint = "front-door"\nroom = "hall"\nkind = "door"\npin = 5\n'
        + '[[modbus]]\npoint = "fresh-air"\nroom = "roof"\nkind = "fresh-air"\nlink = "/dev/ttyUSB0"\n'
        + 'registers = [{ address = 0, states = { 0 = "ok", 1 = "fault" } }]\n'
        + '[[outputs]]\npoint = "lamp"\nroom = "hall"\nkind = "lamp"\npin = 22\nno_gateway_min = 1\n',
        encoding="utf-8",
    )
    words = ["read-once", "--config", str(config), "--simulate", "--timeout", "20"]
    assert main(words) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["POINT", "ROOM", "PART", "QUANTITY", "VALUE", "UNIT", "HEALTH"]
    assert rows[1][:4] == ["hall-air", "hall", "bh1750", "illuminance_lx"]
    assert rows[1][5:] == ["lx", "simulated"]
    assert rows[2][6:] == ["warming", "up,", "simulated"]
    assert rows[-2] == ["front-door", "hall", "door", "state", "closed", "works"]
    assert rows[-1] == ["fresh-air", "roof", "fresh-air", "state", "ok", "works"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config.write_text(
        GOOD[: GOOD.index("[[sensors]]")]
        + '[[probes]]\npoint = "display"\nroom = "hall"\nkind = "display"\nmethod = "tcp"\nfailures = 1\n'
        + f'target = "127.0.0.1:{port}"\n',
        encoding="utf-8",
    )
    assert main([*words, "--json"]) == 1
    (state,) = json.loads(capsys.readouterr().out)["states"]
    assert (state["point"], state["state"], state["working"]) == ("display", "down", False)


def test_read_once_without_the_sensor(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1: a finding, with the reason."""
    assert main(["read-once", "--config", str(config), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["readings"] == []
    assert answer["faults"][0]["point"] == "hall-air"
    assert "i2c-99" in answer["faults"][0]["reason"]
    assert main(["read-once", "--config", str(config)]) == 1
    assert "no reading: scd41 on i2c-99" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "--config"],
        ["replay", "x.csv", "--config", "a.toml"],
        ["replay", "x.csv", "--config", "a.toml", "--point", "p", "--speed", "fast"],
        ["replay", "x.csv", "--config", "a.toml", "--point", "p", "--speed", "0"],
        ["replay", "x.csv", "--config", "a.toml", "--point", "p", "--patience", "nan"],
        ["check-config", "--config", "/nowhere/agent.toml"],
    ],
)
def test_wrong_use(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """2, with a word on stderr and nothing on stdout."""
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err


@pytest.mark.parametrize(
    "words", [["replay", "x.csv", "--point", "No Id"], ["replay", "x.csv", "--point", "p", "--room", "A"]]
)
def test_ids_of_a_replay_are_checked(
    config: Path, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a journal is made."""
    file = tmp_path / "x.csv"
    file.write_text("time,co2_ppm\n", encoding="utf-8")
    words = [str(file) if word == "x.csv" else word for word in words]
    assert main([*words, "--config", str(config), "--journal", str(tmp_path / "j")]) == 2
    assert "is no id" in capsys.readouterr().err
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["replay", "--help"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """0, on stdout."""
    assert main(words) == 0
    assert "openhall-agent" in capsys.readouterr().out


def test_a_fault_of_ours(config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """70, with the traceback in the log, not on stdout."""

    def fail(_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(cli.configuration, "load", fail)
    assert main(["check-config", "--config", str(config)]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert "ZeroDivisionError" in err


def test_the_console_script() -> None:
    """It is installed and exits with main's code."""
    program = Path(sys.executable).with_name("openhall-agent")
    done = subprocess.run([str(program), "fly"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "fly" in done.stderr
