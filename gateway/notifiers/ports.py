"""The port to a channel."""

from typing import Protocol

from gateway.notifiers.message import Address, Message


class Notifier(Protocol):
    """One way to reach people. Called from several threads, one message at a time each; must return in bounded time."""

    @property
    def in_group(self) -> bool:
        """True if others than the person see the message."""

    def send(self, message: Message, to: Address, now_ms: int) -> bool | None:
        """Tell a person; returns once the channel's own service has taken it.

        Returns:
            True if the channel says that it is with the person already, not only with its service.

        Raises:
            ChannelUnavailable: Try again, or another channel.
            ChannelRefused: Another channel; this one needs somebody.
        """
