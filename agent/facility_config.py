"""The configuration of facility points: contacts, buttons, probes, Modbus devices, lamps, buzzers and relays."""

from typing import Annotated, Literal

import msgspec

from telemetry.ids import ID_PATTERN

Id = Annotated[str, msgspec.Meta(pattern=f"^{ID_PATTERN}$")]
Pin = Annotated[int, msgspec.Meta(ge=2, le=27)]
"""The GPIO's number, not the place on the header. 0 and 1 belong to the EEPROM of add-on boards (Raspberry Pi, HAT
design guide, "ID EEPROM")."""

Ohm = Annotated[float, msgspec.Meta(ge=10, le=10_000_000)]
Words = Annotated[str, msgspec.Meta(min_length=1)]
Failures = Annotated[int, msgspec.Meta(ge=1, le=100)]
Timeout = Annotated[float, msgspec.Meta(ge=0.05, le=60)]
Period = Annotated[float, msgspec.Meta(ge=0.5, le=86_400)]


class LineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[inputs.line]`: a supervised line, whose resistors tell cut and short from open and closed.

    The supply feeds the line through `pull_ohm`; at its far end `series_ohm` lies in series with the contact, and
    `parallel_ohm` across it.

    Attributes:
        adc: The converter, on SPI bus 0.
        channel: Its input.
        select: The chip select it is on, CE0 or CE1.
        pull_ohm: Between supply and the converter's input.
        series_ohm: In series with the contact.
        parallel_ohm: Across the contact.
        period_s: Seconds between two readings.
    """

    adc: Literal["mcp3004", "mcp3008"] = "mcp3008"
    channel: Annotated[int, msgspec.Meta(ge=0, le=7)]
    select: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    pull_ohm: Ohm = 2_200.0
    series_ohm: Ohm = 1_000.0
    parallel_ohm: Ohm = 2_200.0
    period_s: Annotated[float, msgspec.Meta(ge=0.01, le=10)] = 0.05


class InputConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[inputs]]`: a contact at a GPIO or on a supervised line.

    Attributes:
        point: The id of the facility point.
        room: The id of its room.
        kind: What it is; a call for help begins with `call-`.
        pin: Its GPIO; None for a supervised line.
        style: `button`: pressing calls, letting go is no change; `cord`: calls while it is pulled; `contact`: no call.
            None: `button` for calls, else `contact`.
        normally: How the contact is while all is as usual: door shut, floor dry, mains on, nobody calls. None: as is
            usual for the kind.
        pull: The Pi's own resistor; `none` where one is wired.
        closed_is: What the GPIO reads while the contact is closed; None: `high` with pull `down`, else `low`.
        debounce_s: A change counts once it has stood for so long.
        reset_pin: The GPIO of the contact, normally open, that clears a button's call at the place itself.
        line: The supervised line, instead of `pin`.
    """

    point: Id
    room: Id
    kind: Id
    pin: Pin | None = None
    style: Literal["button", "cord", "contact"] | None = None
    normally: Literal["open", "closed"] | None = None
    pull: Literal["up", "down", "none"] = "up"
    closed_is: Literal["low", "high"] | None = None
    debounce_s: Annotated[float, msgspec.Meta(ge=0.001, le=5)] = 0.03
    reset_pin: Pin | None = None
    line: LineConfig | None = None

    @property
    def closed_is_high(self) -> bool:
        """True if the GPIO reads high while the contact is closed."""
        return self.closed_is == "high" if self.closed_is else self.pull == "down"


class OutputConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[outputs]]`: a lamp, buzzer or relay that tells the branch of a call, head office or not.

    Attributes:
        point: The id of its own facility point, which says whether it works.
        room: The id of its room.
        kind: `lamp`, `buzzer` or `relay`.
        pin: Its GPIO.
        active: What the GPIO is while it is on.
        calls: The points of the calls it is for.
        when: `called`: while a call stands; `unheard`: while one stands that no gateway has heard. None: `unheard` for
            a buzzer, else `called`.
        after_s: So long after the call at the earliest; None: 30 for `unheard`, else 0.
        no_gateway_min: Blinks once no gateway was heard for so many minutes; None: never.
    """

    point: Id
    room: Id
    kind: Literal["lamp", "buzzer", "relay"]
    pin: Pin
    active: Literal["high", "low"] = "high"
    calls: list[Id] = []
    when: Literal["called", "unheard"] | None = None
    after_s: Annotated[float, msgspec.Meta(ge=0, le=3_600)] | None = None
    no_gateway_min: Annotated[float, msgspec.Meta(ge=0.1, le=1_440)] | None = None


class ProbeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[probes]]`: something on the network that must answer or speak.

    Attributes:
        point: The id of the facility point, `up` or `down`.
        room: The id of its room.
        kind: What it is.
        method: How it is asked.
        target: Whom: a host for `ping`; `host:port` for `tcp`; an address for `http`; `mqtt://host:port/topic` for
            `mqtt`; `sip:name@host:port` for `sip`.
        period_s: Seconds between two probes; for `mqtt` the topic must speak that often.
        timeout_s: An answer must come within so long.
        failures: So many failures in a row are `down`.
        expect_status: The status that the answer must have; None: 200 for `http`, what shows a living line for `sip`.
        expect_text: A text that the answer must hold; for `http` only.
        ca_file: PEM certificates that an `https` certificate is checked against; None: the system's.
        tls_verify: False: any certificate will do, for devices that made their own.
        username: For `mqtt`; None: anonymous.
        password_file: A file that holds the password.
    """

    point: Id
    room: Id
    kind: Id
    method: Literal["ping", "tcp", "http", "mqtt", "sip"]
    target: Words
    period_s: Period = 30.0
    timeout_s: Timeout = 5.0
    failures: Failures = 3
    expect_status: Annotated[int, msgspec.Meta(ge=100, le=699)] | None = None
    expect_text: Words | None = None
    ca_file: Words | None = None
    tls_verify: bool = True
    username: Words | None = None
    password_file: Words | None = None


class RegisterConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[modbus.registers]]`.

    Attributes:
        address: Its number on the wire, from 0: register 40001 of a manual is holding register 0.
        table: Which of the device's tables it is in.
        type: What it holds; those of 32 bits take two registers.
        word_order: Of those, which register comes first: the high (`big`) or the low one (`little`).
        scale: The value is register * scale + offset, in the quantity's unit.
        offset: As above.
        quantity: The quantity it measures; for a point of kind `air`.
        states: By value, as text, the state it means; for a facility point.
        mask: Only these bits count, shifted down; for `states`.
    """

    address: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    type: Literal["uint16", "int16", "uint32", "int32", "float32"] = "uint16"
    word_order: Literal["big", "little"] = "big"
    scale: float = 1.0
    offset: float = 0.0
    quantity: Words | None = None
    states: dict[str, Id] = {}
    mask: Annotated[int, msgspec.Meta(ge=1, le=0xFFFF_FFFF)] | None = None


class ModbusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[modbus]]`: a point read from a Modbus device. Several may share a link, and a device.

    Attributes:
        point: The id of the point.
        room: The id of its room.
        kind: `air` for measured values, else what it is.
        link: `tcp://host:port`, or a serial port such as `/dev/ttyUSB0`, which speaks RTU.
        unit: The device's number on the link.
        baud_rate: Of a serial port; with the next two it must be the same for all points of a link.
        parity: As above.
        stop_bits: As above.
        period_s: Seconds between two readings.
        timeout_s: An answer must come within so long.
        failures: So many failed readings in a row make a facility point `unknown`.
        registers: What is read: one register with `states`, or some with `quantity`.
    """

    point: Id
    room: Id
    kind: Id = "air"
    link: Words
    unit: Annotated[int, msgspec.Meta(ge=0, le=247)] = 1
    baud_rate: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    period_s: Period = 30.0
    timeout_s: Timeout = 1.0
    failures: Failures = 3
    registers: list[RegisterConfig]
