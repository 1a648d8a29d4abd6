"""From single answers to the state of a point: so many failures in a row are one failure that counts. Pure."""

from agent.facility_points import PointState


class UpDown:
    """What a point's state is, answer by answer.

    One good answer is believed at once; failures only once so many came in a row, so that one lost packet is no news.

    Attributes:
        in_a_row: Failures since the last good answer.
    """

    def __init__(self, failures: int, *, bad_state: str) -> None:
        """Nothing known yet.

        Args:
            failures: How many in a row count.
            bad_state: The state they make: `down`, or `unknown` where silence says nothing of the thing itself.
        """
        self.in_a_row = 0
        self._failures = failures
        self._bad_state = bad_state

    def good(self, state: PointState) -> PointState:
        """An answer came."""
        self.in_a_row = 0
        return state

    def bad(self, reason: str) -> PointState | None:
        """None came, or a wrong one; None while that is no news yet."""
        self.in_a_row += 1
        if self.in_a_row < self._failures:
            return None
        return PointState(working=False, state=self._bad_state, reason=reason)
