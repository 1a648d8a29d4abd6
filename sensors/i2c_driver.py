"""What drivers of I2C sensors share: the address, and a bus that hangs is freed at the next start."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from sensors.driver import Driver
from sensors.errors import BusHung, SensorUnavailable
from sensors.i2c import BusHeld, I2CBus
from sensors.spec import SensorSpec, i2c_address
from telemetry.clock import Clock
from telemetry.parts import PARTS

GONE_HINT: Final = "enable I2C (raspi-config, Interface Options) and reboot"


class I2CDriver(Driver[I2CBus]):
    """One sensor at one address."""

    addresses: ClassVar[frozenset[int]] = frozenset()
    """The addresses the part can be set to; empty where any goes, behind a translator."""

    def __init__(
        self,
        open_port: Callable[[], I2CBus],
        *,
        spec: SensorSpec,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = i2c_address(spec, PARTS[self._part_name], self.addresses)
        super().__init__(open_port, spec=spec, clock=clock, sleep=sleep)
        self._where["address"] = self._address

    def _start(self) -> None:
        try:
            super()._start()
        except SensorUnavailable:
            # A device that lost count of the clocks holds the data line, and with it the whole bus, for ever.
            if not self._freed():
                raise
            self._close()
            super()._start()

    def _freed(self) -> bool:
        """Whether the bus was held and is free now."""
        if self._port is None:
            return False
        try:
            return self._port.recover()
        except BusHeld as error:
            text = f"{error}; cut the power of the devices on it for ten seconds, then look for the one that does it"
            raise BusHung(text, **self._where) from error
        except OSError:
            return False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The bus ours for one transfer."""
        if not self.port.try_lock():
            raise OSError(errno.EBUSY, "the I2C bus is taken")
        try:
            yield
        finally:
            self.port.unlock()

    def _hint_missing(self) -> str:
        return f"there is no such bus; {GONE_HINT}"

    def _hint_forbidden(self) -> str:
        return "we may not use the bus; add this user to the group i2c"
