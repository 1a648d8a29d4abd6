"""Whether the gateway does all of its work: asked by `/readyz`, answered from its parts within a bound."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from sqlalchemy import text

from gateway.board.sources import Finding, Readiness
from gateway.errors import GatewayError
from gateway.ingest.claims import Conflict
from gateway.ports import Store
from gateway.state.state import State
from gateway.worker import Worker
from telemetry.clock import Clock

PROBE_WITHIN_S: Final = 2.0
KEEP_ANSWER_S: Final = 2.0
CONFLICTS_NAMED: Final = 5


class _Ingest(Protocol):
    @property
    def storing(self) -> bool: ...

    @property
    def trouble(self) -> tuple[str, str] | None: ...


class _Bus(Protocol):
    @property
    def fault(self) -> str | None: ...

    @property
    def rival(self) -> bool: ...


class Probe:
    """Asks one outside service now and then; never waits longer than a bound, never asks twice at once."""

    def __init__(self, ask: Callable[[], object], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="probe")
        self._lock = threading.Lock()
        self._asked_at = -KEEP_ANSWER_S
        self._pending: Future[object] | None = None
        self._fault: str | None = None

    def fault(self) -> str | None:
        """Why it does not answer, None if it does; the answer is up to two seconds old."""
        with self._lock:
            if self._pending is None and self._clock.monotonic() - self._asked_at < KEEP_ANSWER_S:
                return self._fault
            if self._pending is None:
                self._pending = self._pool.submit(self._ask)
            try:
                self._pending.result(PROBE_WITHIN_S)
            except TimeoutError:
                self._fault = f"no answer within {PROBE_WITHIN_S:g} s"
                return self._fault
            except GatewayError as error:
                self._fault = str(error)
            else:
                self._fault = None
            self._pending = None
            self._asked_at = self._clock.monotonic()
            return self._fault

    def close(self) -> None:
        """Let go of a question under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class ReadinessCheck:
    """Puts the findings of all parts together."""

    def __init__(
        self,
        *,
        ingest: _Ingest,
        bus: _Bus,
        store: Store,
        state: State,
        workers: Iterable[Worker],
        conflicts: Callable[[], Sequence[Conflict]],
        findings: Callable[[], Sequence[tuple[str, str]]],
        store_fault: Callable[[], str | None],
        clock: Clock,
        hangs: Callable[[], Sequence[str]] = tuple,
        unheard: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Remember the parts.

        Args:
            ingest: Says whether the last commit was taken.
            bus: Says whether the broker carries our messages.
            store: Is asked for its marks.
            state: Is asked for nothing much.
            workers: Their faults are faults of ours.
            conflicts: Points that two agents claim.
            findings: What the ingest warns of: the part, and a sentence.
            store_fault: Why the store was not proved, None once it was.
            clock: For how old an answer may be.
            hangs: Parts of ours that hang.
            unheard: Places that the dead-man's ping does not reach.
        """
        self._hangs = hangs
        self._unheard = unheard
        self._ingest = ingest
        self._bus = bus
        self._workers = list(workers)
        self._conflicts = conflicts
        self._findings = findings
        self._store_fault = store_fault
        self._store = Probe(store.marks, clock)
        self._state = Probe(lambda: _touch(state), clock)

    def __call__(self) -> Readiness:
        """What is wrong now; takes four seconds at most."""
        return Readiness(reasons=self._reasons(), warnings=self._warnings())

    def close(self) -> None:
        """Stop asking."""
        self._store.close()
        self._state.close()

    def _reasons(self) -> list[Finding]:
        found = []
        store = self._store_fault() or self._store.fault()
        if store is not None:
            found.append(Finding("store", f"store: {store}"))
        elif not self._ingest.storing:
            found.append(self._not_storing())
        if self._bus.fault is not None:
            found.append(Finding("broker", f"broker: {self._bus.fault}"))
        state = self._state.fault()
        if state is not None:
            found.append(Finding("state", f"state: {state}"))
        found += [Finding("worker", f"a fault of ours: {one.fault}") for one in self._workers if one.fault is not None]
        found += [Finding("worker", text) for text in self._hangs()]
        return found

    def _not_storing(self) -> Finding:
        """It answers questions and takes nothing, as with a full disk: only the failed write knows why."""
        part, words = self._ingest.trouble or ("store", "")
        return Finding(
            part, f"{part}: it did not take the last readings; they are tried again" + (f" ({words})" if words else "")
        )

    def _warnings(self) -> list[Finding]:
        found = []
        if self._bus.rival:
            found.append(Finding("same_id", "another gateway uses this gateway's id; give each one its own"))
        found += [Finding(part, words) for part, words in self._findings()]
        found += [Finding("deadman", text) for text in self._unheard()]
        conflicts = self._conflicts()
        for one in conflicts[:CONFLICTS_NAMED]:
            words = f"agents {one.owner} and {one.claimant} of {one.site} both claim point {one.point}; rename one"
            found.append(Finding("two_agents", words))
        if len(conflicts) > CONFLICTS_NAMED:
            words = f"{len(conflicts) - CONFLICTS_NAMED} more points are claimed by two agents"
            found.append(Finding("two_agents", words))
        return found


def _touch(state: State) -> None:
    with state.read() as connection:
        connection.execute(text("SELECT 1"))
