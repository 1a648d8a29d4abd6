"""The public keys of the agents: those that were seen, those that an operator enrolled, those that were revoked."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, select

from gateway.errors import ConfigurationError
from gateway.state.state import State, insert_missing, upsert
from gateway.state.tables import agent_key as table
from telemetry import signing, topics
from telemetry.errors import MalformedError
from telemetry.topics import Root

SEEN_AN_AGENT: Final = 8
"""Keys of one agent that nobody has decided about; a newer one pushes out the oldest: no flood fills the table."""

WHO_CHARACTERS: Final = 64

_FINGERPRINT: Final = select(func.count(), func.coalesce(func.max(table.c.changed_ms), 0)).select_from(table)


class Standing(StrEnum):
    """What the gateway thinks of a key."""

    SEEN = "seen"
    ENROLLED = "enrolled"
    REVOKED = "revoked"


class AgentKey(NamedTuple):
    """One key of one agent.

    Attributes:
        root: Whose it says it is.
        key: Base64url without padding, 43 characters.
        standing: What was decided about it.
        seen_ms: When it was first heard of.
        changed_ms: When the standing last changed.
        who: Who changed it; empty while it is only seen.
    """

    root: Root
    key: str
    standing: Standing
    seen_ms: int
    changed_ms: int
    who: str


def all_keys(state: State) -> list[AgentKey]:
    """Every key, by agent, oldest first.

    Raises:
        StateUnavailable: Not read.
    """
    with state.read() as connection:
        rows = connection.execute(
            select(table).order_by(table.c.region, table.c.site, table.c.agent, table.c.seen_ms, table.c.key)
        ).all()
    return [_of(row) for row in rows]


def fingerprint(state: State) -> tuple[int, int]:
    """Changes whenever a key is added or its standing changes; cheap to ask.

    Raises:
        StateUnavailable: Not read.
    """
    with state.read() as connection:
        count, latest = connection.execute(_FINGERPRINT).one()
    return int(count), int(latest)


def note_seen(connection: Connection, root: Root, key: str, now_ms: int) -> None:
    """Write down a key that an agent showed; what was decided about it earlier stays."""
    mine = (table.c.region == root.region, table.c.site == root.site, table.c.agent == root.agent)
    row = _row(AgentKey(root, key, Standing.SEEN, now_ms, now_ms, ""))
    insert_missing(connection, table, [row])
    seen = connection.execute(
        select(table.c.key)
        .where(*mine, table.c.standing == Standing.SEEN.value)
        .order_by(table.c.seen_ms.desc(), table.c.key)
    ).scalars()
    for surplus in list(seen)[SEEN_AN_AGENT:]:
        connection.execute(delete(table).where(*mine, table.c.key == surplus))


def decide(state: State, root: Root, key: str | None, standing: Standing, *, who: str, now_ms: int) -> AgentKey:
    """Enrol or revoke a key; the one that there is to decide about if none is named.

    An agent may have several enrolled keys: packs of a replaced Pi still come under the old one.

    Raises:
        ConfigurationError: If it is not clear which key is meant, or it is none.
        StateUnavailable: Not done.
    """
    mine = [one for one in all_keys(state) if one.root == root]
    if key is None:
        wanted = Standing.SEEN if standing is Standing.ENROLLED else Standing.ENROLLED
        open_ones = [one.key for one in mine if one.standing is wanted]
        if len(open_ones) != 1:
            raise ConfigurationError(_unclear(root, wanted, open_ones))
        key = open_ones[0]
    elif signing.key_of(key) is None:
        raise ConfigurationError(
            f"{key[:80]!r} is no public key; `openhall-agent key` on the Pi shows it, 43 characters"
        )
    key = key.rstrip("=")
    known = next((one for one in mine if one.key == key), None)
    if known is None and standing is Standing.REVOKED:
        raise ConfigurationError(f"{name_of(root)} has no key {key}; `openhall-gateway keys list` shows them")
    who = re.sub(r"[^ -~\u00a0-\uffff]", " ", who)[:WHO_CHARACTERS]
    decided = AgentKey(root, key, standing, known.seen_ms if known else now_ms, now_ms, who)
    with state.write() as connection:
        upsert(connection, table, [_row(decided)])
    return decided


def name_of(root: Root) -> str:
    """An agent as the command line names it."""
    return f"{root.region}/{root.site}/{root.agent}"


def root_named(text: str) -> Root:
    """The agent that `REGION/SITE/AGENT` names.

    Raises:
        ConfigurationError: If it names none.
    """
    parts = text.split("/")
    try:
        if len(parts) == 3:
            return topics.agent_root(*parts)
    except MalformedError as error:
        raise ConfigurationError(f"{text[:200]!r}: {error.detail}") from error
    raise ConfigurationError(f"{text[:200]!r} names no agent; write REGION/SITE/AGENT")


def _unclear(root: Root, wanted: Standing, found: list[str]) -> str:
    if found:
        return f"{name_of(root)} has {len(found)} keys that are {wanted}: {', '.join(found)}; say which with --key"
    if wanted is Standing.SEEN:
        return (
            f"{name_of(root)} has shown no key that waits for enrolment; see `openhall-gateway keys list`, or give the "
            "one that `openhall-agent key` shows on the Pi with --key"
        )
    return f"{name_of(root)} has no enrolled key; see `openhall-gateway keys list`"


def _row(one: AgentKey) -> dict[str, object]:
    return {
        "region": one.root.region,
        "site": one.root.site,
        "agent": one.root.agent,
        "key": one.key,
        "standing": one.standing.value,
        "seen_ms": one.seen_ms,
        "changed_ms": one.changed_ms,
        "who": one.who,
    }


def _of(row: object) -> AgentKey:
    words = row._mapping  # type: ignore[attr-defined]
    return AgentKey(
        Root(words["region"], words["site"], words["agent"]),
        words["key"],
        Standing(words["standing"]),
        words["seen_ms"],
        words["changed_ms"],
        words["who"],
    )
