"""Rule 10: a store that was emptied or restored is found out, and what the branches still have is asked for at once."""

from collections.abc import Sequence

from gateway.errors import StoreUnavailable
from gateway.ports import Point, Refused
from telemetry import senml
from tests.gateway.ingest.hall import ROOT, Hall


def fill(hall: Hall, last: int, *, first: int = 1) -> None:
    """Packs `first` to `last`, a minute apart, each committed in a round of its own."""
    for sequence in range(first, last + 1):
        hall.air(sequence, 600.0 + sequence)
        hall.keep()
        hall.clock.advance(60)


def test_every_round_writes_a_higher_number_in_its_own_batch() -> None:
    """Store and ledger have the same number after each round; the newest point is the highest."""
    hall = Hall()
    fill(hall, 3)
    numbers = [point.fields["n"] for batch in hall.store.writes for point in batch if point.measurement == "mark"]
    assert numbers == [1.0, 2.0, 3.0]
    assert hall.store.marks() == {"north": 3}
    assert all(batch[-1].measurement == "mark" for batch in hall.store.writes)
    hall.ingest.tick()
    assert hall.metric("openhall_mark", region="north") == 3


def test_a_clock_that_goes_back_leaves_the_newest_mark_highest() -> None:
    """The mark's time never goes back."""
    hall = Hall()
    fill(hall, 2)
    hall.clock.wall_s -= 86_400
    fill(hall, 4, first=3)
    assert hall.store.marks() == {"north": 4}


def test_an_emptied_store_is_noticed_at_start() -> None:
    """All there entries are dropped, and what the agent holds is asked for as soon as it is heard."""
    hall = Hall()
    hall.presence("boot-1")
    fill(hall, 5)
    hall.store.restore()
    hall.start()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == []
    assert hall.metric("openhall_store_losses_total") == 1
    hall.health({"j1": [(2, 5)]})
    hall.ingest.tick()
    assert [one.ranges for one in hall.commands()] == [[(2, 5)]]
    assert hall.statuses()[-2] == "owed"


def test_a_restored_store_is_noticed_after_an_error() -> None:
    """The store came back from an older copy while the gateway ran: found out before the next write."""
    hall = Hall()
    hall.presence("boot-1")
    fill(hall, 3)
    backup = hall.store.copy()
    fill(hall, 6, first=4)
    hall.health({"j1": [(1, 6)]})
    hall.store.refuses = StoreUnavailable("connection reset")
    hall.air(7)
    hall.keep()
    hall.store.restore(backup)
    hall.store.refuses = None
    hall.pass_time(3)
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(7, 7)]
    assert hall.commands()[0].ranges == [(1, 6)]
    assert hall.store.marks() == {"north": 7} or hall.store.marks() == {"north": 8}


def test_it_heals_when_the_agent_sends_again() -> None:
    """After the resend every minute is there again."""
    hall = Hall()
    bodies = []
    for sequence in range(1, 6):
        bodies.append(senml.encode(hall.air(sequence)))
        hall.keep()
        hall.clock.advance(60)
    hall.store.restore()
    hall.start()
    for body in bodies:
        hall.say(ROOT.readings, body)
    hall.keep()
    assert hall.statuses() == dict.fromkeys(range(-5, 0), "there")


def test_what_nobody_has_any_more_is_lost() -> None:
    """Dropped, and the agent holds only the newest: the others are lost for an unknown reason, not simply forgotten."""
    hall = Hall()
    fill(hall, 10)
    hall.store.restore()
    hall.start()
    hall.health({"j1": [(8, 10)]})
    statuses = hall.statuses()
    assert {statuses[minute] for minute in range(-10, -3)} == {"lost unknown"}
    assert statuses[-1] == "owed"


def test_a_crash_between_store_and_ledger_is_no_loss() -> None:
    """The store is ahead of the ledger: nothing is dropped."""
    hall = Hall()
    fill(hall, 2)
    [(hour_ms, _fields)] = hall.store.fields("mark").items()
    hall.store.write([Point("mark", (("region", "north"),), hour_ms, {"n": 3.0})])
    hall.start()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 2)]
    fill(hall, 3, first=3)
    assert hall.store.marks() == {"north": 4}, "a number that an attempt had is not used again"


def test_a_copy_made_between_two_attempts_is_found_out() -> None:
    """A failed attempt left its mark but not all its points; a copy of that moment must not look whole later."""
    hall = Hall()
    fill(hall, 1)
    honest = hall.store.write

    def half(points: Sequence[Point]) -> list[Refused]:
        honest([point for point in points if point.measurement == "mark"])
        raise StoreUnavailable("time-out")

    hall.store.write = half  # type: ignore[method-assign]
    hall.air(2)
    hall.keep()
    backup = hall.store.copy()
    hall.store.write = honest  # type: ignore[method-assign]
    hall.pass_time(3)
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 2)]
    hall.store.restore(backup)
    hall.start()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == []


def test_a_write_only_store_is_not_compared() -> None:
    """It cannot say what it has; nothing is ever dropped."""
    hall = Hall()
    hall.store.write_only = True
    fill(hall, 3)
    hall.store.restore()
    hall.start()
    assert hall.ingest.storing
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 3)]


def test_a_gateway_killed_after_it_found_a_loss_leaves_the_question_to_the_next() -> None:
    """It found the loss, wrote a new mark, and died before it asked: the next one does not wait for ten minutes."""
    hall = Hall()
    hall.presence("boot-1")
    fill(hall, 5)
    hall.store.restore()
    hall.start()
    hall.air(6)
    hall.keep()
    assert hall.commands() == []
    hall.start()
    assert hall.metric("openhall_store_losses_total") == 0, "the new mark hides the loss from this one"
    hall.presence("boot-2")
    hall.health({"j1": [(1, 6)]})
    hall.ingest.tick()
    assert [one.ranges for one in hall.commands()] == [[(1, 5)]]


def test_a_store_that_is_away_at_start_makes_nothing_owed() -> None:
    """After an earlier loss the ledger's rows have an epoch above 0: they count as there before the store answers."""
    hall = Hall()
    hall.presence("boot-1")
    fill(hall, 5)
    hall.store.restore()
    hall.start()
    fill(hall, 5)
    hall.store.refuses = StoreUnavailable("down")
    hall.start()
    hall.presence("boot-2")
    hall.health({"j1": [(1, 5)]})
    hall.pass_time(5)
    assert hall.ingest.ledger.owed(ROOT) == {}
    assert hall.commands() == []


def test_a_store_that_is_away_at_start_is_compared_later() -> None:
    """Not a byte is written before the comparison."""
    hall = Hall()
    fill(hall, 3)
    hall.store.restore()
    hall.store.refuses = StoreUnavailable("not yet")
    writes = len(hall.store.writes)
    hall.start()
    hall.air(4)
    hall.pass_time(5)
    assert not hall.ingest.storing
    assert len(hall.store.writes) == writes
    hall.store.refuses = None
    hall.pass_time(10)
    assert hall.ingest.storing
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(4, 4)]


def test_another_gateway_on_the_same_state_learns_of_the_loss() -> None:
    """One of two finds the store emptied; the other's memory does not go on claiming what is gone."""
    one = Hall()
    fill(one, 3)
    first = one.ingest
    one.store.restore()
    one.start()
    second = one.ingest
    one.ingest = first
    one.air(4)
    one.keep()
    assert first.ledger.there(ROOT, "j1").spans() == [(4, 4)]
    assert second.ledger.there(ROOT, "j1").spans() in ([], [(4, 4)])


def test_a_mark_that_is_refused_is_not_believed() -> None:
    """The ledger keeps the number that the store has, so the next comparison holds."""
    hall = Hall()
    fill(hall, 2)
    hall.store.turns_down = lambda point: "no" if point.measurement == "mark" else None
    fill(hall, 3, first=3)
    hall.store.turns_down = lambda _point: None
    hall.start()
    assert hall.ingest.ledger.there(ROOT, "j1").spans() == [(1, 3)]
    assert hall.receipted() == [(1, 1), (2, 2), (3, 3)]


def test_what_a_silent_branch_may_still_have_is_owed_and_its_word_decides() -> None:
    """The store is emptied and no agent ever said what it has: owed; lost once it says that it has nothing."""
    hall = Hall()
    fill(hall, 5)
    hall.store.restore()
    hall.start()
    assert {minute: what for minute, what in hall.statuses().items() if minute < 0} == dict.fromkeys(
        range(-5, 0), "owed"
    )
    hall.health({})
    assert hall.statuses()[-3] == "lost unknown"


def test_no_more_time_is_lost_than_was_measured() -> None:
    """One row of the far future among old ones stores nothing; the gap that a loss leaves ends where measuring did."""
    hall = Hall()
    year_s = 365 * 86_400
    for sequence in range(1, 9):
        hall.air(sequence, age_s=year_s - sequence * 60)
    hall.air(9, age_s=-4 * year_s)
    hall.air(10, age_s=year_s - 600)
    hall.keep()
    hall.store.restore()
    hall.start()
    hall.health({})
    assert set(hall.statuses().values()) == {"lost unknown"}
    assert len(hall.statuses()) <= 12


def test_what_is_older_than_the_ledger_keeps_is_neither_owed_nor_lost() -> None:
    """Of a time of which nothing is kept nobody can say that it lacks."""
    hall = Hall()
    hall.air(1, age_s=900 * 86_400)
    hall.air(5, age_s=1)
    hall.keep()
    hall.health({"j1": [(1, 1), (5, 5)]})
    assert list(hall.statuses().values()).count("lost unknown") <= 400 * 1440 + 2
    assert min(minute for minute, what in hall.statuses().items() if what != "there") >= -400 * 1440 - 1
