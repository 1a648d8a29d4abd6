"""The register in the state database: read whole, compared with a file, changed in one transaction."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, select

from gateway.sites.site import Site, changes
from gateway.state.state import State, upsert
from gateway.state.tables import registered_site


class Changed(NamedTuple):
    """A branch whose row is another one now."""

    before: Site
    after: Site

    @property
    def columns(self) -> dict[str, tuple[str, str]]:
        """By column, what was there and what comes."""
        return changes(self.before, self.after)


class Difference(NamedTuple):
    """What a file would change.

    Attributes:
        added: Branches that the register does not have.
        changed: Branches that it has otherwise.
        same: How many it has just so.
        missing: Branches of the register that the file does not name.
    """

    added: list[Site]
    changed: list[Changed]
    same: int
    missing: list[Site]


def difference(registered: Iterable[Site], wanted: Sequence[Site]) -> Difference:
    """What `wanted` changes of what is registered. Pure."""
    before = {site.site: site for site in registered}
    added = [site for site in wanted if site.site not in before]
    changed = [Changed(before[site.site], site) for site in wanted if before.get(site.site, site) != site]
    named = {site.site for site in wanted}
    missing = [site for name, site in before.items() if name not in named]
    return Difference(added, changed, len(wanted) - len(added) - len(changed), missing)


def load(state: State) -> list[Site]:
    """All branches of the register, in the order of the file they came with.

    Raises:
        StateUnavailable: If the database cannot be read.
    """
    with state.read() as connection:
        return _rows(connection)


def version(state: State) -> tuple[int, int]:
    """Changes whenever the register does; cheap to ask.

    Raises:
        StateUnavailable: If the database cannot be read.
    """
    with state.read() as connection:
        count, newest = connection.execute(
            select(func.count(), func.coalesce(func.max(registered_site.c.changed_ms), 0))
        ).one()
    return int(count), int(newest)


def take(state: State, wanted: Sequence[Site], *, remove_missing: bool, now_ms: int) -> Difference:
    """Make the register what a file says; branches that it does not name stay unless `remove_missing`.

    Raises:
        StateUnavailable: Nothing was changed.
    """
    with state.write() as connection:
        found = difference(_rows(connection), wanted)
        # The file's order is kept, so that an export gives the file back; what it does not name comes behind.
        rest = [] if remove_missing else found.missing
        newest = connection.execute(select(func.max(registered_site.c.changed_ms))).scalar() or 0
        rows = [
            {
                "site": site.site,
                "region": site.region,
                "place": place,
                "body": msgspec.json.encode(site).decode(),
                "changed_ms": max(now_ms, newest + 1),
            }
            for place, site in enumerate([*wanted, *rest])
        ]
        upsert(connection, registered_site, rows)
        if remove_missing:
            for site in found.missing:
                connection.execute(delete(registered_site).where(registered_site.c.site == site.site))
    return found


def _rows(connection: Connection) -> list[Site]:
    rows = connection.execute(select(registered_site.c.body).order_by(registered_site.c.place, registered_site.c.site))
    return [msgspec.json.decode(body, type=Site) for (body,) in rows]
