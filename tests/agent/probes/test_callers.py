"""The threads that make checks: what they raise is a failure, and one that hangs keeps nothing from ending."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from agent.errors import CheckError
from agent.facility_points import PointState
from agent.probes import Answer, Callers, CheckJob

UP = PointState(working=True, state="up")


class FakeCheck:
    def __init__(self, ask: Callable[[], PointState]) -> None:
        self.asking = ask
        self.closed = threading.Event()

    def ask(self) -> PointState:
        return self.asking()

    def close(self) -> None:
        self.closed.set()


def fail(error: Exception) -> PointState:
    raise error


def job(check: int, generation: int = 0) -> CheckJob:
    return CheckJob(check=check, generation=generation)


def test_what_is_raised_is_a_failure() -> None:
    """Ours with its words, a library's with its own, one without words by its name."""
    answers: SimpleQueue[tuple[CheckJob, Answer]] = SimpleQueue()
    errors: list[Exception] = [CheckError("status 500"), ValueError("odd"), KeyError()]
    checks = [FakeCheck(lambda: UP), *(FakeCheck(lambda error=error: fail(error)) for error in errors)]  # type: ignore[misc]
    callers = Callers([lambda check=check: check for check in checks], lambda *words: answers.put(words))  # type: ignore[misc]
    for number in range(4):
        callers.submit(job(number))
    found = {done.check: answer for done, answer in (answers.get(timeout=10) for _ in range(4))}
    assert found[0] == Answer(state=UP)
    assert [found[number].failure for number in (1, 2, 3)] == ["status 500", "odd", "KeyError"]
    assert callers.close(10)
    assert all(check.closed.is_set() for check in checks)


def test_a_check_that_cannot_be_made_is_a_failure_and_tried_again() -> None:
    """A password file may come later."""
    answers: SimpleQueue[Answer] = SimpleQueue()
    tries: list[int] = []

    def make() -> FakeCheck:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no file")
        return FakeCheck(lambda: UP)

    callers = Callers([make], lambda _, answer: answers.put(answer))
    callers.submit(job(0))
    callers.submit(job(0))
    assert answers.get(timeout=10).failure == "no file"
    assert answers.get(timeout=10).state == UP
    assert callers.close(10)


def test_a_hanging_check_is_replaced_and_does_not_keep_the_program() -> None:
    """The next generation has a thread of its own; closing does not wait for ever."""
    answers: SimpleQueue[Answer] = SimpleQueue()
    gate, hangs = threading.Event(), threading.Event()

    def hang() -> PointState:
        hangs.set()
        gate.wait(30)
        return UP

    checks = iter([FakeCheck(hang), FakeCheck(lambda: UP)])
    callers = Callers([lambda: next(checks)], lambda _, answer: answers.put(answer))
    callers.submit(job(0))
    assert hangs.wait(10)
    callers.submit(job(0, generation=1))
    assert answers.get(timeout=10).state == UP
    assert callers.close(10)
    gate.set()
