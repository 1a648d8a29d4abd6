"""What is fetched for the tests, and what is said of what cannot be had. Apt itself is a double here."""

import subprocess

import pytest

from tests import unpack_servers
from tests.unpack_servers import main, packages_to_fetch

PLAN = """\
Reading package lists...
The following NEW packages will be installed:
  adduser libcjson1 mosquitto
Inst adduser (3.134 Debian:12.15/stable [all])
Inst libcjson1 (1.7.15-1 Debian:12.15/stable [amd64])
Inst mosquitto (2.0.11-1.2 Debian:12.15/stable [amd64])
Conf mosquitto (2.0.11-1.2 Debian:12.15/stable [amd64])
"""


def test_libraries_come_with_a_program() -> None:
    """What only an installation needs does not."""
    assert packages_to_fetch(PLAN) == ["libcjson1", "mosquitto"]
    assert packages_to_fetch("") == []


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A machine without any server whose apt-get refuses everything; what it was asked is remembered."""
    asked: list[tuple[str, ...]] = []

    def apt(*arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(arguments)
        return subprocess.CompletedProcess(arguments, 100, "", "E: Unable to locate package\n")

    monkeypatch.setattr(unpack_servers, "apt", apt)
    monkeypatch.setattr(unpack_servers, "is_there", lambda _: False)
    monkeypatch.setattr(unpack_servers.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(unpack_servers.os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)
    return asked


def test_what_cannot_be_had_is_named_with_the_line_to_type(
    bare: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """The tests go on without; nobody but root is made to install."""
    assert main() == 0
    said = capsys.readouterr().out
    for program in ("mosquitto", "influxd", "victoria-metrics", "chromium"):
        assert f"no {program}: its tests will skip" in said
    assert "sudo apt-get install -y chromium libatomic1" in said
    assert "Unable to locate package" in said
    assert all(arguments[0] == "install" and "--simulate" in arguments for arguments in bare)


def test_in_ci_a_missing_server_is_a_failure(
    bare: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There everything can be installed."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(unpack_servers.os, "geteuid", lambda: 0)
    assert main() == 4
    assert bare[0] == ("update",)
    assert "installing Debian's chromium and libatomic1" in capsys.readouterr().out


def test_without_apt_it_says_so(
    bare: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another system's user learns what is skipped."""
    monkeypatch.setattr(unpack_servers.shutil, "which", lambda _: None)
    assert main() == 0
    assert "no apt-get here" in capsys.readouterr().out
    assert bare == []


def test_with_everything_there_it_is_silent(
    bare: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every run of `make test` but the first."""
    monkeypatch.setattr(unpack_servers, "is_there", lambda _: True)
    assert main() == 0
    assert (capsys.readouterr().out, bare) == ("", [])
