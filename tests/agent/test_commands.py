"""Orders from the gateway: each once, expired ones never, repeats the first answer."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commands import MAX_ANSWERS, CommandError, Commands
from telemetry.messages import Command
from telemetry.topics import Root
from tests.fakes import FakeClock

ROOT = Root("east", "east-001", "hall-agent")


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.done: list[Command] = []
        self.commands = Commands(ROOT, {"resend": self.resend}, self.clock)

    def resend(self, command: Command) -> Mapping[str, Any]:
        if command.journal == "bad":
            raise CommandError("no such journal")
        self.done.append(command)
        return {"sent": len(self.done)}

    def ask(self, name: str, **words: object) -> dict[str, Any]:
        body = {"id": "c-1", "expires": self.clock.now() + 60} | words
        message = self.commands.receive(name, json.dumps(body).encode())
        assert message is not None
        assert message.topic == f"{ROOT}/reply/{body['id']}"
        assert not message.retain
        answer = json.loads(message.body)
        assert isinstance(answer, dict)
        return answer


def test_a_command_is_carried_out_and_answered() -> None:
    """The answer has the id and the result."""
    bench = Bench()
    assert bench.ask("resend", journal="j1", ranges=[[1, 2]]) == {"id": "c-1", "ok": True, "result": {"sent": 1}}
    assert bench.done[0].ranges == [(1, 2)]


def test_a_repeat_gets_the_first_answer() -> None:
    """It is not carried out again, even when it has expired meanwhile."""
    bench = Bench()
    first = bench.ask("resend", journal="j1", ranges=[[1, 2]])
    expires = bench.clock.now() + 60
    bench.clock.advance(120)
    assert bench.ask("resend", journal="j1", ranges=[[1, 2]], expires=expires) == first
    assert len(bench.done) == 1


def test_an_expired_command_is_refused() -> None:
    """And stays refused under that id."""
    bench = Bench()
    answer = bench.ask("resend", expires=bench.clock.now() - 5)
    assert answer == {"id": "c-1", "ok": False, "error": "expired 5 s ago"}
    assert not bench.ask("resend")["ok"]
    assert bench.done == []


def test_an_unknown_command_is_answered() -> None:
    """The asker learns what this agent knows."""
    answer = Bench().ask("restart")
    assert not answer["ok"]
    assert answer["error"].startswith("unknown command 'restart'")
    assert "resend" in answer["error"]


@pytest.mark.parametrize("words", [{"ranges": [[3, 1]]}, {"ranges": "x"}, {"expires": "soon"}, {"journal": "bad"}])
def test_arguments_that_make_no_sense_are_answered(words: dict[str, object]) -> None:
    """With an id there is always an answer."""
    answer = Bench().ask("resend", **words)
    assert not answer["ok"]
    assert answer["error"]


@given(st.binary(max_size=200))
def test_no_bytes_raise(body: bytes) -> None:
    """A body without a readable id is counted, since there is nobody to answer to."""
    bench = Bench()
    message = bench.commands.receive("resend", body)
    assert (message is None) == (bench.commands.malformed == 1)


def test_an_id_that_fits_no_topic_is_not_answered() -> None:
    """A slash or a wildcard in an id must not choose our topic."""
    bench = Bench()
    for command_id in ("a/b", "#", "+", "", "A", "x" * 33):
        assert bench.commands.receive("resend", json.dumps({"id": command_id, "expires": 2e9}).encode()) is None
    assert bench.commands.malformed == 6


def test_remembered_answers_are_bounded() -> None:
    """The oldest are forgotten first."""
    bench = Bench()
    for number in range(MAX_ANSWERS + 1):
        bench.ask("resend", id=f"c-{number}")
    bench.ask("resend", id="c-1")
    assert len(bench.done) == MAX_ANSWERS + 1
    bench.ask("resend", id="c-0")
    assert len(bench.done) == MAX_ANSWERS + 2
