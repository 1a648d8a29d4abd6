"""The web application on the gateway's real parts: ingest, state and a SQLite store, on a clock that tests move."""

import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from litestar.testing import TestClient
from litestar.types import ASGIApp

from gateway.alerts.parts import AlertParts, lives_of
from gateway.alerts.settings import AlertsConfig
from gateway.board.app import make_app
from gateway.board.sessions import Sessions
from gateway.board.sources import Readiness, Sources
from gateway.board.tokens import Tokens
from gateway.cases.parts import make_cases
from gateway.cases.settings import AcceptanceConfig
from gateway.config import Config, SiteConfig
from gateway.ingest.calibrations import of_site
from gateway.ingest.completeness import Survey
from gateway.ingest.ingest import Ingest, IngestSettings
from gateway.metrics import Metrics
from gateway.ports import Store
from gateway.sites.book import SiteBook
from gateway.state.state import State
from gateway.store_gate import StoreGate
from gateway.stores.sqlite_store import SqliteStore
from telemetry import messages, senml
from telemetry.bus import Message
from telemetry.calibrations import CalibrationRecord
from telemetry.clock import Clock, to_ms
from telemetry.messages import PointInfo, Presence
from telemetry.readings import CALIBRATION_KIND, Flag, Pack, Record
from telemetry.topics import Root
from tests.fakes import FakeClock

XIDAN = Root("north", "xidan", "pi-1")
TITLES = MappingProxyType(
    {"xidan": SiteConfig(title_en="Xidan Branch", title_zh="西单支行", time_zone="Asia/Shanghai")}
)


class Branches:
    """One gateway for region `north`, spoken to directly, and its web application."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        alerts: AlertsConfig = AlertsConfig(),  # noqa: B008
        acceptance: AcceptanceConfig = AcceptanceConfig(),  # noqa: B008
    ) -> None:
        self.clock = clock or FakeClock(1_790_000_000.0)
        self.state = State.open(f"sqlite:///{folder}/state.sqlite3")
        self.store: Store = SqliteStore(folder / "readings.sqlite3", clock=self.clock)
        self.metrics = Metrics()
        self.readiness = Readiness()
        self.sent: list[Message] = []
        self.board = alerts.board
        self._sequence = 0
        self.alerts = AlertParts(
            Config(gateway="gw", regions=("north",), alerts=alerts, sites=dict(TITLES)),
            database=self.state,
            store=self.store,
            gate=StoreGate(self.store, ["north"], self.clock),
            clock=self.clock,
            registry=self.metrics.registry,
        )
        self.alerts.engine.load()
        self.cases = make_cases(
            acceptance,
            state=self.state,
            store=self.store,
            clock=self.clock,
            registry=self.metrics.registry,
            zones={site: words.time_zone for site, words in TITLES.items()},
        )
        self.ingest = Ingest(
            regions=["north"],
            store=self.store,
            state=self.state,
            alerts=self.alerts.engine,
            publish=self.sent.append,
            clock=self.clock,
            settings=IngestSettings(),
            metrics=self.metrics,
            rng=random.Random(3),
            gateway="gw",
            keep_evidence=self.cases.keeper.keep,
        )
        self.cases.watch(self.ingest.directory)
        self.ingest.start()
        self.alerts.engine.watch(lambda: lives_of(self.ingest.directory))

    @property
    def now_ms(self) -> int:
        return to_ms(self.clock.now())

    def app(self, *, names: Sequence[str] | None = (), tokens: Tokens | None = None) -> ASGIApp:
        """The application, as `run` builds it."""
        sources = Sources(
            gateway="gw",
            regions=["north"],
            directory=self.ingest.directory,
            ledger=self.ingest.ledger,
            store=self.store,
            registry=self.metrics.registry,
            readiness=lambda: self.readiness,
            clock=self.clock,
            titles=TITLES,
            register=SiteBook(self.state, self.clock).all,
            alerts=self.alerts.desk,
            cases=self.cases,
            calibrations=partial(of_site, self.state),
            board=self.board,
            survey=Survey(self.ingest.ledger, self.ingest.directory.shortest_period_s, self.clock),
        )
        sessions = None if tokens is None else Sessions(tokens, key=b"k" * 32, valid_s=3_600.0, clock=self.clock)
        return make_app(sources, names=names, tokens=tokens, sessions=sessions)

    def client(self, **words: Any) -> TestClient[Any]:
        """A client that asks under a name of loopback."""
        return TestClient(self.app(**words), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)

    def present(
        self, points: Sequence[PointInfo], *, root: Root = XIDAN, boot: str = "b1", online: bool = True
    ) -> None:
        """Presence of an agent comes, or its will."""
        body = messages.encode(Presence(online=online, boot=boot, points=list(points) if online else []))
        self._say(root.presence, body)

    def air(
        self,
        rows: Mapping[int, Mapping[str, float]],
        *,
        root: Root = XIDAN,
        point: str = "hall-air",
        room: str = "hall",
        flags: Mapping[str, tuple[Flag, ...]] = MappingProxyType({}),
    ) -> None:
        """One pack comes and is stored: by time in ms, values by quantity."""
        records = tuple(
            Record(name=name, time_ms=time_ms, value=float(value), flags=flags.get(name, ()))
            for time_ms, values in rows.items()
            for name, value in values.items()
        )
        self._pack(root, root.readings, point, room, None, records)

    def calibration(self, record: CalibrationRecord, *, at_ms: int, root: Root = XIDAN) -> None:
        """The record of a calibration comes and is stored."""
        self._pack(root, root.readings, "hall-air", "hall", CALIBRATION_KIND, record.records(at_ms))

    def door(self, *, working: bool, state: str, reason: str = "", root: Root = XIDAN, room: str = "entrance") -> None:
        """A state of the automatic door comes and is stored."""
        values: dict[str, bool | str] = {"working": working, "state": state, "reason": reason}
        records = tuple(Record(name=name, time_ms=self.now_ms, value=value) for name, value in values.items())
        self._pack(root, root.facility("door"), "door", room, "door", records)

    def cord(self, state: str, root: Root = XIDAN) -> None:
        """A state of the toilet's cord comes and is stored."""
        values: dict[str, bool | str] = {"working": True, "state": state}
        records = tuple(Record(name=name, time_ms=self.now_ms, value=value) for name, value in values.items())
        self._pack(root, root.facility("cord"), "cord", "toilet", "call-toilet", records)

    def sensor(self, *, working: bool, reason: str = "", root: Root = XIDAN) -> None:
        """The agent tells whether the sensor of `hall-air` works."""
        values: dict[str, bool | str] = {"working": working, "state": "ok" if working else "fault", "reason": reason}
        records = tuple(Record(name=name, time_ms=self.now_ms, value=value) for name, value in values.items())
        self._pack(root, root.facility("hall-air"), "hall-air", "hall", "sensor", records)

    def _pack(
        self, root: Root, topic: str, point: str, room: str, kind: str | None, records: tuple[Record, ...]
    ) -> None:
        self._sequence += 1
        pack = Pack(
            site=root.site,
            point=point,
            room=room,
            journal="j1",
            sequence=self._sequence,
            kind=kind,
            records=records,
        )
        self._say(topic, senml.encode(pack))

    def _say(self, topic: str, body: bytes) -> None:
        assert self.ingest.offer(topic, body, False)
        while self.ingest.hear():
            pass
        while self.ingest.keep():
            pass

    def close(self) -> None:
        self.alerts.stop(0.0)
        self.store.close()
        self.state.close()
