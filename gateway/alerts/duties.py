"""Who is on duty on which days: the rota as a person reads it, with absences and hand-overs worked in. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from gateway.alerts.routing import Routing, turn_on
from gateway.alerts.settings import AlertsConfig, RotaConfig
from telemetry.clock import to_ms

DAYS_AT_MOST: Final = 400
_NOON: Final = time(12)


class Duty(NamedTuple):
    """Some days in a row, both included, on which a person is the responsible for a place.

    `named` is whose turn it is by the rota; where it is somebody else, `person` stands in for them.
    """

    person: str
    named: str
    region: str | None
    site: str | None
    first: date
    last: date


def duties(config: AlertsConfig, routing: Routing, *, first: date, days: int, person: str | None = None) -> list[Duty]:
    """Every duty of every rota within some days, by rota and then by day.

    Args:
        config: With the rotas.
        routing: Knows who is away. Who hands over within a day counts as away on it if they are so at noon.
        first: The first day, on the clock of `[alerts]`.
        days: How many, at most `DAYS_AT_MOST`.
        person: Only theirs: those that they have, and those that they handed over.
    """
    zone = ZoneInfo(config.time_zone)
    found = [
        duty
        for rota in config.rota
        for duty in _joined(rota, routing, zone, [first + timedelta(days=n) for n in range(min(days, DAYS_AT_MOST))])
    ]
    return [duty for duty in found if person in (None, duty.person, duty.named)]


def _joined(rota: RotaConfig, routing: Routing, zone: ZoneInfo, days: list[date]) -> Iterator[Duty]:
    before: Duty | None = None
    for day in days:
        now_ms = to_ms(datetime.combine(day, _NOON, zone).timestamp())
        for named in turn_on(rota, day):
            person = routing.present(named, now_ms, day)
            if before is not None and (before.person, before.named) == (person, named):
                before = before._replace(last=day)
                continue
            if before is not None:
                yield before
            before = Duty(person, named, rota.region, rota.site, day, day)
    if before is not None:
        yield before
