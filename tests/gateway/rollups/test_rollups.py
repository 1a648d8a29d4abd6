"""Hours summed up once they are over, and again whenever something touches them; on the real store and state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine

from gateway.errors import StoreUnavailable, StoreWriteOnly
from gateway.ports import Point, ReadingsQuery, Summary
from gateway.rollups.hours import HOUR_MS, hour_of, points_of
from gateway.rollups.roller import AFTER_FAULT_S, SETTLE_MS, Roller
from gateway.rollups.touched import TouchedHours
from gateway.state.state import State
from gateway.stores.sqlite_store import SqliteStore
from telemetry.clock import to_ms
from tests.fakes import FakeClock

TAGS = (("region", "north"), ("site", "s"), ("room", "hall"), ("point", "p"))
HOUR_S = HOUR_MS / 1000


class Desk:
    """A store, a state database, and what a commit round does with them."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(1_789_999_200.0)  # the begin of an hour
        self.state = State.open(f"sqlite:///{folder}/state.sqlite3")
        self.store = SqliteStore(folder / "store.sqlite3", clock=self.clock)
        self.store.prove(["north"])
        self.touched = TouchedHours(self.state)
        self.registry = CollectorRegistry()
        self.roller = Roller(self.touched, self.store, self.clock, self.registry)
        self.begin_ms = to_ms(self.clock.now())

    def commit(self, at_ms: int, **fields: float) -> None:
        self.store.write([Point("air", TAGS, at_ms, fields)])
        with self.state.write() as connection:
            self.touched.note(connection, [("s", at_ms)])

    def hour(self, quantity: str, hour_ms: int | None = None) -> dict[str, float]:
        """What `air_1h` holds."""
        at_ms = self.begin_ms if hour_ms is None else hour_ms
        found = {}
        with create_engine(f"sqlite:///{self.store.path}").connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT series.field, sample.value FROM sample JOIN series ON series.id = sample.series "
                "WHERE series.measurement = 'air_1h' AND sample.time = ?",
                (at_ms,),
            )
            for field, value in rows:
                if field.startswith(f"{quantity}_"):
                    found[field.removeprefix(f"{quantity}_")] = value
        return found

    def metric(self, name: str) -> float:
        return self.registry.get_sample_value(name) or 0.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()
    made.state.close()


def test_an_hour_is_summed_up_when_it_is_over_and_its_stragglers_are_in(desk: Desk) -> None:
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.commit(desk.begin_ms + HOUR_MS - 1, co2_ppm=700.0, temperature_c=20.0)
    desk.clock.advance(HOUR_S + SETTLE_MS / 1000)
    assert desk.roller.round() == 0
    desk.clock.advance(1)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm") == {"mean": 650.0, "min": 600.0, "max": 700.0, "n": 2.0}
    assert desk.hour("temperature_c") == {"mean": 20.0, "min": 20.0, "max": 20.0, "n": 1.0}
    assert desk.roller.round() == 0
    assert desk.metric("openhall_rollup_hours_total") == 1


def test_late_data_has_its_hour_summed_up_again(desk: Desk) -> None:
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    assert desk.roller.round() == 1
    desk.commit(desk.begin_ms + 1, co2_ppm=800.0)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm") == {"mean": 700.0, "min": 600.0, "max": 800.0, "n": 2.0}


