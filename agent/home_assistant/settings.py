"""`[home_assistant]`: where Home Assistant's broker is. Without the table there is no such connection."""

from typing import Annotated

import msgspec

Words = Annotated[str, msgspec.Meta(min_length=1)]
Topic = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]


class HomeAssistantConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[home_assistant]`.

    Attributes:
        host: Name or address of its broker.
        port: None: 1883, or 8883 with TLS.
        username: None: anonymous.
        password_file: A file that holds the password and nothing else but a line end.
        ca_file: PEM certificates the broker's is checked against; having it turns TLS on.
        discovery_prefix: As set in Home Assistant's MQTT integration.
        birth_topic: Where it says `online` when it comes up.
        jitter_s: So many seconds at most after that everything is told again.
    """

    host: Words
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    username: Words | None = None
    password_file: Words | None = None
    ca_file: Words | None = None
    discovery_prefix: Topic = "homeassistant"
    birth_topic: Topic = "homeassistant/status"
    jitter_s: Annotated[float, msgspec.Meta(ge=0, le=300)] = 10.0
