"""Where dashboards are kept and which data source they ask, unless said otherwise."""

from pathlib import Path
from typing import Final

KEPT: Final = Path(__file__).parent / "json"
"""The JSON beside the code."""

SOURCE_UID: Final = "openhall"
"""The uid of the InfluxDB data source in Grafana."""


def long_source(source_uid: str) -> str:
    """The uid of the data source of the bucket `openhall_long`, beside that of `openhall`."""
    return f"{source_uid}-long"
