"""Sensirion's words on the I2C bus: 16 bits, big-endian, each followed by a checksum."""

import struct
from typing import Final

WORDS: Final = struct.Struct(">H")


def crc8(data: bytes) -> int:
    """Sensirion's checksum (section 3.11): polynomial 0x31, start 0xFF, nothing reflected, no final xor."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def frame(*words: int) -> bytes:
    """Words as they go over the bus: big-endian, each followed by its checksum."""
    return b"".join((raw := WORDS.pack(word)) + bytes([crc8(raw)]) for word in words)
