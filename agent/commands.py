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
ERROR_LETTERS: Final = 1_000

MAX_PENDING: Final = 32
"""Commands under way at one time; each ends by itself."""


class Later:
    """In place of a result: the command is under way, `Commands.finish` will bring it."""


LATER: Final = Later()

Handler = Callable[[Command], Mapping[str, Any] | Later]
"""Carries out one kind of command: its result, `LATER`, or CommandError."""


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

    def __init__(
        self, root: Root, handlers: Mapping[str, Handler], clock: Clock, *, answered: Mapping[str, bytes] | None = None
    ) -> None:
        """Make it.

        Args:
            root: Whose answers they are.
            handlers: By the command's name.
            clock: For what has expired.
            answered: By id, answers of an earlier run: of commands that end the program.
        """
        self.carried_out = 0
        self.malformed = 0
        self._root = root
        self._handlers = dict(handlers)
        self._clock = clock
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._answers_bytes = 0
        self._pending: dict[str, None] = {}
        for command_id, answer in (answered or {}).items():
            self._remember(command_id, answer)

    def add(self, handlers: Mapping[str, Handler]) -> None:
        """Know these commands too."""
        self._handlers |= handlers

    def receive(self, name: str, body: bytes) -> Message | None:
        """The answer to one command message; None if it has no id to answer to, or the answer comes later."""
        command_id = _id_of(body)
        if command_id is None:
            self.malformed += 1
            return None
        if command_id in self._pending:
            return None
        answer = self._answers.get(command_id)
        if answer is not None:
            return Message(topic=self._root.reply(command_id), body=answer)
        try:
            result = self._carry_out(name, body)
        except (CommandError, MalformedError) as error:
            return self.finish(command_id, str(error))
        if isinstance(result, Later):
            self._pending[command_id] = None
            return None
        return self.finish(command_id, result)

    def finish(self, command_id: str, outcome: Mapping[str, Any] | str) -> Message:
        """The answer to a command: its result, or why there is none. The first answer stays."""
        self._pending.pop(command_id, None)
        answer = self._answers.get(command_id)
        if answer is None:
            answer = answer_of(command_id, outcome)
            self._remember(command_id, answer)
        return Message(topic=self._root.reply(command_id), body=answer)

    def _carry_out(self, name: str, body: bytes) -> Mapping[str, Any] | Later:
        handler = self._handlers.get(name)
        if handler is None:
            raise CommandError(f"unknown command {name!r}; this agent knows {', '.join(sorted(self._handlers))}")
        command = decode(body, Command)
        late_s = self._clock.now() - command.expires
        if late_s > 0:
            raise CommandError(f"expired {late_s:.0f} s ago")
        if len(self._pending) >= MAX_PENDING:
            raise CommandError(f"{len(self._pending)} commands are under way already; ask again in a minute")
        self.carried_out += 1
        return handler(command)

    def _remember(self, command_id: str, answer: bytes) -> None:
        self._answers[command_id] = answer
        self._answers_bytes += len(answer)
        while len(self._answers) > MAX_ANSWERS or self._answers_bytes > MAX_ANSWERS_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._answers_bytes -= len(oldest)


def answer_of(command_id: str, outcome: Mapping[str, Any] | str) -> bytes:
    """The body of an answer: a result, or in words why there is none."""
    if isinstance(outcome, str):
        return encode(Reply(id=command_id, ok=False, error=outcome[:ERROR_LETTERS]))
    answer = encode(Reply(id=command_id, ok=True, result=dict(outcome)))
    if len(answer) > MAX_BODY_BYTES:
        text = f"the answer would take {len(answer)} bytes, more than {MAX_BODY_BYTES}; ask for less"
        answer = encode(Reply(id=command_id, ok=False, error=text))
    return answer


def _id_of(body: bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        command_id = msgspec.json.decode(body, type=_Id).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return command_id if is_id(command_id) else None
