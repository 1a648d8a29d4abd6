"""Rule 9: what is held and not in the ledger is asked for again, and what is gone becomes lost."""

import random
from collections.abc import Sequence

from gateway.ingest.asking import Asking
from gateway.ingest.ingest import IngestSettings
from telemetry import messages
from telemetry.bus import Message
from telemetry.messages import Command, Reply
from telemetry.ranges import RangeSet
from telemetry.topics import Root
from tests.gateway.ingest.hall import ROOT, Hall


def live(hall: Hall, seconds: float, held: dict[str, list[tuple[int, int]]]) -> None:
    """The agent lives and says every minute what it has."""
    for _ in range(round(seconds / 60)):
        hall.health(held)
        hall.pass_time(60, step_s=6)


def hall_with_a_gap() -> Hall:
    hall = Hall()
    hall.presence("boot-1")
    hall.air(1, age_s=300)
    hall.air(5, age_s=60)
    hall.keep()
    return hall


def answer_to(asking: Asking, question: Sequence[Message]) -> None:
    """The agent says that it sends what it was asked for."""
    for message in question:
        command = messages.decode(message.body, Command)
        asking.answer(ROOT, Reply(id=command.id, ok=True, result={"sent": 1, "missing": []}))


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
    """At its next three words, then after 60 s, 120 s, …; each with an id of its own."""
    hall = hall_with_a_gap()
    live(hall, 660, {"j1": [(1, 5)]})
    assert 1 <= len(hall.commands()) <= 3
    live(hall, 3_600, {"j1": [(1, 5)]})
    after_an_hour = len(hall.commands())
    assert 4 <= after_an_hour <= 12
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
    asking.at_once("north", 0.0)
    assert asking.due({ROOT: 0.0}, 0.0) == [ROOT]
    asked: dict[str, list[tuple[int, int]]] = {}
    for second in range(6):
        found = asking.look(ROOT, owed, heard_s=float(second), now_s=float(second), now_ms=0)
        assert len(found) <= 2
        for message in found:
            command = messages.decode(message.body, Command)
            assert command.ranges is not None
            assert command.journal is not None
            assert len(command.ranges) <= 3
            asked.setdefault(command.journal, []).extend(command.ranges)
            asking.answer(ROOT, Reply(id=command.id, ok=True, result={"sent": 0, "missing": []}))
    assert asked == {name: ranges.spans() for name, ranges in owed.items()}
    assert asking.look(ROOT, owed, heard_s=7.0, now_s=7.0, now_ms=0) == []


def test_an_agent_that_gives_something_is_asked_at_an_even_pace() -> None:
    """One that answers and gives nothing is asked ever less often, up to the longest wait."""
    settings = IngestSettings()
    giving, stuck = Asking(settings, random.Random(1)), Asking(settings, random.Random(1))
    counts = []
    for asking, gives in ((giving, True), (stuck, False)):
        count, low = 0, 1
        for second in range(0, 36_000, 10):
            for message in asking.look(
                ROOT, {"j": RangeSet([(low, 1_000)])}, heard_s=float(second), now_s=float(second), now_ms=0
            ):
                count += 1
                command = messages.decode(message.body, Command)
                asking.answer(ROOT, Reply(id=command.id, ok=True, result={"sent": 1, "missing": []}))
                low += gives
        counts.append(count)
    assert 50 <= counts[0] <= 60
    assert counts[1] <= 8


def test_a_loss_of_the_store_is_asked_for_at_once() -> None:
    """Every agent of the region, by what it said last, and once more by its next word; then no more."""
    asking = Asking(IngestSettings(), random.Random(1))
    old, new = {"j": RangeSet([(1, 5)])}, {"j": RangeSet([(1, 7)])}
    asking.at_once("north", 100.0)
    other = Root("south", "b009", "pi-1")
    assert asking.due({ROOT: 90.0, other: 90.0}, 100.0) == [ROOT]
    assert ranges_of(asking.look(ROOT, old, heard_s=90.0, now_s=100.0, now_ms=0)) == [(1, 5)]
    assert asking.due({ROOT: 90.0}, 101.0) == []
    assert asking.look(ROOT, old, heard_s=90.0, now_s=101.0, now_ms=0) == []
    assert asking.due({ROOT: 130.0}, 131.0) == [ROOT]
    question = asking.look(ROOT, new, heard_s=130.0, now_s=131.0, now_ms=0)
    assert ranges_of(question) == [(1, 7)]
    answer_to(asking, question)
    assert asking.look(ROOT, new, heard_s=190.0, now_s=190.0, now_ms=0) == []
    asking.at_once("north", 200.0)
    assert len(asking.look(ROOT, new, heard_s=201.0, now_s=201.0, now_ms=0)) == 1
    assert asking.look(ROOT, {}, heard_s=202.0, now_s=203.0, now_ms=0) == []
    assert asking.watched() == []


