"""What the board reads: points, newest values, newest states."""

import pytest

from gateway.errors import StateUnavailable, StoreUnavailable
from gateway.ingest.ingest import IngestSettings
from gateway.state.tables import agent as agent_table
from telemetry import messages, senml
from telemetry.messages import GatewayStatus, PointInfo
from telemetry.readings import Flag, Pack, Record
from telemetry.topics import Root, gateway_status
from tests.gateway.ingest.hall import CORD, POINT, ROOT, Hall, air_pack


def values(hall: Hall) -> dict[str, tuple[float, bool, bool]]:
    [view] = [one for one in hall.ingest.directory.points("b001") if one.info.point == "hall-air"]
    return {name: (one.value, one.suspect, one.simulated) for name, one in view.values.items()}


def test_the_newest_value_of_each_quantity_is_shown() -> None:
    """Whatever the order of arrival; suspect and simulated are told apart."""
    hall = Hall()
    hall.air(1, 600.0, age_s=10)
    hall.air(2, 700.0, age_s=60)
    hall.air(3, 21.0, quantity="temperature_c", flags=(Flag.SIMULATED,))
    hall.air(4, 45.0, quantity="humidity_pct", flags=(Flag.WARMUP,))
    assert values(hall) == {
        "co2_ppm": (600.0, False, False),
        "temperature_c": (21.0, False, True),
        "humidity_pct": (45.0, True, False),
    }


def test_the_higher_sequence_is_the_newer_state() -> None:
    """Of one agent: order of arrival and even times mean nothing."""
    hall = Hall()
    hall.cord(8, "cleared", age_s=100)
    hall.cord(7, "called", age_s=10)
    [view] = hall.ingest.directory.points("b001")
    assert view.state is not None
    assert (view.state.state, view.state.sequence, view.info.kind, view.info.room) == (
        "cleared",
        8,
        "call-toilet",
        "toilet",
    )
    newest = hall.alerts.newest("b001", "cord")
    assert newest is not None
    assert newest.state == "cleared"


def test_points_and_states_outlive_the_gateway_and_values_come_from_the_store() -> None:
    """After a restart with an empty broker the board shows what was known."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT, CORD])
    hall.air(1, 640.0)
    hall.cord(2, "called")
    hall.pass_time(60)
    hall.start()
    assert values(hall) == {"co2_ppm": (640.0, False, False)}
    [cord] = [one for one in hall.ingest.directory.points("b001") if one.info.point == "cord"]
    assert cord.state is not None
    assert cord.state.state == "called"
    assert hall.ingest.directory.period_s("b001", "hall-air") == 20.0
    [site] = hall.ingest.directory.sites()
    assert (site.site, site.region, site.online, site.points) == ("b001", "north", False, 2)
    assert site.last_seen_ms is not None


def test_a_store_that_is_away_is_asked_again_later() -> None:
    """No value is shown meanwhile; a live one is not overwritten by history."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT])
    hall.air(1, 640.0)
    hall.pass_time(60)
    hall.start()
    hall.store.refuses = StoreUnavailable("down")
    assert values(hall) == {}
    hall.store.refuses = None
    hall.air(2, 700.0)
    assert values(hall) == {"co2_ppm": (700.0, False, False)}


def test_a_point_that_is_no_longer_listed_leaves() -> None:
    """The agent's new boot has another configuration."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT, CORD])
    hall.presence("boot-2", points=[CORD])
    assert [one.info.point for one in hall.ingest.directory.points("b001")] == ["cord"]
    assert hall.ingest.directory.has_site("b001")
    assert not hall.ingest.directory.has_site("b002")


def test_beyond_the_limits_nothing_is_followed_but_all_is_stored() -> None:
    """A flood of invented agents and points costs bounded memory and is counted."""
    hall = Hall(IngestSettings(agents=2, points=3))
    for number in range(10):
        root = Root("north", "b001", f"pi-{number}")
        pack = air_pack(1, time_ms=hall.now_ms, root=root, point=f"air-{number}")
        hall.say(root.readings, senml.encode(pack))
        hall.health({"j1": [(1, 1)]}, root=root)
    hall.keep()
    hall.ingest.tick()
    assert len(hall.ingest.directory.agents()) == 2
    assert len(hall.ingest.directory.points("b001")) == 3
    assert len(hall.ingest.ledger.held) == 2
    assert hall.metric("openhall_directory_refused") > 0
    stored = [key for key in hall.store.series if key[0] == "air"]
    assert len(stored) == 10


def test_a_held_of_too_many_ranges_counts_as_one_span() -> None:
    """Rule 9: beyond 32 ranges a journal lists one; a list that breaks that is read so."""
    hall = Hall()
    hall.health({"j1": [(at, at) for at in range(1, 101, 2)], "j2": [(1, 1), (3, 3)]})
    held = hall.ingest.ledger.held[ROOT]
    assert held.journals["j1"].spans() == [(1, 99)]
    assert held.journals["j2"].spans() == [(1, 1), (3, 3)]


def test_two_gateways_for_one_region_are_told_of() -> None:
    """Logged, a metric, a warning; a will of another boot does not end it, its own does."""
    hall = Hall()

    def status(gateway: str, *, online: bool, boot: str, regions: list[str]) -> None:
        body = messages.encode(GatewayStatus(online=online, boot=boot, regions=regions))
        hall.say(gateway_status(gateway), body, retained=True)

    status("gateway-1", online=True, boot="own", regions=["north"])
    status("gateway-3", online=True, boot="x", regions=["south"])
    assert hall.ingest.warnings() == []
    status("gateway-2", online=True, boot="a", regions=["north", "south"])
    [warning] = hall.ingest.warnings()
    assert "gateway-2" in warning
    assert "north" in warning
    hall.ingest.tick()
    assert hall.metric("openhall_gateway_rivals") == 1
    status("gateway-2", online=False, boot="old", regions=[])
    assert len(hall.ingest.warnings()) == 1
    status("gateway-2", online=False, boot="a", regions=[])
    assert hall.ingest.warnings() == []
    status("gateway-2", online=True, boot="b", regions=["north"])
    hall.say(gateway_status("gateway-2"), b"", retained=True)
    assert hall.ingest.warnings() == []


def test_room_and_kind_follow_the_packs() -> None:
    """Presence may be older than a change of the configuration."""
    hall = Hall()
    hall.presence("boot-1", points=[PointInfo(point="hall-air", room="old-room", quantities=["co2_ppm"])])
    hall.air(1)
    assert hall.ingest.directory.points("b001")[0].info.room == "hall"


def test_an_air_point_stays_one_while_its_sensor_is_at_fault() -> None:
    """The fault is a state of the same point, of kind `sensor`; it does not make the point something else."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT])
    records = (
        Record(name="working", time_ms=hall.now_ms, value=False),
        Record(name="state", time_ms=hall.now_ms, value="fault"),
    )
    pack = Pack(site=ROOT.site, point="hall-air", room="hall", journal="j1", sequence=1, kind="sensor", records=records)
    hall.say(ROOT.facility("hall-air"), senml.encode(pack), retained=True)
    [view] = hall.ingest.directory.points("b001")
    assert view.info.kind == "air"
    assert view.state is not None
    assert view.state.state == "fault"


