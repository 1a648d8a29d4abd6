"""Errors of the sensors; the branch says what the caller does.

```
SensorError
├── SensorMisconfigured      tell the operator: no such part, a wrong address, a value the sensor cannot take
│   └── WrongPart            another part is soldered on than the configuration says
├── SensorNotStarted         call `start()` first
├── SensorUnavailable        nothing answers: check the wiring; stop, wait, start again
│   └── BusHung              a device holds the whole bus and could not be clocked out: cut its power
├── SensorSilent             it answers and measures nothing new: stop, start again
├── ChecksumMismatch         one answer was garbled on its way: read again
├── NotFinite                a value is no number: leave it out, read again
├── SelfTestFailed           the sensor found itself broken: replace it
├── PartlyBroken             one of its cells reports a fault, told once: read on, its other values are good
└── CalibrationFailed        the forced calibration did not take: hold it in steady air and try again
```
"""


class SensorError(Exception):
    """Base of all errors of this package.

    Attributes:
        sensor: The part, `scd41`.
        bus: Where it sits, `/dev/i2c-1`.
        address: Its I2C address, None where it has none.
    """

    def __init__(self, text: str, *, sensor: str = "", bus: str = "", address: int | None = None) -> None:
        where = f"{sensor} on {bus}" if bus else sensor
        if address is not None:
            where += f" at 0x{address:02x}"
        super().__init__(f"{where}: {text}" if where else text)
        self.sensor = sensor
        self.bus = bus
        self.address = address


class SensorMisconfigured(SensorError):  # noqa: N818
    """The configuration asks for what cannot be.

    Attributes:
        setting: The field of `SensorSpec` that must change.
        got: What it holds.
    """

    def __init__(
        self, text: str, *, setting: str, got: object, sensor: str = "", bus: str = "", address: int | None = None
    ) -> None:
        super().__init__(text, sensor=sensor, bus=bus, address=address)
        self.setting = setting
        self.got = got


class WrongPart(SensorMisconfigured):
    """The chip says that it is another part; its accuracy is another one too.

    Attributes:
        expected: The part of the configuration.
    """

    def __init__(self, *, expected: str, got: str, bus: str, address: int) -> None:
        text = f"the chip says it is an {got}; set part = {got!r} or fit an {expected}"
        super().__init__(text, setting="part", got=got, sensor=expected, bus=bus, address=address)
        self.expected = expected


class SensorNotStarted(SensorError):  # noqa: N818
    """It was read before `start()` or after `stop()`."""


class SensorUnavailable(SensorError):  # noqa: N818
    """The sensor does not answer, or its bus is not there."""


class BusHung(SensorUnavailable):
    """A device holds the data line of the bus, and with it everything on it."""


class SensorSilent(SensorError):  # noqa: N818
    """The sensor answers and has had nothing new for much longer than its period.

    Attributes:
        silent_s: For how long.
    """

    def __init__(self, text: str, *, silent_s: float, sensor: str, bus: str, address: int | None = None) -> None:
        super().__init__(text, sensor=sensor, bus=bus, address=address)
        self.silent_s = silent_s


class ChecksumMismatch(SensorError):  # noqa: N818
    """An answer does not fit its checksum; nothing of it is used."""


class NotFinite(SensorError):  # noqa: N818
    """A value is NaN or infinite.

    Attributes:
        quantity: Which one.
        got: The value.
    """

    def __init__(self, *, quantity: str, got: float, sensor: str, bus: str, address: int | None = None) -> None:
        text = f"{quantity} is {got}; the reading is refused, read again"
        super().__init__(text, sensor=sensor, bus=bus, address=address)
        self.quantity = quantity
        self.got = got


class SelfTestFailed(SensorError):  # noqa: N818
    """The sensor's own test found a fault."""


class PartlyBroken(SensorError):  # noqa: N818
    """A sensor of several cells reports a fault of some; their quantities are left out from now on.

    Attributes:
        quantities: What is missing for as long as the fault stays.
    """

    def __init__(
        self, text: str, *, quantities: tuple[str, ...], sensor: str, bus: str, address: int | None = None
    ) -> None:
        super().__init__(text, sensor=sensor, bus=bus, address=address)
        self.quantities = quantities


class CalibrationFailed(SensorError):  # noqa: N818
    """The sensor refused a forced calibration.

    Attributes:
        reference_ppm: What it was to be calibrated to.
    """

    def __init__(self, text: str, *, reference_ppm: int, sensor: str, bus: str, address: int | None = None) -> None:
        super().__init__(text, sensor=sensor, bus=bus, address=address)
        self.reference_ppm = reference_ppm
