"""One message to be published: what the pure cores of agent and gateway hand to their bus."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A topic and a body, with how they are to be published.

    Attributes:
        topic: Whole topic, ASCII.
        body: At most 900 kB; empty on a retained topic means: removed.
        qos: 1, but 0 for health.
        retain: True for presence, facility states and gateway status.
    """

    topic: str
    body: bytes
    qos: int = 1
    retain: bool = False