def test_a_large_directory_is_written_in_parts() -> None:
    """Two thousand rows at a time, until all are written; what is not taken is written next time."""
    hall = Hall()
    for number in range(5_000):
        hall.health({"j1": [(1, number + 1)]}, root=Root("north", f"b{number}", "pi-1"))
    parts = 0
    while hall.ingest.directory.save(hall.state):
        parts += 1
    assert parts == 2
    assert not hall.ingest.directory.save(hall.state)
    hall.start()
    assert len(hall.ingest.directory.sites()) == 5_000
    assert hall.ingest.ledger.held[Root("north", "b7", "pi-1")].journals["j1"].spans() == [(1, 8)]


def test_a_directory_that_is_not_taken_is_written_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is no loss and no crash."""
    hall = Hall()
    hall.presence("boot-1")

    def fail() -> None:
        raise StateUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(hall.state, "write", fail)
        hall.ingest.save()
    assert hall.metric("openhall_state_failures_total") == 1
    hall.ingest.save()
    hall.start()
    assert len(hall.ingest.directory.points("b001")) == 2


def test_a_branch_first_heard_just_before_a_crash_is_known_after_it() -> None:
    """What was receipted comes never again: whom it is from is on disk before the receipt."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT, CORD])
    hall.health({"j1": [(1, 1)]})
    hall.air(1, 640.0)
    hall.keep()
    assert hall.receipted() == [(1, 1)]
    hall.start()
    assert [(one.site, one.points) for one in hall.ingest.directory.sites()] == [("b001", 2)]
    assert values(hall) == {"co2_ppm": (640.0, False, False)}
    assert hall.ingest.ledger.held[ROOT].journals["j1"].spans() == [(1, 1)]
    assert hall.statuses()[0] == "there"
    hall.ingest.tick()
    assert hall.metric("openhall_agents", online="false") == 1


def test_nothing_is_receipted_before_its_branch_is_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state database takes no directory: no receipt; once it does, both."""
    hall = Hall()
    hall.air(1)

    def fails(*_args: object) -> None:
        raise StateUnavailable("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.ingest.directory_cards.save", fails)
        assert hall.keep() == 0
        assert hall.receipted() == []
    hall.clock.advance(60)
    assert hall.keep() == 1
    hall.start()
    assert [one.info.point for one in hall.ingest.directory.points("b001")] == ["hall-air"]


def test_an_agent_that_only_the_ledger_knows_is_taken_in() -> None:
    """Its row was lost (by an older version, or by hand): its journals tell of it; one that was removed stays so."""
    hall = Hall()
    other = Root("north", "b002", "pi-2")
    hall.air(1)
    hall.air(1, root=other)
    hall.keep()
    hall.say(other.presence, b"")
    hall.pass_time(60)
    with hall.state.write() as connection:
        connection.execute(agent_table.delete().where(agent_table.c.site == "b001"))
    hall.start()
    assert [view.root for view in hall.ingest.directory.agents()] == [ROOT]
    assert hall.ingest.directory.has_site("b001")
    hall.presence("boot-2", root=other)
    hall.pass_time(60)
    hall.start()
    assert [view.root for view in hall.ingest.directory.agents()] == [ROOT, other]


def test_a_site_heard_in_two_regions_is_a_warning() -> None:
    """Until the presence of the agent that was left behind is cleared."""
    hall = Hall(regions=("north", "south"))
    stray = Root("south", "b001", "pi-2")
    hall.presence("boot-1")
    hall.presence("boot-1", root=Root("south", "b002", "pi-1"), points=[])
    assert hall.ingest.findings() == []
    hall.presence("boot-1", root=stray, points=[])
    [(part, words)] = hall.ingest.findings()
    assert part == "two_regions"
    assert "site b001" in words
    assert "north, south" in words
    hall.say(stray.presence, b"", retained=True)
    assert hall.ingest.warnings() == []
