"""The store that a configuration names, and the one where acceptance keeps its evidence; nothing is opened here."""

from pathlib import Path

from gateway.config import Config, InfluxStoreConfig, SqliteStoreConfig
from gateway.ports import Store
from telemetry.clock import Clock


def make_store(config: Config, clock: Clock) -> Store:
    """The store that the configuration names; nothing is opened yet."""
    chosen = config.store
    if isinstance(chosen, SqliteStoreConfig):
        from gateway.stores.sqlite_store import SqliteStore

        return SqliteStore(Path(chosen.path), clock=clock)
    return _influx_store(chosen, clock)


def make_evidence_store(config: Config, clock: Clock) -> Store | None:
    """Where what acceptance cases rest on is kept for ever; None: the store keeps all it has.

    InfluxDB's main bucket may have a retention; the SQLite file has none.
    """
    if isinstance(config.store, SqliteStoreConfig):
        return None
    return _influx_store(config.store, clock, evidence=True)


def _influx_store(chosen: InfluxStoreConfig, clock: Clock, *, evidence: bool = False) -> Store:
    from gateway.stores.influx_settings import InfluxSettings
    from gateway.stores.influx_store import InfluxStore

    settings = InfluxSettings(
        url=chosen.url,
        token_file=None if chosen.token_file is None else Path(chosen.token_file),
        org=chosen.org,
        ca_file=None if chosen.ca_file is None else Path(chosen.ca_file),
        bucket_prefix=chosen.bucket_prefix,
        evidence=evidence,
        write_only=chosen.write_only,
        timeout_s=chosen.timeout_s,
        gzip=chosen.gzip,
    )
    return InfluxStore(settings, clock=clock)
