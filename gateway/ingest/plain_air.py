"""The usual message on its short way: air of one point at one time, all of it good, that stirs nothing.

Nearly every message of a fleet is one. `plain_hearing` recognises it, `Committer` commits it.
"""

from dataclasses import dataclass

from gateway.ingest.directory_cards import AgentCard, PointCard
from gateway.ingest.ledger import Entry
from gateway.ingest.letters import Letter
from gateway.ingest.signatures import Judged, KeyRing
from gateway.ports import AirSeries, CalmAir, PlainPoint
from gateway.quality.doubts import Panel
from telemetry.messages import PointInfo
from telemetry.topics import Root


@dataclass(slots=True, kw_only=True)
class Lane:
    """What is known beforehand of the usual packs of one point: whose they are, and what must be so of each.

    Attributes:
        topic: Where they come on.
        root: Whose topic that is.
        point: Whose air.
        room: Where that is.
        series: The same as the store has it.
        slots: Of each record its quantity, its unit, and between which values it is plausible and stirs no rule.
        journal: The journal of the newest.
        newest_ms: The time of the newest.
        agent: What the directory keeps of the agent.
        card: What it keeps of the point.
        info: What the card said when this was made; another one may have another room or period.
        removals: Of the directory, when this was made.
        late_ms: An older one is late.
        calm: The alarms.
        ring: The keys that were known when this was made.
        judged: What they said of its signature.
        panel: What watches its values in the commit round; None before its first.
    """

    topic: str
    root: Root
    point: str
    room: str
    series: AirSeries
    slots: tuple[tuple[str, str, float, float], ...]
    journal: str
    newest_ms: int
    agent: AgentCard
    card: PointCard
    info: PointInfo
    removals: int
    late_ms: int
    calm: CalmAir
    ring: KeyRing
    judged: Judged
    panel: Panel | None = None


class PlainAir(PlainPoint, gc=False):
    """What the usual message leaves to be committed: it is an `Item` and its own only point. Made by `plain_air`."""

    lane: Lane
    body: bytes
    arrived_ms: int
    entry: Entry

    @property
    def topic(self) -> str:
        """Where it came on."""
        return self.lane.topic

    @property
    def root(self) -> Root:
        """Whose topic that is."""
        return self.lane.root

    @property
    def points(self) -> "tuple[PlainAir]":
        """Itself."""
        return (self,)

    @property
    def letters(self) -> tuple[Letter, ...]:
        """None."""
        return ()

    @property
    def calibration(self) -> None:
        """None."""
        return

    @property
    def weight(self) -> int:
        """One line."""
        return 1
