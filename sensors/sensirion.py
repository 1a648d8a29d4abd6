"""What drivers of Sensirion's chips share that speak in words: send a command, wait as long as it takes, read words.

Sensirion's own Python packages do the same through a stack of adapters; why they are not used is decision 0005.
"""

from contextlib import suppress

from sensors.i2c_driver import I2CDriver
from sensors.words import FRAMED, WORDS, BadWord, frame, text_of, unframe

TEXT_WORDS = 16
"""Names and serial numbers travel as 32 characters."""


class SensirionDriver(I2CDriver):
    """A chip that takes commands of 16 bits and answers in words with checksums."""

    _last_answer: tuple[int, ...] = ()

    def _send(self, code: int, *words: int, takes_s: float = 0.0) -> None:
        """Send a command with its words and wait until it is carried out.

        Raises:
            OSError: If it was not acknowledged.
        """
        with self._locked():
            self.port.writeto(self._address, WORDS.pack(code) + frame(*words))
        if takes_s:
            self._sleep(takes_s)

    def _ask(self, code: int, count: int, *words: int, takes_s: float) -> tuple[int, ...]:
        """Send a command, wait, and read so many words.

        Raises:
            OSError: If one of the two was not acknowledged.
            ChecksumMismatch: If one word is garbled; none is used then.
        """
        self._send(code, *words, takes_s=takes_s)
        answer = bytearray(count * FRAMED)
        with self._locked():
            self.port.readfrom_into(self._address, answer)
        try:
            return unframe(bytes(answer))
        except BadWord as error:
            raise self._garbled("it was not read") from error

    def _text(self, code: int, count: int = TEXT_WORDS, *, takes_s: float) -> str:
        return text_of(self._ask(code, count, takes_s=takes_s))

    def _send_if_heard(self, code: int, *, takes_s: float) -> None:
        """Send a command that a chip in another state need not acknowledge."""
        with suppress(OSError):
            self._send(code)
        # Slept also if it was not heard: the chip may have been busy with just that.
        self._sleep(takes_s)

    def _is_echo(self, answer: tuple[int, ...]) -> bool:
        """Whether it is the very answer of the read before.

        Chips without a flag for new data repeat the old ones; in several living words of 16 bits a new measurement
        never looks the same twice in a row for long.
        """
        before, self._last_answer = self._last_answer, answer
        return before == answer
