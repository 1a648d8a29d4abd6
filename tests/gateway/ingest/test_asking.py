"""Rule 9: what is held and not in the ledger is asked for again, and what is gone becomes lost."""

import random

from gateway.ingest.asking import Asking
from gateway.ingest.ingest import IngestSettings
from telemetry import messages
from telemetry.messages import Command, Reply
from telemetry.ranges import RangeSet
from telemetry.topics import Root
from tests.gateway.ingest.hall import ROOT, Hall


def live(hall: Hall, seconds: float, held: dict[str, list[tuple[int, int]]]) -> None:
    """The agent lives and says every minute what it has."""
    for _ in range(round(seconds / 60)):
        hall.health(held)
        hall.pass_time(60)


def hall_with_a_gap() -> Hall:
    hall = Hall()
    hall.presence("boot-1")
    hall.air(1, age_s=300)
    hall.air(5, age_s=60)
    hall.keep()
    return hall


def test_what_is_owed_for_ten_minutes_is_asked_for() -> None:
    """Not before; by journal and ranges, with an end, to the agent's own topic."""
    hall = hall_with_a_gap()
    live(hall, 540, {"j1": [(1, 5)]})
    assert hall.commands() == []
    live(hall, 120, {"j1": [(1, 5)]})
    command = hall.commands()[0]
    assert (command.journal, command.ranges) == ("j1", [(2, 4)])
    assert 0 < command.expires - hall.clock.now() <= 600
    assert hall.metric("openhall_commands_total", name="resend") >= 1


def test_what_is_only_under_way_is_not_asked_for() -> None:
    """Every minute something new is owed, and every minute it comes."""
    hall = Hall()
    hall.presence("boot-1")
    for sequence in range(1, 40):
        hall.health({"j1": [(1, sequence)]})
        hall.pass_time(55)
        hall.air(sequence)
        hall.pass_time(5)
    assert hall.commands() == []


def test_an_answer_ends_the_repetition_and_missing_is_lost() -> None:
    """The agent answers that it has it no more: lost, reason unknown, and never asked again."""
    hall = hall_with_a_gap()
    live(hall, 660, {"j1": [(1, 5)]})
    hall.answer(hall.commands()[-1], missing=[(2, 4)])
    hall.keep()
    count = len(hall.commands())
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == [(2, 4)]
    live(hall, 3_000, {"j1": [(1, 5)]})
    assert len(hall.commands()) == count
    assert "lost unknown" in hall.statuses().values()
    hall.start()
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == [(2, 4)]
    hall.air(3, age_s=200)
    hall.keep()
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == [(2, 2), (4, 4)]


def test_an_answer_tells_of_nothing_but_what_was_asked() -> None:
    """Numbers that were not in the question, another agent's answer, a repeat, nonsense: ignored."""
    hall = hall_with_a_gap()
    live(hall, 660, {"j1": [(1, 5)]})
    command = hall.commands()[-1]
    hall.answer(command, missing=[(3, 1_000)], root=Root("north", "b001", "pi-2"))
    hall.say(ROOT.reply(command.id), messages.encode(Reply(id=command.id, ok=True, result={"missing": "all"})))
    hall.keep()
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == []
    live(hall, 660, {"j1": [(1, 5)]})
    hall.answer(hall.commands()[-1], missing=[(3, 1_000)])
    hall.answer(hall.commands()[-1], missing=[(2, 2)])
    hall.keep()
    assert hall.ingest.ledger.gaps(ROOT, "j1").lost.spans() == [(3, 4)]


def test_a_question_without_an_answer_is_put_again_and_then_less_often() -> None:
    """After 60 s, 120 s, …; each with an id of its own."""
    hall = hall_with_a_gap()
    live(hall, 660, {"j1": [(1, 5)]})
    assert 1 <= len(hall.commands()) <= 2
    live(hall, 3_600, {"j1": [(1, 5)]})
    after_an_hour = len(hall.commands())
    assert 4 <= after_an_hour <= 10
    assert len({one.id for one in hall.commands()}) == after_an_hour
    live(hall, 36_000, {"j1": [(1, 5)]})
    assert len(hall.commands()) - after_an_hour <= 8


def test_an_agent_that_is_not_online_is_not_asked() -> None:
    """Its session is clean: a command would be lost. It is asked when it is back."""
    hall = hall_with_a_gap()
    hall.health({"j1": [(1, 5)]})
    hall.pass_time(3_600, step_s=10)
    assert hall.commands() == []
    live(hall, 120, {"j1": [(1, 5)]})
    assert hall.commands()[0].ranges == [(2, 4)]


def test_long_questions_go_in_parts() -> None:
    """At most so many ranges a command and so many commands a second, until all was asked."""
    settings = IngestSettings(ranges_a_command=3, commands_at_once=2)
    asking = Asking(settings, random.Random(1))
    owed = {f"j{number}": RangeSet((one, one) for one in range(1, 20, 2)) for number in range(3)}
    asking.at_once("north")
    assert asking.due([ROOT], 0.0) == [ROOT]
    asked: dict[str, list[tuple[int, int]]] = {}
    for second in range(6):
        found = asking.look(ROOT, owed, now_s=float(second), now_ms=0)
        assert len(found) <= 2
        for message in found:
            command = messages.decode(message.body, Command)
            assert command.ranges is not None
            assert command.journal is not None
            assert len(command.ranges) <= 3
            asked.setdefault(command.journal, []).extend(command.ranges)
    assert asked == {name: ranges.spans() for name, ranges in owed.items()}
    assert asking.look(ROOT, owed, now_s=7.0, now_ms=0) == []


def test_an_agent_that_gives_something_is_asked_at_an_even_pace() -> None:
    """One that answers and gives nothing is asked ever less often, up to the longest wait."""
    settings = IngestSettings()
    giving, stuck = Asking(settings, random.Random(1)), Asking(settings, random.Random(1))
    counts = []
    for asking, gives in ((giving, True), (stuck, False)):
        count, low = 0, 1
        for second in range(0, 36_000, 10):
            for message in asking.look(ROOT, {"j": RangeSet([(low, 1_000)])}, now_s=float(second), now_ms=0):
                count += 1
                command = messages.decode(message.body, Command)
                asking.answer(ROOT, Reply(id=command.id, ok=True, result={"sent": 1, "missing": []}))
                low += gives
        counts.append(count)
    assert 50 <= counts[0] <= 60
    assert counts[1] <= 8


def test_a_loss_of_the_store_is_asked_for_once_at_once() -> None:
    """Every agent of the region, when it is first known what it has; a second loss asks again."""
    asking = Asking(IngestSettings(), random.Random(1))
    owed = {"j": RangeSet([(1, 5)])}
    asking.at_once("north")
    other = Root("south", "b009", "pi-1")
    assert asking.due([ROOT, other], 0.0) == [ROOT]
    assert len(asking.look(ROOT, owed, now_s=0.0, now_ms=0)) == 1
    assert asking.due([ROOT], 1.0) == []
    assert asking.look(ROOT, owed, now_s=1.0, now_ms=0) == []
    asking.at_once("north")
    assert len(asking.look(ROOT, owed, now_s=2.0, now_ms=0)) == 1
    assert asking.look(ROOT, {}, now_s=3.0, now_ms=0) == []
    assert asking.watched() == []