def test_a_question_that_got_lost_is_put_again_at_the_next_word() -> None:
    """The broker died with it: the agent comes back, says what it has, and is asked at once, a few times."""
    asking = Asking(IngestSettings(), random.Random(1))
    owed = {"j": RangeSet([(1, 5)])}
    asking.at_once("north", 100.0)
    first = asking.look(ROOT, owed, heard_s=99.0, now_s=100.0, now_ms=0)
    assert asking.look(ROOT, owed, heard_s=99.0, now_s=101.0, now_ms=0) == []
    again = asking.look(ROOT, owed, heard_s=102.0, now_s=103.0, now_ms=0)
    assert ranges_of(again) == ranges_of(first) == [(1, 5)]
    for number, expected in enumerate([1, 1, 1, 0, 0]):
        found = asking.look(ROOT, owed, heard_s=104.0 + number, now_s=104.5 + number, now_ms=0)
        assert len(found) == expected, number
    asking = Asking(IngestSettings(), random.Random(1))
    asking.at_once("north", 100.0)
    answer_to(asking, asking.look(ROOT, owed, heard_s=100.0, now_s=100.0, now_ms=0))
    assert asking.look(ROOT, owed, heard_s=102.0, now_s=103.0, now_ms=0) == []


def test_what_the_store_once_had_is_asked_for_without_a_wait() -> None:
    """Beside it the rest waits its ten minutes; and what lapsed is not asked for twice in a row."""
    asking = Asking(IngestSettings(), random.Random(1))
    owed, lapsed = {"j": RangeSet([(1, 9)]), "k": RangeSet([(1, 2)])}, {"j": RangeSet([(1, 5)])}
    question = asking.look(ROOT, owed, lapsed, heard_s=1.0, now_s=1.0, now_ms=0)
    assert ranges_of(question) == [(1, 5)]
    answer_to(asking, question)
    assert asking.look(ROOT, owed, lapsed, heard_s=61.0, now_s=61.0, now_ms=0) == []
    late = asking.look(ROOT, owed, lapsed, heard_s=601.0, now_s=601.0, now_ms=0)
    assert sorted(messages.decode(one.body, Command).journal or "" for one in late) == ["j", "k"]


def test_each_number_waits_its_own_ten_minutes() -> None:
    """What became owed five minutes after the first is asked for five minutes after it."""
    asking = Asking(IngestSettings(), random.Random(1))
    asked: dict[float, list[tuple[int, int]]] = {}
    for second in range(0, 1_000, 10):
        owed = {"j": RangeSet([(1, 2)] if second < 300 else [(1, 2), (8, 9)])}
        found = asking.look(ROOT, owed, heard_s=float(second), now_s=float(second), now_ms=0)
        if found:
            asked[second] = ranges_of(found)
            for message in found:
                command = messages.decode(message.body, Command)
                asking.answer(ROOT, Reply(id=command.id, ok=True, result={"sent": 1, "missing": []}))
    assert asked == {600: [(1, 2)], 900: [(8, 9)]}


def test_what_waits_is_bounded() -> None:
    """Every minute something else becomes owed: the youngest wait together."""
    asking = Asking(IngestSettings(ask_after_s=100_000.0), random.Random(1))
    for minute in range(200):
        owed = {"j": RangeSet([(1, 2 + minute)])}
        asking.look(ROOT, owed, heard_s=minute * 60.0, now_s=minute * 60.0, now_ms=0)
    assert len(asking._watches[ROOT].cohorts) <= 32


def ranges_of(found: list[Message]) -> list[tuple[int, int]]:
    return [span for message in found for span in messages.decode(message.body, Command).ranges or []]
