"""Who is online, as the contract defines it."""

from gateway.ingest.presence import BOOTS_REMEMBERED, Life
from telemetry import messages, senml
from telemetry.messages import Presence
from telemetry.topics import Root
from tests.gateway.ingest.hall import CORD, POINT, ROOT, Hall, air_pack


def online(hall: Hall) -> bool:
    return hall.ingest.directory.is_online(ROOT)


def test_any_message_of_its_own_makes_it_online_for_three_minutes() -> None:
    """Health, air, a state, a reply; not what the broker kept."""
    hall = Hall()
    hall.cord(1, "called", retained=True)
    hall.presence("boot-1", retained=True)
    assert not online(hall)
    hall.health()
    assert online(hall)
    hall.clock.advance(180)
    assert online(hall)
    hall.clock.advance(0.5)
    assert not online(hall)
    hall.air(2)
    assert online(hall)
    assert hall.ingest.directory.sites()[0].online


def test_the_will_of_its_newest_boot_ends_it_at_once() -> None:
    """Until the next message of its own."""
    hall = Hall()
    hall.presence("boot-1")
    assert online(hall)
    hall.presence("boot-1", online=False)
    assert not online(hall)
    hall.health()
    assert online(hall)


def test_a_late_will_of_an_old_boot_is_ignored() -> None:
    """The agent connected again before the broker noticed; and a late will of a dead one does not revive it."""
    hall = Hall()
    hall.presence("boot-1")
    hall.presence("boot-2")
    hall.presence("boot-1", online=False)
    assert online(hall)
    hall.presence("boot-2", online=False)
    hall.presence("boot-1", online=False)
    assert not online(hall)


def test_an_old_boot_never_becomes_the_newest_again() -> None:
    """Presence of boot 1 comes late or from a restored broker: boot 2's points stay, and its will counts."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT])
    hall.presence("boot-2", points=[POINT, CORD])
    hall.presence("boot-1", points=[POINT], retained=True)
    assert len(hall.ingest.directory.points("b001")) == 2
    hall.presence("boot-2", online=False)
    assert not online(hall)


def test_boots_are_remembered_across_a_restart() -> None:
    """The broker kept a late will; the gateway still knows that its boot is an old one."""
    hall = Hall()
    hall.presence("boot-1")
    hall.presence("boot-2")
    hall.pass_time(60)
    hall.start()
    assert not online(hall)
    hall.presence("boot-1", online=False, retained=True)
    hall.health()
    hall.presence("boot-1", online=False)
    assert online(hall)
    hall.presence("boot-2", online=False)
    assert not online(hall)


def test_a_will_nobody_knows_counts_only_if_nothing_newer_is_known() -> None:
    """Unknown and a living boot is known: late, ignored. Unknown and the known boot is over: it is the newest's."""
    life = Life()
    life.online("b1")
    life.message(0.0)
    assert not life.will("b0", 10.0)
    assert life.is_online(1.0, 180.0)
    assert life.will("b1", 10.0)
    life.message(2.0)
    assert life.will("b2", 10.0)
    assert not life.is_online(3.0, 180.0)
    assert not life.online("b0"), "its will has come: it cannot be the newest"
    fresh = Life()
    assert fresh.will("b7", 10.0)
    assert not fresh.online("b6") or fresh.boots[-1] == "b6"


def test_what_is_remembered_is_bounded() -> None:
    """An agent that reconnects a thousand times costs no more than one that did thirty times."""
    life = Life()
    for number in range(1_000):
        life.online(f"b{number}")
        life.will(f"b{number}", 10.0)
    assert len(life.boots) == len(life.over) == BOOTS_REMEMBERED


def test_two_agents_that_claim_one_point_are_shown() -> None:
    """The first owns it; when it gives the point up, the other has it and the error is gone."""
    hall = Hall()
    other = Root("north", "b001", "pi-2")
    hall.presence("boot-1", points=[POINT, CORD])
    hall.presence("boot-9", points=[POINT], root=other)
    [conflict] = hall.ingest.directory.conflicts()
    assert (conflict.site, conflict.point, conflict.owner, conflict.claimant) == ("b001", "hall-air", "pi-1", "pi-2")
    hall.ingest.tick()
    assert hall.metric("openhall_point_conflicts") == 1
    owners = {one.info.point: one.agent for one in hall.ingest.directory.points("b001")}
    assert owners == {"hall-air": "pi-1", "cord": "pi-1"}
    hall.presence("boot-2", points=[CORD])
    assert hall.ingest.directory.conflicts() == []
    owners = {one.info.point: one.agent for one in hall.ingest.directory.points("b001")}
    assert owners == {"hall-air": "pi-2", "cord": "pi-1"}


def test_the_same_point_id_in_two_sites_is_no_conflict() -> None:
    """Point ids are unique in their site only."""
    hall = Hall()
    hall.presence("boot-1", points=[POINT])
    hall.presence("boot-1", points=[POINT], root=Root("north", "b002", "pi-1"))
    assert hall.ingest.directory.conflicts() == []
    assert [one.site for one in hall.ingest.directory.sites()] == ["b001", "b002"]


def test_air_that_waited_behind_a_will_does_not_revive_the_dead() -> None:
    """Calls and wills overtake air on their way to be heard; when a message came counts, not when it is read."""
    hall = Hall()
    hall.presence("boot-1")
    hall.ingest.offer(ROOT.readings, senml.encode(air_pack(1, time_ms=hall.now_ms)), False)
    hall.clock.advance(0.5)
    hall.ingest.offer(ROOT.presence, messages.encode(Presence(online=False, boot="boot-1")), False)
    hall.ingest.hear()
    assert not online(hall)
