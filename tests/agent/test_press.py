"""The socket that presses simulated inputs: for its own user alone, and with an answer for everything."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import press as press_module
from agent.errors import PressError
from agent.press import PressServer, press, socket_path


class Hand:
    def __init__(self) -> None:
        self.pressed: list[tuple[str, str]] = []

    def __call__(self, point: str, state: str) -> None:
        if point == "nothing":
            raise PressError("no input 'nothing'; there are door")
        if point == "broken":
            raise ValueError("fault of ours")
        self.pressed.append((point, state))


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def path(tmp_path: Path, hand: Hand) -> Iterator[Path]:
    path = socket_path(tmp_path / "agent.journal")
    server = PressServer(path, hand)
    yield path
    server.close()
    assert not path.exists()


def test_a_press_arrives(path: Path, hand: Hand) -> None:
    """And who pressed knows that it did."""
    press(path, "door", "open")
    press(path, "door", "closed")
    assert hand.pressed == [("door", "open"), ("door", "closed")]


def test_only_its_own_user_may_press(path: Path) -> None:
    """Whatever the umask, from the first moment on."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = os.umask(0)
    try:
        other = path.with_name("other.press")
        server = PressServer(other, Hand())
        assert stat.S_IMODE(other.stat().st_mode) == 0o600
        server.close()
    finally:
        os.umask(before)


def test_what_cannot_be_pressed_is_told(path: Path, hand: Hand) -> None:
    """A refusal, a fault and nonsense each have an answer, and the next press works."""
    with pytest.raises(PressError, match="there are door"):
        press(path, "nothing", "open")
    with pytest.raises(PressError, match="ValueError: fault of ours"):
        press(path, "broken", "open")
    for line in (b"\n", b"nonsense\n", b"[]\n", b'{"point": 1}\n', b"x" * 2_000):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(path))
            one.sendall(line)
            assert json.loads(one.recv(4_096))["ok"] is False
    press(path, "door", "open")
    assert hand.pressed == [("door", "open")]


def test_a_client_that_goes_away_or_hangs_stops_nobody(path: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them connects and leaves, one connects and says nothing."""
    monkeypatch.setattr(press_module, "TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(path))
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(path))
        monkeypatch.setattr(press_module, "TIMEOUT_S", 10.0)
        silent.close()
        press(path, "door", "open")
    assert hand.pressed == [("door", "open")]


def test_without_an_agent_the_advice_is_told(tmp_path: Path) -> None:
    """No socket, one that a killed agent left behind, no folder."""
    with pytest.raises(ConnectionError, match="--simulate"):
        press(tmp_path / "agent.journal.press", "door", "open")
    with pytest.raises(ConnectionError, match="--simulate"):
        press(tmp_path / "nowhere" / "agent.journal.press", "door", "open")
    left = tmp_path / "left.press"
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(left))
    with pytest.raises(ConnectionError, match="--simulate"):
        press(left, "door", "open")
    hand = Hand()
    server = PressServer(left, hand)
    press(left, "door", "open")
    server.close()
    assert hand.pressed == [("door", "open")]


def test_a_deep_folder_is_no_problem(tmp_path: Path) -> None:
    """A socket's address takes 107 characters; a journal may lie deeper."""
    folder = tmp_path
    while len(str(folder)) < 300:
        folder = folder / "a-folder-with-a-long-name"
    folder.mkdir(parents=True)
    hand = Hand()
    server = PressServer(folder / "agent.journal.press", hand)
    press(folder / "agent.journal.press", "door", "open")
    server.close()
    assert hand.pressed == [("door", "open")]