def test_what_comes_while_an_hour_is_summed_up_is_not_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the question and the note that it is done."""
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    ask = desk.store.summaries

    def asked(site: str, from_ms: int, to_ms_: int) -> list[Summary]:
        found = ask(site, from_ms, to_ms_)
        monkeypatch.setattr(desk.store, "summaries", ask)
        desk.commit(desk.begin_ms + 1, co2_ppm=800.0)
        return found

    monkeypatch.setattr(desk.store, "summaries", asked)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm")["n"] == 1.0
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm")["n"] == 2.0


def test_an_hour_whose_good_values_are_gone_counts_none_and_keeps_its_mean(desk: Desk) -> None:
    """As when a doubt makes them suspect."""
    assert points_of(0, [], {(TAGS, "co2_ppm")}) == [Point("air_1h", TAGS, 0, {"co2_ppm_n": 0.0})]
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    desk.roller.round()
    with create_engine(f"sqlite:///{desk.store.path}").begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM sample WHERE series IN (SELECT id FROM series WHERE measurement = 'air')"
        )
    desk.commit(desk.begin_ms, co2_ppm_suspect=600.0)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm") == {"mean": 600.0, "min": 600.0, "max": 600.0, "n": 0.0}


def test_an_hour_of_which_data_has_begun_to_expire_stays_as_it_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    desk.roller.round()
    desk.commit(desk.begin_ms + 1, co2_ppm=800.0)
    monkeypatch.setattr(desk.store, "keeps_ms", lambda: 47 * HOUR_MS)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm")["n"] == 1.0
    assert desk.metric("openhall_rollup_expired_total") == 1
    assert desk.touched.count() == 0


def test_a_store_that_does_not_answer_is_asked_again_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    write = desk.store.write

    def refuse(_points: object) -> list[object]:
        raise StoreUnavailable("by the test")

    monkeypatch.setattr(desk.store, "write", refuse)
    assert desk.roller.round() == 0
    monkeypatch.setattr(desk.store, "write", write)
    assert desk.roller.round() == 0
    desk.clock.advance(AFTER_FAULT_S)
    assert desk.roller.round() == 1
    assert desk.hour("co2_ppm")["n"] == 1.0


def test_a_store_that_takes_no_questions_lets_nothing_pile_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_words: object) -> list[Summary]:
        raise StoreWriteOnly("by the test")

    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.clock.advance(48 * HOUR_S)
    monkeypatch.setattr(desk.store, "summaries", refuse)
    assert desk.roller.round() == 1
    assert desk.touched.count() == 0


def test_a_transaction_that_failed_has_noted_nothing(desk: Desk) -> None:
    """After `forget`, as a commit round calls it."""
    with pytest.raises(RuntimeError), desk.state.write() as connection:
        desk.touched.note(connection, [("s", desk.begin_ms)])
        raise RuntimeError("by the test")
    desk.touched.forget()
    assert desk.touched.count() == 0
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    assert desk.touched.count() == 1


def test_what_an_earlier_run_noted_is_summed_up_by_the_next(desk: Desk) -> None:
    desk.commit(desk.begin_ms, co2_ppm=600.0)
    desk.touched = TouchedHours(desk.state)
    desk.commit(desk.begin_ms + HOUR_MS, co2_ppm=700.0)
    desk.clock.advance(48 * HOUR_S)
    assert Roller(desk.touched, desk.store, desk.clock, CollectorRegistry()).round() == 2
    assert desk.hour("co2_ppm", desk.begin_ms + HOUR_MS)["mean"] == 700.0


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 3 * HOUR_MS - 1), st.floats(0, 1e6)), st.sampled_from(["roll", "restart", "wait"])
        ),
        max_size=25,
    )
)
def test_at_the_end_every_hour_is_what_its_readings_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, float] | str]
) -> None:
    """Whatever the order in which readings come, hours are summed up and gateways start."""
    desk = Desk(tmp_path_factory.mktemp("rollups"))
    begin_ms = desk.begin_ms
    readings: dict[int, float] = {}
    for step in steps:
        if step == "roll":
            desk.roller.round()
        elif step == "restart":
            desk.touched = TouchedHours(desk.state)
            desk.roller = Roller(desk.touched, desk.store, desk.clock, CollectorRegistry())
        elif step == "wait":
            desk.clock.advance(HOUR_S)
        else:
            offset_ms, value = step
            readings[begin_ms + int(offset_ms)] = float(value)
            desk.commit(begin_ms + int(offset_ms), co2_ppm=float(value))
    desk.clock.advance(48 * HOUR_S)
    while desk.roller.round():
        pass
    for hour_ms in range(begin_ms, begin_ms + 3 * HOUR_MS, HOUR_MS):
        values = [value for at_ms, value in readings.items() if hour_of(at_ms) == hour_ms]
        expected = {}
        if values:
            mean = sum(values) / len(values)
            expected = {"mean": mean, "min": min(values), "max": max(values), "n": len(values)}
        assert desk.hour("co2_ppm", hour_ms) == pytest.approx(expected)
    query = ReadingsQuery(site="s", point="p", quantity="co2_ppm", from_ms=0, to_ms=2**52)
    assert len(desk.store.readings(query)) == len(readings)
    desk.store.close()
    desk.state.close()
