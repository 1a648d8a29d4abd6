"""Tables of what was done to sensors. Times are Unix milliseconds."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from gateway.state.tables import metadata

sensor_calibration: Final = Table(
    "sensor_calibration",
    metadata,
    Column("region", String(32), primary_key=True),
    Column("site", String(32), primary_key=True),
    Column("agent", String(32), primary_key=True),
    # The pack's pair: a repeat is the same row.
    Column("journal", String(32), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("point", String(32), nullable=False),
    Column("room", String(32), nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    # A `telemetry.calibrations.CalibrationRecord` as JSON.
    Column("body", Text, nullable=False),
    Index("sensor_calibration_site", "site", "time_ms"),
)
