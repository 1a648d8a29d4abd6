"""A master that knows nothing of a chip but bytes."""

from typing import Any

from sensors.simulated import Air
from sensors.simulated.hanging import chip_class
from telemetry.parts import PARTS
from tests.sensors.lab import BenchClock

AIR = Air(co2_ppm=500, temperature_c=25, humidity_pct=50, hcho_ppb=20, pm1_ug_m3=7, pm2_5_ug_m3=10, pm4_ug_m3=12.5)


class Wire:
    """One chip without error or noise, on a clock that moves when told."""

    def __init__(self, part: str, air: Air = AIR, serial: int = 0xF8969F073BBE, seed: int | None = None) -> None:
        self.clock = BenchClock()
        self.air = air
        self.chip: Any = chip_class(part)(
            PARTS[part], air=lambda: self.air, now=self.clock.monotonic, serial=serial, seed=seed
        )

    def send(self, text: str, wait_ms: float = 0) -> bool:
        """Bytes as hex; True if all were acknowledged; then wait."""
        done: bool = self.chip.write(bytes.fromhex(text))
        self.clock.sleep(wait_ms / 1000)
        return done

    def ask(self, text: str, wait_ms: float, length: int) -> str | None:
        """Send, wait, read: the answer as hex, None if there was none."""
        if not self.send(text, wait_ms):
            return None
        answer = self.chip.read(length)
        return None if answer is None else answer.hex(" ", 1)
