"""Whether an agent lives: from its messages, its boots and its will. Pure; the caller brings the time."""

from typing import Final

import msgspec

BOOTS_REMEMBERED: Final = 32
"""Of each agent: an old boot whose presence or will comes late must never count as the newest again."""


class Life(msgspec.Struct, kw_only=True):
    """What is known of one agent's life.

    Attributes:
        boots: Its boots, oldest first; the last is the newest.
        over: The boots whose will has come.
    """

    boots: list[str] = []
    over: list[str] = []
    alive_s: float | None = msgspec.field(default=None)
    """Monotonic time of its last message that was not retained, None since its newest boot's will."""
    died_s: float | None = msgspec.field(default=None)
    """Monotonic time at which its newest boot's will came."""

    def message(self, arrived_s: float) -> None:
        """Something of its own came that was not retained; what came before the will no longer counts after it."""
        if self.died_s is None or arrived_s >= self.died_s:
            self.alive_s = max(arrived_s, self.alive_s or arrived_s)

    def online(self, boot: str) -> bool:
        """Presence of a boot came. True if it is the newest, so that what it says of the agent counts."""
        if boot not in self.boots and boot not in self.over:
            self._remember(boot)
        return bool(self.boots) and self.boots[-1] == boot

    def will(self, boot: str, arrived_s: float) -> bool:
        """The will of a boot came. True if the agent is therefore offline.

        A will of a boot never heard of counts only if the newest known boot is over, or none is known: else it is late,
        from a connection that began and ended while nobody here listened.
        """
        newest = self.boots[-1] if self.boots else None
        if boot != newest and boot not in self.boots and (newest is None or newest in self.over):
            self._remember(boot)
            newest = boot
        if boot not in self.over:
            self.over = [*self.over, boot][-BOOTS_REMEMBERED:]
        if boot != newest:
            return False
        self.died_s = arrived_s
        if self.alive_s is not None and self.alive_s <= arrived_s:
            self.alive_s = None
        return True

    def is_online(self, now_s: float, online_s: float) -> bool:
        """True if a message came within `online_s`, and since then no will with the newest boot."""
        return self.alive_s is not None and now_s - self.alive_s <= online_s

    def _remember(self, boot: str) -> None:
        self.boots = [*self.boots, boot][-BOOTS_REMEMBERED:]
