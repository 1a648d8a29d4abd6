"""The demo's branches, and the configuration files it writes for broker, gateway and agents."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.demo_wiring import wiring_text

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One simulated branch: its ids, its names, and its rooms whose CO2 is measured.

    `demo_wiring.py` has all that is wired. `responsible`: who is told first.
    """

    region: str
    site: str
    title_en: str
    title_zh: str
    rooms: tuple[str, ...]
    responsible: str

    @property
    def agent(self) -> str:
        """The id of its one agent."""
        return "pi-1"


BRANCHES: Final = (
    Branch(
        region="north",
        site="xidan",
        title_en="Xidan Branch",
        title_zh="西单支行",
        rooms=("hall", "vip-room"),
        responsible="li-na",
    ),
    Branch(
        region="east",
        site="lujiazui",
        title_en="Lujiazui Branch",
        title_zh="陆家嘴支行",
        rooms=("hall", "office"),
        responsible="wang-wei",
    ),
    Branch(
        region="south",
        site="tianhe",
        title_en="Tianhe Branch",
        title_zh="天河支行",
        rooms=("hall", "self-service", "meeting-room"),
        responsible="wang-wei",
    ),
)


PEOPLE: Final = {"li-na": "李娜", "wang-wei": "王伟", "duty": "值班员"}
"""Who is told: two who answer for branches, and the officer on duty if they do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the demo keeps its files, and which ports it has.

    Attributes:
        folder: `.demo/` of the checkout.
        board_port: The board's.
        mqtt_port: The broker's.
        nats_port: The broker's own protocol, which nobody uses here.
    """

    folder: Path
    board_port: int
    mqtt_port: int
    nats_port: int

    @property
    def board(self) -> str:
        """The board's address."""
        return f"http://{HOST}:{self.board_port}"

    @property
    def broker_config(self) -> Path:
        """Of nats-server."""
        return self.folder / "broker.conf"

    @property
    def gateway_config(self) -> Path:
        """Of openhall-gateway."""
        return self.folder / "gateway.toml"

    @property
    def notifications(self) -> Path:
        """What people were told, one JSON a line."""
        return self.folder / "notifications.jsonl"

    def agent_config(self, branch: Branch) -> Path:
        """Of a branch's openhall-agent."""
        return self.folder / f"{branch.site}.toml"

    def log(self, name: str) -> Path:
        """A program's log."""
        return self.folder / "logs" / f"{name}.log"


def quoted(text: str | Path) -> str:
    """A TOML string, which has JSON's form; so has one of nats-server's configuration."""
    return json.dumps(str(text), ensure_ascii=False)


def broker_text(place: Place) -> str:
    """nats-server with its MQTT listener; both ports on loopback, since neither asks who you are."""
    # 1 MB disconnects a client, and a body has at most 900 kB; MQTT needs JetStream and a server name.
    return f"""\
server_name: "openhall-demo"
listen: "{HOST}:{place.nats_port}"
max_payload: 1000000
jetstream {{
  store_dir: {quoted(place.folder / "broker")}
  max_file_store: 512MB
}}
mqtt {{
  listen: "{HOST}:{place.mqtt_port}"
}}
"""


def gateway_text(place: Place) -> str:
    """One gateway for the three regions, with the embedded store; loopback reads its API without a token."""
    regions = ", ".join(quoted(branch.region) for branch in BRANCHES)
    sites = "".join(
        f"\n[sites.{branch.site}]\ntitle_en = {quoted(branch.title_en)}\ntitle_zh = {quoted(branch.title_zh)}\n"
        'time_zone = "Asia/Shanghai"\n'
        for branch in BRANCHES
    )
    return f"""\
gateway = "demo"
regions = [{regions}]

[broker]
host = "{HOST}"
port = {place.mqtt_port}

[store]
kind = "sqlite"
path = {quoted(place.folder / "readings.sqlite3")}

[state]
url = {quoted(f"sqlite:///{place.folder / 'state.sqlite3'}")}

[http]
host = "{HOST}"
port = {place.board_port}

# Every reading here is made up; outside a demo none of them would count, and every page of a report says so.
[acceptance]
allow_simulated = true
supervise_every_s = 2

{alerts_text(place)}{sites}"""


def alerts_text(place: Place) -> str:
    """Who is told, through a file; and a rule that a meeting in the demo's meeting room breaks within two minutes."""
    people = "".join(
        f'\n[alerts.people.{name}]\nname = {quoted(words)}\nchannels = ["file"]\n' for name, words in PEOPLE.items()
    )
    answering = "".join(
        f'\n[alerts.sites.{branch.site}]\nresponsible = [{quoted(branch.responsible)}]\ndeputy = ["duty"]\n'
        for branch in BRANCHES
    )
    return f"""\
# GB/T 18883-2022 has 0.10 % as a mean over an hour. Nobody would wait so long in front of a demo.
[[rule]]
name = "meeting-room-stuffy"
severity = "warning"
quantity = "co2_ppm"
room = "meeting-room"
above = 1000
recover = 900
for_s = 20
recover_for_s = 20

[alerts]
board = "{place.board}"
city = ["duty"]
group_wait_s = 2
group_interval_s = 10
clear_wait_s = 5
{people}
[alerts.channels.file]
kind = "file"
path = {quoted(place.notifications)}
{answering}"""


def agent_text(place: Place, branch: Branch) -> str:
    """One agent with all that is wired in its branch."""
    return f"""\
region = {quoted(branch.region)}
site = {quoted(branch.site)}
agent = {quoted(branch.agent)}

[broker]
host = "{HOST}"
port = {place.mqtt_port}

[journal]
path = {quoted(place.folder / f"{branch.site}.journal")}
{wiring_text(branch.site, board_host=HOST, board_port=place.board_port)}"""


def write_all(place: Place) -> None:
    """Write every configuration file, and the empty files that programs expect; records of earlier runs stay."""
    (place.folder / "logs").mkdir(parents=True, exist_ok=True)
    place.broker_config.write_text(broker_text(place), encoding="utf-8")
    place.gateway_config.write_text(gateway_text(place), encoding="utf-8")
    for branch in BRANCHES:
        place.agent_config(branch).write_text(agent_text(place, branch), encoding="utf-8")
    place.notifications.touch()


def write_atomically(path: Path, record: dict[str, Any]) -> None:
    """Write JSON so that a reader sees all of it or none."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
