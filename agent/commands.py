"""Orders from the gateway, carried out once each."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from telemetry.bus import Message
from telemetry.clock import Clock
from telemetry.errors import MalformedError
from telemetry.ids import is_id
from telemetry.messages import MAX_BODY_BYTES, Command, Reply, decode, encode
from telemetry.topics import Root

MAX_ANSWERS: Final = 256
"""So many answers are remembered for repeats. A gateway repeats a command within minutes, and asks one at a time."""

MAX_ANSWERS_BYTES: Final = 2_000_000

Handler = Callable[[Command], Mapping[str, Any]]
"""Carries out one kind of command: its result, or CommandError."""


class CommandError(Exception):
    """The command cannot be carried out; the text is the answer's `error`."""


class _Id(msgspec.Struct, frozen=True):
    id: str


class Commands:
    """Answers each command: expired ones are refused, each id is carried out once, a repeat gets the first answer.

    Attributes:
        carried_out: Commands whose handler was called.
        malformed: Messages without a readable id, which cannot be answered.
    """

    def __init__(self, root: Root, handlers: Mapping[str, Handler], clock: Clock) -> None:
        self.carried_out = 0
        self.malformed = 0
        self._root = root
        self._handlers = dict(handlers)
        self._clock = clock
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._answers_bytes = 0

    def receive(self, name: str, body: bytes) -> Message | None:
        """The answer to one command message; None if it has no id to answer to."""
        command_id = _id_of(body)
        if command_id is None:
            self.malformed += 1
            return None
        answer = self._answers.get(command_id)
        if answer is None:
            answer = self._answer(name, command_id, body)
            self._remember(command_id, answer)
        return Message(topic=self._root.reply(command_id), body=answer)

    def _answer(self, name: str, command_id: str, body: bytes) -> bytes:
        try:
            reply = Reply(id=command_id, ok=True, result=dict(self._carry_out(name, body)))
        except (CommandError, MalformedError) as error:
            reply = Reply(id=command_id, ok=False, error=str(error)[:1_000])
        answer = encode(reply)
        if len(answer) > MAX_BODY_BYTES:
            text = f"the answer would take {len(answer)} bytes, more than {MAX_BODY_BYTES}; ask for less"
            answer = encode(Reply(id=command_id, ok=False, error=text))
        return answer

    def _carry_out(self, name: str, body: bytes) -> Mapping[str, Any]:
        handler = self._handlers.get(name)
        if handler is None:
            raise CommandError(f"unknown command {name!r}; this agent knows {', '.join(sorted(self._handlers))}")
        command = decode(body, Command)
        late_s = self._clock.now() - command.expires
        if late_s > 0:
            raise CommandError(f"expired {late_s:.0f} s ago")
        self.carried_out += 1
        return handler(command)

    def _remember(self, command_id: str, answer: bytes) -> None:
        self._answers[command_id] = answer
        self._answers_bytes += len(answer)
        while len(self._answers) > MAX_ANSWERS or self._answers_bytes > MAX_ANSWERS_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._answers_bytes -= len(oldest)


def _id_of(body: bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        command_id = msgspec.json.decode(body, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return command_id if is_id(command_id) else None
