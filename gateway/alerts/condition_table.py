"""What is beyond a limit, by its cause, and which points have anything of it: most have nothing, and cost no key."""

from collections.abc import Iterator, Mapping, MutableMapping

from gateway.alerts.alarm import Key
from gateway.alerts.alarm_rows import Kept


class Conditions(MutableMapping[Key, Kept]):
    """A mapping that also knows the points of its keys."""

    def __init__(self, known: Mapping[Key, Kept] | None = None) -> None:
        self._kept: dict[Key, Kept] = {}
        self._at: dict[tuple[str, str], int] = {}
        self.update(known or {})

    def stands_at(self, site: str, point: str) -> bool:
        """True if there is anything of that point."""
        return (site, point) in self._at

    def __getitem__(self, key: Key) -> Kept:
        return self._kept[key]

    def __setitem__(self, key: Key, kept: Kept) -> None:
        if key not in self._kept:
            at = (key.site, key.point)
            self._at[at] = self._at.get(at, 0) + 1
        self._kept[key] = kept

    def __delitem__(self, key: Key) -> None:
        del self._kept[key]
        at = (key.site, key.point)
        self._at[at] -= 1
        if not self._at[at]:
            del self._at[at]

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __iter__(self) -> Iterator[Key]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
