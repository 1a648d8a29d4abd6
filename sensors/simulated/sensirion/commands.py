"""How all of Sensirion's chips take commands: a code of 16 bits, words with checksums, a time of its own for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sensors.simulated.chip import WiredChip
from sensors.words import FRAMED, WORDS, BadWord, unframe


@dataclass(frozen=True, slots=True)
class Command:
    """A row of a data sheet's command overview.

    Attributes:
        run: Carries it out on a chip with the words that came with it.
        takes_s: For so long the chip acknowledges nothing.
        while_measuring: Taken while it measures.
        while_idle: Taken while it does not.
        only: The parts that know it; empty for all of the family.
    """

    run: Callable[[Any, tuple[int, ...]], None]
    takes_s: float = 0.001
    while_measuring: bool = False
    while_idle: bool = True
    only: frozenset[str] = frozenset()


class SensirionChip(WiredChip):
    """A chip that takes the commands of its table.

    Attributes:
        commands: The codes of the last commands it took, at most 200.
    """

    table: ClassVar[Mapping[tuple[int, int], Command]]
    """By code and the number of words that follow it."""

    def __init__(self, part_name: str, now: Callable[[], float], power_up_s: float) -> None:
        super().__init__(now, power_up_s)
        self.commands: list[int] = []
        self._part_name = part_name
        self._reply = b""

    @property
    def is_measuring(self) -> bool:
        """Whether commands for the idle chip are refused."""
        raise NotImplementedError

    def write(self, data: bytes) -> bool:
        """Take the bytes of one transfer; False if one of them was not acknowledged."""
        if not self._answers():
            return self._unheard(data)
        if not data:
            return True
        self._reply = b""
        if len(data) < 2 or (len(data) - 2) % FRAMED:
            return False
        code = WORDS.unpack_from(data)[0]
        command = self.table.get((code, (len(data) - 2) // FRAMED))
        if command is None or (command.only and self._part_name not in command.only):
            return False
        if not (command.while_measuring if self.is_measuring else command.while_idle):
            return False
        try:
            words = unframe(data[2:])
        except BadWord:
            return False
        self.commands.append(code)
        del self.commands[:-200]
        self._busy_until = self._now() + command.takes_s
        command.run(self, words)
        return True

    def read(self, length: int) -> bytes | None:
        """Give as many bytes; None if it did not acknowledge its address."""
        if not self._answers() or not self._reply:
            return None
        reply, self._reply = self._reply, b""
        if self.faults.garbles():
            reply = reply[:2] + bytes([reply[2] ^ 0x01]) + reply[3:]
        # Nobody drives the line after the last byte, so that it reads as ones.
        return (reply + b"\xff" * length)[:length]

    def _answers(self) -> bool:
        if not self._is_there():
            return False
        self._go_on()
        return True

    def _unheard(self, data: bytes) -> bool:
        """What the bytes do though the chip did not acknowledge its address; False."""
        return False

    def _go_on(self) -> None:
        """Measure whatever has fallen due since the last transfer."""
