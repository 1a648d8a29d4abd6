"""What travels through a channel, whatever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one person.

    Attributes:
        key: The same whenever this message goes out.
        title: One line.
        text: Lines in plain words, the link among them.
        severity: Of the gravest alarm.
        tell: `rise`, `missed-call`, `clear`, `taken`, `test`.
        repeat: It may have arrived before.
        drill: Nothing happened.
        link: With which it is acknowledged; "" where it cannot be.
        alarms: For programs: the alarms as the API shows them.
    """

    key: str
    title: str
    text: str
    severity: str
    tell: str
    repeat: bool = False
    drill: bool = False
    link: str = ""
    alarms: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """How one person is reached, by channel; "" where they have none.

    Attributes:
        person: Their short name.
        name: As people call them.
    """

    person: str
    name: str
    email: str = ""
    mobile: str = ""
    wecom: str = ""
    dingtalk: str = ""
    feishu: str = ""
    address: str = ""
