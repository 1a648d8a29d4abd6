"""Plantower's frames found in a stream of bytes: out of sync, garbled or cut, the next whole one is found."""

import struct
from dataclasses import dataclass
from typing import Final

# Plantower PMS5003 manual V2.3, appendix I: 0x42 0x4D, length, 13 words, sum of all bytes before it.
START: Final = b"\x42\x4d"
DATA_BYTES: Final = 28
FRAME_BYTES: Final = 4 + DATA_BYTES
WORDS: Final = struct.Struct(">13H")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        words: Its 13 data words: three concentrations for a factory, three for the air, six counts, version and error.
    """

    words: tuple[int, ...]

    @property
    def air_ug_m3(self) -> tuple[int, int, int]:
        """PM1, PM2.5 and PM10 in µg/m³ "under atmospheric environment", data 4 to 6."""
        return self.words[3], self.words[4], self.words[5]

    @property
    def counts(self) -> tuple[int, ...]:
        """Particles beyond 0.3, 0.5, 1, 2.5, 5 and 10 µm in 0.1 L of air, data 7 to 12."""
        return self.words[6:12]

    @property
    def error_code(self) -> int:
        """The lower half of data 13: an error code with the PMSA003, reserved with the PMS5003."""
        return self.words[12] & 0xFF


class Frames:
    """A parser that is fed bytes as they come; it holds less than one frame back.

    Attributes:
        garbled: Frames whose sum did not fit.
        seen: Bytes fed.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self.seen = 0
        self._kept = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The whole frames that end within `data`, oldest first."""
        self.seen += len(data)
        kept, found = self._kept + data, []
        while True:
            at = kept.find(START)
            if at < 0:
                # The first byte of a start may be the last that came.
                kept = kept[-1:] if kept[-1:] == START[:1] else b""
                break
            kept = kept[at:]
            if len(kept) < FRAME_BYTES:
                if kept[2:4] in (b"", b"\x00", DATA_BYTES.to_bytes(2, "big")):
                    break
                kept = kept[1:]
                continue
            frame = _frame(kept[:FRAME_BYTES])
            if frame is None:
                self.garbled += kept[2:4] == DATA_BYTES.to_bytes(2, "big")
                # A frame may begin within what only looked like one.
                kept = kept[1:]
                continue
            found.append(frame)
            kept = kept[FRAME_BYTES:]
        self._kept = kept
        return found


def _frame(raw: bytes) -> Frame | None:
    if int.from_bytes(raw[2:4], "big") != DATA_BYTES:
        return None
    if sum(raw[:-2]) & 0xFFFF != int.from_bytes(raw[-2:], "big"):
        return None
    return Frame(WORDS.unpack_from(raw, 4))
