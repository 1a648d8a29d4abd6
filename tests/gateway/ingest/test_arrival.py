"""When a message counts: live or late, future, relative, retained, removed."""

from typing import Any

import pytest

from gateway.ingest.dead_letters import dead_letters
from telemetry import messages, senml
from telemetry.messages import PointInfo
from telemetry.readings import Declaration, Pack
from telemetry.topics import Root
from tests.gateway.ingest.hall import CORD, POINT, ROOT, Hall, air_pack, state_pack


class Watching:
    """Alerts that remember what they were told."""

    def __init__(self) -> None:
        self.heard: list[Pack] = []
        self.seen: list[Pack] = []

    def hear(self, root: Root, pack: Pack, arrived_ms: int) -> bool:
        del root, arrived_ms
        self.heard.append(pack)
        return True

    def see(self, root: Root, pack: Pack, arrived_ms: int) -> None:
        del root, arrived_ms
        self.seen.append(pack)

    def calm_air(self, root: Root, room: str, point: str) -> None:
        """It wants to see everything."""
        del root, room, point


def hall_and_alerts() -> tuple[Hall, Watching]:
    hall, alerts = Hall(), Watching()
    hall.ingest._hearer._alerts = alerts
    return hall, alerts


def times_ms(packs: list[Pack]) -> list[int]:
    return [record.time_ms for pack in packs for record in pack.records]


def test_late_air_is_stored_and_never_seen() -> None:
    """120 s old is live, a millisecond more is late, while the period is unknown."""
    hall, alerts = hall_and_alerts()
    hall.air(1, age_s=120.0)
    hall.air(2, age_s=120.001)
    hall.keep()
    assert times_ms(alerts.seen) == [hall.now_ms - 120_000]
    assert len(hall.store.fields("air")) == 2


def test_the_limit_grows_with_the_period_of_the_point() -> None:
    """A sensor that reads every ten minutes is live for half an hour."""
    hall, alerts = hall_and_alerts()
    hall.presence("boot-1", points=[PointInfo(point="hall-air", room="hall", period_s=600.0)])
    hall.air(1, age_s=1800.0)
    hall.air(2, age_s=1801.0)
    assert times_ms(alerts.seen) == [hall.now_ms - 1_800_000]


def test_of_a_mixed_pack_only_the_live_part_is_seen() -> None:
    """A pack of several times is cut for the alarms, not for the store."""
    hall, alerts = hall_and_alerts()
    pack = air_pack(1, time_ms=hall.now_ms - 600_000)
    live = air_pack(1, time_ms=hall.now_ms).records
    hall.say(ROOT.readings, senml.encode(Pack(**{**_fields(pack), "records": (*pack.records, *live)})))
    hall.keep()
    assert times_ms(alerts.seen) == [hall.now_ms]
    assert len(hall.store.fields("air")) == 2


def test_air_five_minutes_ahead_is_the_limit() -> None:
    """At 300 s it is stored, beyond it is parked."""
    hall = Hall()
    hall.air(1, age_s=-300.0)
    hall.air(2, age_s=-300.001)
    hall.keep()
    assert len(hall.store.fields("air")) == 1
    assert [one.reason for one in dead_letters(hall.state)] == ["future"]


def test_a_call_dated_in_the_future_counts_as_pressed_now() -> None:
    """Heard as of now, stored under its own time so that a repeat is the same point; no far minute in the ledger."""
    hall, alerts = hall_and_alerts()
    body = senml.encode(hall.cord(1, "called", age_s=-86_400 * 365))
    hall.keep()
    hall.clock.advance(60)
    hall.say(ROOT.readings, body)
    hall.keep()
    assert alerts.heard[0].records[0].time_ms == hall.now_ms - 60_000
    assert len(hall.store.fields("facility")) == 1
    assert hall.statuses() == {}
    assert dead_letters(hall.state) == []


def test_relative_air_is_seen_and_neither_stored_nor_receipted() -> None:
    """Rule 6: it comes again with its time; the alarms see it now, with absolute times."""
    hall, alerts = hall_and_alerts()
    hall.say(ROOT.readings, senml.encode(air_pack(1, time_ms=-5_000, relative=True)))
    hall.keep()
    assert times_ms(alerts.seen) == [hall.now_ms - 5_000]
    assert not alerts.seen[0].relative
    assert hall.store.writes == []
    assert hall.sent == []
    assert dead_letters(hall.state) == []
    assert hall.metric("openhall_packs_relative_total") == 1
    hall.say(ROOT.readings, senml.encode(air_pack(1, time_ms=hall.now_ms - 5_000)))
    hall.keep()
    assert hall.receipted() == [(1, 1)]


