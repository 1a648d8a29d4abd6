"""What is wired in the demo's branches: sensors of many kinds, contacts, lamps, devices on network and Modbus."""

from dataclasses import dataclass
from typing import Final

PERIOD_S: Final = 5.0
"""As fast as an SCD41 measures (Sensirion SCD4x data sheet v1.5, section 3.5.1); a branch would take 30 or 60 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """One sensor: its part, the room it hangs in, and its bus; the point is `{room}-{measures}`.

    `measures` is `air` for the sensor that a room has for CO2.
    """

    part: str
    room: str
    bus: str
    measures: str = "air"

    @property
    def point(self) -> str:
        """The id of its point."""
        return f"{self.room}-{self.measures}"


SENSORS: Final[dict[str, tuple[Wired, ...]]] = {
    # Refurbished a while ago: formaldehyde is watched in the hall, and in the small room where it lingers.
    "xidan": (
        Wired(part="scd41", room="hall", bus="/dev/i2c-1"),
        Wired(part="sfa30", room="hall", bus="/dev/i2c-1", measures="hcho"),
        Wired(part="sgp41", room="hall", bus="/dev/i2c-1", measures="voc"),
        Wired(part="bh1750", room="hall", bus="/dev/i2c-1", measures="light"),
        Wired(part="pms5003", room="hall", bus="/dev/serial0", measures="dust"),
        Wired(part="scd40", room="vip-room", bus="/dev/i2c-3"),
        Wired(part="sfa40", room="vip-room", bus="/dev/i2c-3", measures="hcho"),
    ),
    # One part that measures nearly everything, and plain ones beside it.
    "lujiazui": (
        Wired(part="sen69c", room="hall", bus="/dev/i2c-1"),
        Wired(part="bme280", room="hall", bus="/dev/i2c-1", measures="weather"),
        Wired(part="scd41", room="office", bus="/dev/i2c-3"),
        Wired(part="sht45", room="office", bus="/dev/i2c-3", measures="climate"),
    ),
    "tianhe": (
        Wired(part="scd41", room="hall", bus="/dev/i2c-1"),
        Wired(part="sps30", room="hall", bus="/dev/i2c-1", measures="dust"),
        Wired(part="ds18b20", room="hall", bus="w1", measures="heating"),
        Wired(part="scd40", room="self-service", bus="/dev/i2c-3"),
        Wired(part="scd41", room="meeting-room", bus="/dev/i2c-4"),
    ),
}

# The queue machine, the display and the bank's phone line of a real branch have addresses of their own; here the board
# stands for them. A toilet's cord is a button to the agent: it springs back, and the call stands until it is reset.
FACILITY: Final[dict[str, str]] = {
    "xidan": """
[[inputs]]
point = "toilet-call"
room = "toilet"
kind = "call-toilet"
pin = 17
reset_pin = 27

[[inputs]]
point = "front-door"
room = "hall"
kind = "door"
pin = 5

[[inputs]]
point = "tea-kitchen-leak"
room = "tea-kitchen"
kind = "leak"
pin = 6

[[inputs]]
point = "mains"
room = "hall"
kind = "mains"
pin = 12

[[outputs]]
point = "toilet-lamp"
room = "hall"
kind = "lamp"
pin = 22
calls = ["toilet-call"]
no_gateway_min = 10

[[outputs]]
point = "toilet-buzzer"
room = "hall"
kind = "buzzer"
pin = 23
calls = ["toilet-call"]

[[probes]]
point = "gateway-http"
room = "hall"
kind = "gateway"
method = "http"
target = "{board}/healthz"
period_s = 10

[[probes]]
point = "queue-machine"
room = "hall"
kind = "queue-machine"
method = "tcp"
target = "{host_port}"
period_s = 10
""",
    "lujiazui": """
[[inputs]]
point = "counter-call"
room = "counter"
kind = "call-hall"
pin = 17
reset_pin = 27

[[inputs]]
point = "hearing-loop"
room = "counter"
kind = "hearing-loop"
pin = 5

[[outputs]]
point = "counter-lamp"
room = "counter"
kind = "lamp"
pin = 22
calls = ["counter-call"]

[[probes]]
point = "display"
room = "hall"
kind = "display"
method = "tcp"
target = "{host_port}"
period_s = 10

[[modbus]]
point = "fresh-air"
room = "hall"
kind = "fresh-air"
link = "/dev/ttyUSB0"
unit = 1
period_s = 10
registers = [{{ address = 4, states = {{ 0 = "ok", 1 = "fault" }} }}]

[[modbus]]
point = "duct-air"
room = "duct"
link = "/dev/ttyUSB0"
unit = 2
period_s = 5
registers = [
  {{ address = 0, table = "input", quantity = "co2_ppm" }},
  {{ address = 1, table = "input", type = "int16", scale = 0.1, quantity = "temperature_c" }},
]
""",
    "tianhe": """
[[inputs]]
point = "lift"
room = "hall"
kind = "lift"
pin = 5

[[inputs]]
point = "toilet-cord"
room = "toilet"
kind = "call-toilet"
style = "cord"
[inputs.line]
channel = 0

[[outputs]]
point = "toilet-lamp"
room = "hall"
kind = "lamp"
pin = 22
calls = ["toilet-cord"]
""",
}


def wiring_text(site: str, *, board_host: str, board_port: int) -> str:
    """The tables of one branch's agent, from `[[sensors]]` on.

    Args:
        site: The branch.
        board_host: Where the board listens, which stands for the branch's devices.
        board_port: Its port.
    """
    sensors = "".join(
        f"""
[[sensors]]
part = "{one.part}"
point = "{one.point}"
room = "{one.room}"
bus = "{one.bus}"
period_s = {PERIOD_S}
"""
        for one in SENSORS[site]
    )
    host_port = f"{board_host}:{board_port}"
    return sensors + FACILITY[site].format(board=f"http://{host_port}", host_port=host_port)
