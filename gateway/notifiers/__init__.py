"""Ways to reach people: each channel kind is one small adapter of the `Notifier` port."""

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable, NotifierError
from gateway.notifiers.message import Address, Message
from gateway.notifiers.ports import Notifier

__all__ = [
    "Address",
    "ChannelRefused",
    "ChannelUnavailable",
    "Message",
    "Notifier",
    "NotifierError",
]
