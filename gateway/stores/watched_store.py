"""A store whose failures nobody misses: whoever met one, the next commit looks at the marks first (rule 10)."""

import threading
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from gateway.errors import StoreUnavailable, StoreWriteOnly
from gateway.ports import AnyPoint, ReadingsQuery, Refused, Store, StoredReading, Summary

_P = ParamSpec("_P")
_R = TypeVar("_R")


class WatchedStore:
    """The `Store` port round another one; to be shared by all who use that.

    A store that comes back emptied or restored fails once, for whoever asks it next: a page of the board, the hourly
    means, an alarm's history. Were that failure theirs alone, the next commit would write its mark into the new store,
    and hide the loss for ever.
    """

    def __init__(self, store: Store) -> None:
        """Nothing is in doubt yet."""
        self._store = store
        self._lock = threading.Lock()
        self._failures = 0
        self._settled = 0

    @property
    def failures(self) -> int:
        """Failures of all callers so far."""
        return self._failures

    @property
    def is_in_doubt(self) -> bool:
        """True if somebody met a failure since the marks were compared: the store may be another than it was."""
        return self._failures != self._settled

    def settle(self, failures: int) -> None:
        """The marks were compared; what failed before, `failures` times in all, is dealt with."""
        self._settled = failures

    def prove(self, regions: Sequence[str]) -> None:
        """See `Store`."""
        self._watched(self._store.prove, regions)

    def write(self, points: Sequence[AnyPoint]) -> list[Refused]:
        """See `Store`."""
        return self._watched(self._store.write, points)

    def marks(self) -> dict[str, int] | None:
        """See `Store`."""
        return self._watched(self._store.marks)

    def readings(self, query: ReadingsQuery) -> list[StoredReading]:
        """See `Store`."""
        return self._watched(self._store.readings, query)

    def summaries(self, site: str, from_ms: int, to_ms: int) -> list[Summary]:
        """See `Store`."""
        return self._watched(self._store.summaries, site, from_ms, to_ms)

    def counted(self, site: str, hour_ms: int) -> set[tuple[tuple[tuple[str, str], ...], str]]:
        """See `Store`."""
        return self._watched(self._store.counted, site, hour_ms)

    def keeps_ms(self) -> int | None:
        """See `Store`."""
        return self._watched(self._store.keeps_ms)

    def close(self) -> None:
        """See `Store`."""
        self._store.close()

    def _watched(self, ask: Callable[_P, _R], *args: _P.args, **more: _P.kwargs) -> _R:
        try:
            return ask(*args, **more)
        except StoreWriteOnly:
            raise
        except StoreUnavailable:
            with self._lock:
                self._failures += 1
            raise


def watched(store: Store) -> WatchedStore:
    """The same store, watched; one that is watched already stays the one that all share."""
    return store if isinstance(store, WatchedStore) else WatchedStore(store)