def test_a_relative_call_is_heard_however_old() -> None:
    """Three hours back: heard with its age, `heard` is sent, nothing is stored or receipted."""
    hall, alerts = hall_and_alerts()
    hall.say(ROOT.readings, senml.encode(state_pack(3, "called", time_ms=-10_800_000, relative=True)))
    hall.keep()
    assert alerts.heard[0].records[0].time_ms == hall.now_ms - 10_800_000
    assert [one.heard for one in hall.receipts()] == [[(3, 3)]]
    assert hall.receipted() == []
    assert hall.store.writes == []


@pytest.mark.parametrize(
    "pack",
    [
        air_pack(1, time_ms=-3_600_001, relative=True),
        air_pack(1, time_ms=3_600_001, relative=True),
        state_pack(1, "open", kind="door", time_ms=-3_600_001, relative=True),
    ],
)
def test_a_relative_time_far_from_now_is_parked_without_a_receipt(pack: Pack) -> None:
    """More than an hour off, whatever but a call: a dead letter, nothing is heard or seen."""
    hall, alerts = hall_and_alerts()
    hall.say(ROOT.readings, senml.encode(pack))
    hall.keep()
    assert [(one.reason, one.sequence) for one in dead_letters(hall.state)] == [("relative-time", 1)]
    assert hall.sent == []
    assert alerts.heard == alerts.seen == []


def test_a_retained_relative_pack_is_parked() -> None:
    """Nobody knows from when its `now` counts; a call is no exception."""
    hall, alerts = hall_and_alerts()
    body = senml.encode(state_pack(3, "called", time_ms=0, relative=True))
    hall.say(ROOT.facility("cord"), body, retained=True)
    hall.keep()
    assert [one.reason for one in dead_letters(hall.state)] == ["relative-time"]
    assert hall.sent == []
    assert alerts.heard == []


def test_an_empty_body_removes_a_point_or_an_agent() -> None:
    """On the retained topics it means removed; elsewhere it is a bad message."""
    hall = Hall()
    hall.presence("boot-1")
    hall.cord(1, "called")
    assert [one.info.point for one in hall.ingest.directory.points("b001")] == ["cord", "hall-air"]
    hall.say(ROOT.facility("cord"), b"")
    assert [one.info.point for one in hall.ingest.directory.points("b001")] == ["hall-air"]
    hall.say(ROOT.presence, b"")
    assert hall.ingest.directory.points("b001") == []
    assert hall.ingest.directory.agents() == []
    hall.keep()
    assert dead_letters(hall.state) == []
    hall.say(ROOT.readings, b"")
    hall.keep()
    assert [one.reason for one in dead_letters(hall.state)] == ["json"]


def test_what_is_removed_stays_removed_after_a_restart() -> None:
    """Its row is deleted as well."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT, CORD])
    hall.pass_time(60)
    hall.say(ROOT.presence, b"")
    hall.pass_time(60)
    hall.start()
    assert hall.ingest.directory.sites() == []


def test_a_declaration_goes_into_the_ledger_and_is_receipted() -> None:
    """And one that is not whole, or about another agent, is parked and receipted."""
    hall = Hall()
    hall.declare(10, given_up(hall))
    hall.keep()
    assert hall.ingest.ledger.declared(ROOT, "j0").spans() == [(3, 5)]
    assert hall.receipted() == [(10, 10)]
    assert hall.store.fields("air") == {}
    body = b'[{"bver":26,"bn":"b001/pi-1/","bt":1790000000,"jr":"j1","sq":11,"rm":"hall","n":"dropped_first","v":3}]'
    hall.say(ROOT.readings, body)
    hall.say(ROOT.readings, body.replace(b"pi-1", b"pi-2").replace(b'"sq":11', b'"sq":12'))
    hall.keep()
    assert [one.reason for one in dead_letters(hall.state)] == ["senml", "topic"]
    assert hall.receipted()[1:] == [(11, 12)]


def given_up(hall: Hall) -> Declaration:
    return Declaration(
        journal="j0", reason="disk_full", first=3, last=5, from_ms=hall.now_ms - 600_000, to_ms=hall.now_ms - 300_000
    )


def _fields(pack: Pack) -> dict[str, Any]:
    return {name: getattr(pack, name) for name in pack.__struct_fields__}


def test_an_unserved_reply_or_a_retained_health_changes_nothing() -> None:
    """An answer to a question of nobody is ignored; retained health tells of the past."""
    hall = Hall()
    hall.say(ROOT.reply("nobody"), messages.encode(messages.Reply(id="nobody", ok=True, result={"sent": 1})))
    hall.say(ROOT.health, b'{"held":{"j1":[[1,5]]}}', retained=True)
    hall.keep()
    assert hall.ingest.ledger.held == {}
