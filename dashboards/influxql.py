"""InfluxQL targets for Grafana. The SDK has no builder for InfluxDB, so the target's shape is ours.

What Grafana does with the text was recorded from a real one: `$timeFilter`, `$__interval` and variables are written
without braces, variables as `=~ /^$site$/`, one statement a target, no trailing comment, `measurement` beside the raw
query, aliases with `[[tag_x]]`.
"""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery

IN_BRANCH = '"site" =~ /^$site$/ AND $timeFilter'


@dataclass(frozen=True)
class InfluxQuery(Dataquery):
    """One target of a panel, as Grafana keeps it."""

    ref_id: str
    measurement: str
    query: str
    alias: str
    datasource_uid: str
    result_format: str = "time_series"

    def to_json(self) -> dict[str, Any]:
        """The target as it stands in a dashboard's JSON."""
        return {
            "refId": self.ref_id,
            "datasource": {"type": "influxdb", "uid": self.datasource_uid},
            "rawQuery": True,
            "query": self.query,
            "measurement": self.measurement,
            "alias": self.alias,
            "resultFormat": self.result_format,
        }


@dataclass(frozen=True)
class Target(Builder[Dataquery]):
    """What the SDK wants in place of a target."""

    wanted: InfluxQuery

    def build(self) -> Dataquery:
        """The target."""
        return self.wanted


def curve(field: str) -> str:
    """Mean of a field of `air` over time, a series for each point of the branch."""
    return f'SELECT mean("{field}") FROM "air" WHERE {IN_BRANCH} GROUP BY time($__interval), "room", "point" fill(null)'


def newest(field: str) -> str:
    """The newest value of a field of `air`, a series for each point of the branch."""
    return f'SELECT last("{field}") FROM "air" WHERE {IN_BRANCH} GROUP BY "room", "point"'


def completeness(field: str) -> str:
    """Per cent of the minutes of each hour in which a point has at least one value of a field."""
    minutes = (
        f'SELECT count("{field}") AS "n" FROM "air" WHERE {IN_BRANCH} GROUP BY time(1m), "room", "point" fill(none)'
    )
    return f'SELECT count("n") / 60 * 100 FROM ({minutes}) WHERE $timeFilter GROUP BY time(1h), "room", "point" fill(0)'


def backlog() -> str:
    """Packs that the branch's agents still hold without a receipt."""
    return f'SELECT max("journal_packs") FROM "agent" WHERE {IN_BRANCH} GROUP BY time($__interval), "agent" fill(null)'


SITES = 'SHOW TAG VALUES FROM "air" WITH KEY = "site"'
"""All branches, for the variable."""


def alerts_by(state: str, tag: str | None = None) -> str:
    """How many changes of alarms made them so, over the whole time; by a tag or in all."""
    group = "" if tag is None else f' GROUP BY "{tag}"'
    return f'SELECT count("id") FROM "alert" WHERE "state" = \'{state}\' AND {IN_BRANCH}{group}'


def alerts_over_time() -> str:
    """How many alarms rose in each interval, by severity."""
    return (
        f'SELECT count("id") FROM "alert" WHERE "state" = \'unacknowledged\' AND {IN_BRANCH} '
        'GROUP BY time($__interval), "severity" fill(none)'
    )


def alert_changes() -> str:
    """The newest changes of alarms, a row each."""
    return (
        'SELECT "state", "message", "value", "severity", "site", "room", "point", "rule", "id" FROM "alert" '
        f"WHERE {IN_BRANCH} ORDER BY time DESC LIMIT 200"
    )


ALERT_SITES = 'SHOW TAG VALUES FROM "alert" WITH KEY = "site"'
"""All branches that ever had an alarm, for the variable."""
