"""The monthly scorecard: of each branch its incidents, how they were reported, and its answers. Pure."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from gateway.alerts.alarm import Alarm
from gateway.alerts.incidents import Incident, Standing
from gateway.alerts.kpis import Percentiles, percentiles
from telemetry.clock import to_ms

COLUMNS: Final = ("region", "site", "alarms", "answered", "incidents", "in_time", "late", "missed", "due", "false")


class BranchScore(msgspec.Struct, frozen=True, kw_only=True):
    """One branch in one month.

    Attributes:
        region: Its region.
        site: Its id; null for what was about a whole region.
        contact: Its 24-hour contact.
        alarms: Alarms that rose.
        answered: Those of them that somebody had.
        incidents: Those that the plan grades; false reports are none.
        in_time: Incidents reported in time.
        late: Reported too late.
        missed: Not reported at all, and the time is over.
        due: Not reported yet, and there is time.
        false: Reports that turned out to be false.
        grades: Incidents by grade.
        acknowledge_s: From the rise to the answer.
    """

    region: str
    site: str | None
    contact: list[str]
    alarms: int
    answered: int
    incidents: int
    in_time: int
    late: int
    missed: int
    due: int
    false: int
    grades: dict[str, int]
    acknowledge_s: Percentiles


class Scorecard(msgspec.Struct, frozen=True, kw_only=True):
    """One month of all branches, by region and site. Times are Unix seconds, `to` exclusive."""

    month: str
    from_: float = msgspec.field(name="from")
    to: float
    branches: list[BranchScore]


def month_bounds(month: str, time_zone: str) -> tuple[int, int]:
    """Beginning and end (exclusive) of a month such as `2026-11` on a zone's clock, in Unix ms.

    Raises:
        ValueError: If it is no month.
    """
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(time_zone))
        if len(month) != 7 or not 1970 < first.year < 9999:
            raise ValueError
    except ValueError:
        raise ValueError(f"{month[:32]!r} is no month; write it as 2026-11") from None
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return to_ms(first.astimezone(UTC).timestamp()), to_ms(after.astimezone(UTC).timestamp())


def scorecard(
    alarms: Sequence[Alarm],
    incidents: Sequence[Incident],
    contacts: Mapping[str, Sequence[str]],
    *,
    month: str,
    bounds_ms: tuple[int, int],
) -> Scorecard:
    """Count a month.

    Args:
        alarms: Those that rose in it.
        incidents: Those of them that are graded.
        contacts: The 24-hour contact of each branch; a branch that has one is listed though nothing rose there.
        month: As it is called.
        bounds_ms: Its beginning and end.
    """
    by_place: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        by_place[alarm.place.region, alarm.place.site].append(alarm)
    graded: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    for incident in incidents:
        graded[incident.alarm.place.region, incident.alarm.place.site].append(incident)
    known = {site for _region, site in by_place}
    places = sorted({*by_place, *(("", site) for site in contacts if site not in known)})
    return Scorecard(
        month=month,
        from_=bounds_ms[0] / 1000,
        to=bounds_ms[1] / 1000,
        branches=[_branch(at, by_place[at], graded[at], list(contacts.get(at[1], ()))) for at in places],
    )


def _branch(
    at: tuple[str, str], alarms: Sequence[Alarm], incidents: Sequence[Incident], contact: list[str]
) -> BranchScore:
    counts = Counter(incident.standing for incident in incidents)
    answers = [
        max(0, alarm.acknowledged_ms - alarm.raised_ms) / 1000 for alarm in alarms if alarm.acknowledged_ms is not None
    ]
    real = [incident for incident in incidents if incident.standing is not Standing.FALSE]
    return BranchScore(
        region=at[0],
        site=at[1] or None,
        contact=contact,
        alarms=len(alarms),
        answered=len(answers),
        incidents=len(real),
        in_time=counts[Standing.IN_TIME],
        late=counts[Standing.LATE],
        missed=counts[Standing.MISSED],
        due=counts[Standing.DUE],
        false=counts[Standing.FALSE],
        grades=dict(sorted(Counter(incident.grade.name for incident in real).items())),
        acknowledge_s=percentiles(answers),
    )


def as_csv(card: Scorecard) -> str:
    """The scorecard as a table for spreadsheets, one branch a line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "acknowledge_p50_s", "acknowledge_p95_s", "contact"])
    for branch in card.branches:
        words = [getattr(branch, name) for name in COLUMNS]
        answers = branch.acknowledge_s
        writer.writerow([*words, answers.p50, answers.p95, " ".join(branch.contact)])
    return out.getvalue()
