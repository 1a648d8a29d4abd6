"""Stand-ins for what facility points need: a sink that remembers, eyes and switches that a test moves and breaks."""

from collections.abc import Callable

from agent.inputs.line import WireState


class FakeSink:
    """Remembers states, and like the journal ignores what does not differ (rule 7).

    Attributes:
        told: (point, working, state, reason), oldest first.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, str, str]] = []
        self._last: dict[str, tuple[bool, str, str]] = {}

    def set_state(self, point: str, room: str, kind: str, working: bool, state: str, reason: str = "") -> object:
        assert room
        assert kind
        if self._last.get(point) != (working, state, reason):
            self._last[point] = (working, state, reason)
            self.told.append((point, working, state, reason))
        return None

    def states(self, point: str) -> list[str]:
        return [state for name, _, state, _ in self.told if name == point]

    def last(self, point: str) -> tuple[bool, str, str] | None:
        return self._last.get(point)


class FakeEye:
    """A contact that a test moves.

    Attributes:
        state: What a look finds.
        error: Raised by every call until it is None.
        opened: How often it was opened.
        closed: How often it was let go.
    """

    def __init__(self, state: WireState = WireState.OPEN) -> None:
        self.state = state
        self.error: Exception | None = None
        self.opened = 0
        self.closed = 0
        self._moved: Callable[[WireState], None] | None = None

    def open(self, moved: Callable[[WireState], None]) -> None:
        if self.error:
            raise self.error
        self.opened += 1
        self._moved = moved

    def look(self) -> WireState:
        if self.error:
            raise self.error
        return self.state

    def close(self) -> None:
        self.closed += 1
        self._moved = None

    def move(self, state: WireState) -> None:
        """The contact moves, and the hardware tells the edge."""
        self.state = state
        assert self._moved
        self._moved(state)


class FakeSwitch:
    """An output that remembers.

    Attributes:
        is_on: Whether it is on.
        error: Raised by `set` until it is None.
        history: Each change.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.error: Exception | None = None
        self.history: list[bool] = []
        self.closed = 0

    def set(self, on: bool) -> None:
        if self.error:
            raise self.error
        if on is not self.is_on:
            self.history.append(on)
        self.is_on = on

    def close(self) -> None:
        self.is_on = False
        self.closed += 1
