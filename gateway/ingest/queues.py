"""Bounded queues: by count and by bytes, with a share for each sort of thing, so that no sort starves another."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

Thing = TypeVar("Thing")


class Limit(NamedTuple):
    """How much of one sort may wait."""

    things: int
    size: int


class _Share(Generic[Thing]):
    __slots__ = ("bytes", "limit", "things")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.bytes = 0
        self.things: deque[tuple[Thing, int]] = deque()


class SharedQueue(Generic[Thing]):
    """First in, first out within a sort; sorts are taken in the order of `limits`. May be used from several threads."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._lock = threading.Lock()
        self._shares = {sort: _Share[Thing](limit) for sort, limit in limits.items()}

    def put(self, sort: str, thing: Thing, size: int) -> bool:
        """Put in at the end of a sort; False if its share is full, and nothing was put in."""
        share = self._shares[sort]
        with self._lock:
            full = len(share.things) >= share.limit.things or share.bytes + size > share.limit.size
            # One thing larger than the whole share still passes an empty one, or it would never get through.
            if full and share.things:
                return False
            share.things.append((thing, size))
            share.bytes += size
            return True

    def take(self, count: int) -> list[Thing]:
        """The first so many things, sort by sort; fewer if fewer wait."""
        taken: list[Thing] = []
        with self._lock:
            for share in self._shares.values():
                while share.things and len(taken) < count:
                    thing, size = share.things.popleft()
                    share.bytes -= size
                    taken.append(thing)
        return taken

    def waiting(self) -> dict[str, tuple[int, int]]:
        """By sort, how many things wait and how many bytes they have."""
        with self._lock:
            return {sort: (len(share.things), share.bytes) for sort, share in self._shares.items()}

    def __len__(self) -> int:
        with self._lock:
            return sum(len(share.things) for share in self._shares.values())
