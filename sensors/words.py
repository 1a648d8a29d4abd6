"""Sensirion's words on the I2C bus, for drivers and simulated chips alike: 16 bits and a checksum each."""

import struct
from typing import Final

WORDS: Final = struct.Struct(">H")
FRAMED: Final = 3
"""Bytes of one word with its checksum."""


class BadWord(ValueError):  # noqa: N818
    """A word does not fit its checksum.

    Attributes:
        index: Which one of the answer, from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"word {index} does not fit its checksum")
        self.index = index


def crc8(data: bytes) -> int:
    """Sensirion's checksum: polynomial 0x31, start 0xFF, nothing reflected, no final xor.

    The same in all their data sheets, so in the SCD4x's v1.3, section 3.11: 0xBEEF gives 0x92.
    """
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def frame(*words: int) -> bytes:
    """Words as they go over the bus: big-endian, each followed by its checksum."""
    return b"".join((raw := WORDS.pack(word)) + bytes([crc8(raw)]) for word in words)


def unframe(answer: bytes) -> tuple[int, ...]:
    """The words of an answer.

    Args:
        answer: A multiple of three bytes.

    Raises:
        BadWord: If one does not fit its checksum; none of them is to be used then.
    """
    words = []
    for at in range(0, len(answer), FRAMED):
        if crc8(answer[at : at + 2]) != answer[at + 2]:
            raise BadWord(at // FRAMED)
        words.append(WORDS.unpack_from(answer, at)[0])
    return tuple(words)


def text_of(words: tuple[int, ...]) -> str:
    """ASCII text that travels two characters a word and ends at the first zero."""
    raw = b"".join(WORDS.pack(word) for word in words)
    return raw.split(b"\x00", 1)[0].decode("ascii", errors="replace").strip()


def words_of(text: str, count: int) -> tuple[int, ...]:
    """Text as so many words, filled up with zeros."""
    raw = text.encode("ascii").ljust(2 * count, b"\x00")
    return tuple(WORDS.unpack_from(raw, at)[0] for at in range(0, 2 * count, 2))
