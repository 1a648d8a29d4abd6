"""The statements we send to InfluxDB, with every name and text quoted.

Only what InfluxDB 1.x, 2.x and 3 Core share: SELECT at run time, SHOW FIELD KEYS at start. CREATE DATABASE and SHOW
RETENTION POLICIES belong to the set-up of 1.x.
"""

from gateway.ports import ReadingsQuery
from gateway.stores.points import MAX_TIME_MS, MIN_TIME_MS, PROBE_REGION


def identifier(name: str) -> str:
    """A name of a database, measurement, tag or field in double quotes."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def text(value: str) -> str:
    """A text in single quotes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def readings(query: ReadingsQuery) -> str:
    """Good and suspect values of one quantity at one point: columns time, good, suspect."""
    begin = min(max(query.from_ms, MIN_TIME_MS), MAX_TIME_MS)
    end = min(max(query.to_ms, MIN_TIME_MS), MAX_TIME_MS)
    return (
        f"SELECT {identifier(query.quantity)}, {identifier(query.quantity + '_suspect')} FROM air "
        f"WHERE site = {text(query.site)} AND point = {text(query.point)} "
        f"AND time >= {begin}ms AND time < {end}ms "
        f"ORDER BY time {'DESC' if query.newest_first else 'ASC'} LIMIT {query.limit}"
    )


def summaries(site: str, from_ms: int, to_ms: int) -> str:
    """Mean, min, max and count of every field of a branch's air, one series a room and point."""
    begin, end = max(from_ms, MIN_TIME_MS), min(to_ms, MAX_TIME_MS)
    return (
        "SELECT mean(*), min(*), max(*), count(*) FROM air "
        f"WHERE site = {text(site)} AND time >= {begin}ms AND time < {end}ms GROUP BY region, site, room, point"
    )


def hour(site: str, hour_ms: int) -> str:
    """What is stored of a branch's hour, one series a room and point."""
    return f"SELECT * FROM air_1h WHERE site = {text(site)} AND time = {hour_ms}ms GROUP BY region, site, room, point"


def newest_marks() -> str:
    """The newest mark of every region: columns time, n. Read from the end, twice as fast on 1.6 as `last(n)`."""
    return f"SELECT n FROM mark WHERE region <> {text(PROBE_REGION)} GROUP BY region ORDER BY time DESC LIMIT 1"


def probe_mark(time_ms: int) -> str:
    """The mark that the store has proved itself with at that time."""
    return f"SELECT n FROM mark WHERE region = {text(PROBE_REGION)} AND time = {time_ms}ms"


def field_keys(measurement: str) -> str:
    """The fields of a measurement and their types."""
    return f"SHOW FIELD KEYS FROM {identifier(measurement)}"


def databases() -> str:
    """The databases that exist and that we may see."""
    return "SHOW DATABASES"


def create_database(name: str) -> str:
    """Make a database that keeps for ever."""
    return f"CREATE DATABASE {identifier(name)}"


def retention_policies(database: str) -> str:
    """How long a database keeps what it holds."""
    return f"SHOW RETENTION POLICIES ON {identifier(database)}"
