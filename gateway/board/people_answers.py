"""The bodies about people, their turns and hand-overs. Times are Unix seconds, days are written as 2026-12-24."""

import msgspec

from gateway.alerts.duties import Duty
from gateway.alerts.plans import HandOver
from gateway.alerts.settings import AlertsConfig
from telemetry.clock import to_seconds


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told of alarms."""

    person: str
    name: str


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is told, by short name."""

    people: list[Person]
    next: str | None = None


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        person: Whose token came with the request; null: nobody's, so that the request may say who it is for.
        name: As people call them; null where nobody is known.
        program: The name of the token; null where none was needed.
    """

    person: str | None
    name: str | None
    program: str | None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is named for.

    Attributes:
        role: `responsible`, `deputy`, `after_hours`, `contact`, `region`, `city`, `rota`.
        region: For this region; null for a branch's and the city's.
        site: For this branch; null for all others.
    """

    role: str
    region: str | None = None
    site: str | None = None


class PersonParts(msgspec.Struct, frozen=True, kw_only=True):
    """One person, and everything that the configuration names them for."""

    person: str
    name: str
    parts: list[Part]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Days in a row on which a person is the responsible of a place.

    Attributes:
        person: Who is told.
        name: As people call them.
        named: Whose turn it is by the rota; another where somebody stands in.
        named_name: As people call them.
        region: For all branches of it that name nobody; null for one branch's.
        site: For this branch; null for a region's.
        first: The first day.
        last: The last day, included.
    """

    person: str
    name: str
    named: str
    named_name: str
    region: str | None
    site: str | None
    first: str
    last: str


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """Turns by rota, then by day."""

    turns: list[Turn]


class HandOverWish(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else is told in a person's place.

    Attributes:
        person: Who is away.
        stands_in: Who is told instead.
        from_: RFC 3339 or Unix seconds; now unless given.
        until: The same; then the person is told again.
        why: For those who read it.
        by: Who plans it, the token's own name unless given.
    """

    person: str
    stands_in: str
    from_: str | float | None = msgspec.field(default=None, name="from")
    until: str | float
    why: str = ""
    by: str = ""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes a plan back."""

    by: str = ""


class HandOverAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-over.

    Attributes:
        id: Its id.
        person: Who is away.
        name: As people call them.
        stands_in: Who is told instead.
        stands_in_name: As people call them.
        from_: From when on.
        until: Until when, exclusive.
        why: Why.
        made_by: Who planned it.
        ended: When it was taken back; null where it was not.
        ended_by: Who did.
    """

    id: str
    person: str
    name: str
    stands_in: str
    stands_in_name: str
    from_: float = msgspec.field(name="from")
    until: float
    why: str
    made_by: str
    ended: float | None
    ended_by: str | None


class HandOvers(msgspec.Struct, frozen=True, kw_only=True):
    """Hand-overs, oldest first."""

    hand_overs: list[HandOverAnswer]
    next: str | None = None


def name_in(config: AlertsConfig, person: str) -> str:
    """As people call somebody; the short name where the configuration no longer knows them."""
    found = config.people.get(person)
    return person if found is None else found.name


def parts_of(config: AlertsConfig, person: str) -> list[Part]:
    """Everything that a person is named for: branches first, then regions, the city and rotas."""
    parts = [
        Part(role=role, site=site)
        for site, table in config.sites.items()
        for role in ("responsible", "deputy", "after_hours", "contact")
        if person in getattr(table, role)
    ]
    parts += [Part(role="region", region=region) for region, names in config.regions.items() if person in names]
    parts += [Part(role="city")] if person in config.city else []
    return parts + [
        Part(role="rota", region=rota.region, site=rota.site) for rota in config.rota if person in rota.people
    ]


def turn_of(duty: Duty, config: AlertsConfig) -> Turn:
    """A duty as the API shows it."""
    return Turn(
        person=duty.person,
        name=name_in(config, duty.person),
        named=duty.named,
        named_name=name_in(config, duty.named),
        region=duty.region,
        site=duty.site,
        first=duty.first.isoformat(),
        last=duty.last.isoformat(),
    )


def hand_over_of(plan: HandOver, config: AlertsConfig) -> HandOverAnswer:
    """A hand-over as the API shows it."""
    return HandOverAnswer(
        id=str(plan.id),
        person=plan.person,
        name=name_in(config, plan.person),
        stands_in=plan.stands_in,
        stands_in_name=name_in(config, plan.stands_in),
        from_=to_seconds(plan.from_ms),
        until=to_seconds(plan.until_ms),
        why=plan.why,
        made_by=plan.made_by,
        ended=None if plan.ended_ms is None else to_seconds(plan.ended_ms),
        ended_by=plan.ended_by or None,
    )
