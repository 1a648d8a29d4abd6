"""The topics of the wire: how they are built and how they are read back."""

from typing import Final

import msgspec

from telemetry.errors import MalformedError, Reason
from telemetry.ids import RESERVED_REGION, is_id, require_id

PREFIX: Final = "openhall/v1"


class Root(msgspec.Struct, frozen=True, order=True):
    """The root of one agent's topics: `openhall/v1/{region}/{site}/{agent}`."""

    region: str
    site: str
    agent: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.region}/{self.site}/{self.agent}"

    @property
    def readings(self) -> str:
        """Packs of air, states still owed, declarations; up."""
        return f"{self}/readings"

    def facility(self, point: str) -> str:
        """The newest state of one facility point; up, retained."""
        return f"{self}/facility/{point}"

    @property
    def presence(self) -> str:
        """Who the agent is and that it lives; up, retained, the will."""
        return f"{self}/presence"

    @property
    def health(self) -> str:
        """The agent's own numbers, every minute; up, QoS 0."""
        return f"{self}/health"

    @property
    def receipt(self) -> str:
        """What the gateway has committed and heard; down."""
        return f"{self}/receipt"

    def command(self, name: str) -> str:
        """An order to the agent; down."""
        return f"{self}/command/{name}"

    def reply(self, command_id: str) -> str:
        """The answer to the command of that id; up."""
        return f"{self}/reply/{command_id}"


class Channel(msgspec.Struct, frozen=True):
    """A topic below an agent's root, taken apart.

    Attributes:
        root: Whose topic it is.
        name: `readings`, `facility`, `presence`, `health`, `receipt`, `command` or `reply`.
        tail: The point, the command's name or its id where the channel has one, else "".
    """

    root: Root
    name: str
    tail: str = ""


_PLAIN: Final = frozenset({"readings", "presence", "health", "receipt"})
_TAILED: Final = frozenset({"facility", "command", "reply"})


def agent_root(region: str, site: str, agent: str) -> Root:
    """The root of an agent's topics, checked.

    Raises:
        MalformedError: If one of the ids has the wrong form, or the region is the reserved word `gateway`.
    """
    require_id(region, "region")
    if region == RESERVED_REGION:
        raise MalformedError(Reason.TOPIC, "the region id 'gateway' is taken; choose another")
    return Root(region, require_id(site, "site"), require_id(agent, "agent"))


def parse(topic: str) -> Channel:
    """The parts of an agent's topic.

    Raises:
        MalformedError: With reason `topic` if it is none.
    """
    parts = topic.split("/")
    if len(parts) < 6 or parts[0] != "openhall" or parts[1] != "v1":
        raise MalformedError(Reason.TOPIC, f"{topic[:200]!r} is not {PREFIX}/REGION/SITE/AGENT/CHANNEL")
    root = agent_root(parts[2], parts[3], parts[4])
    name = parts[5]
    if name in _PLAIN and len(parts) == 6:
        return Channel(root, name)
    if name in _TAILED and len(parts) == 7:
        return Channel(root, name, require_id(parts[6], f"{name} name"))
    raise MalformedError(Reason.TOPIC, f"{'/'.join(parts[5:])[:200]!r} is no channel of an agent")


def gateway_status(gateway: str) -> str:
    """The retained status topic of one gateway; down, the will."""
    return f"{PREFIX}/{RESERVED_REGION}/{require_id(gateway, 'gateway')}"


GATEWAY_STATUS_FILTER: Final = f"{PREFIX}/{RESERVED_REGION}/+"


def gateway_of(topic: str) -> str | None:
    """The gateway whose status topic this is, None if it is another topic."""
    head, _, gateway = topic.rpartition("/")
    return gateway if head == f"{PREFIX}/{RESERVED_REGION}" and is_id(gateway) else None


def region_filters(region: str) -> list[str]:
    """What a gateway subscribes to for one region: all of it, so that a misspelt channel is on record, not lost.

    One filter only, since some brokers deliver once for each that matches. What goes down comes back with it; the
    gateway leaves that out by `goes_down`.
    """
    return [f"{PREFIX}/{region}/#"]


def goes_down(topic: str) -> bool:
    """True if that is a receipt's or a command's topic. Told by its form alone, which costs less than to read it."""
    parts = topic.split("/", 7)
    count = len(parts)
    return (count == 6 and parts[5] == "receipt") or (count == 7 and parts[5] == "command")
