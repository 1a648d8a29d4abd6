"""The closed lists of words that a verdict is made of."""

from enum import StrEnum


class Outcome(StrEnum):
    """What is said of a quantity, a room, or a case.

    `never-measured` is said of quantities only, `not-due` of cases and of rooms that were sampled too early.
    """

    PASS = "pass"
    FAIL = "fail"
    INDETERMINATE = "indeterminate"
    NEVER_MEASURED = "never-measured"
    NOT_DUE = "not-due"


class Basis(StrEnum):
    """Whose values decide: a sensor's is a screening, an accredited laboratory's is a result."""

    SCREENING = "screening"
    LABORATORY = "laboratory"


class Reason(StrEnum):
    """Why an outcome is what it is, the weightiest first; answers list reasons in this order."""

    NOT_DUE = "not-due"
    ABOVE_LIMIT = "above-limit"
    BELOW_LIMIT = "below-limit"
    NOTHING_TO_DECIDE = "nothing-to-decide"
    TOO_FEW_ROOMS = "too-few-rooms"
    NEVER_MEASURED = "never-measured"
    INCOMPLETE = "incomplete"
    TOO_FEW_POINTS = "too-few-points"
    CLOSURE_TOO_SHORT = "closure-too-short"
    WINDOW_TOO_SHORT = "window-too-short"
    INSTRUMENT_MAY_NOT_DECIDE = "instrument-may-not-decide"
    SEASON_NOT_GIVEN = "season-not-given"
    WITHIN_UNCERTAINTY = "within-uncertainty"
    OUTDOOR_NOT_MEASURED = "outdoor-not-measured"
    OVER_RANGE = "over-range"
    UNVERIFIED = "unverified"


def in_order(reasons: set[Reason]) -> tuple[Reason, ...]:
    """The reasons, each once, in the order of the list above."""
    return tuple(reason for reason in Reason if reason in reasons)


class Season(StrEnum):
    """The season of a measurement, where a standard has limits for each."""

    SUMMER = "summer"
    WINTER = "winter"


class Ventilation(StrEnum):
    """How a room gets its outdoor air: `natural` through what opens, `central` by a plant that runs while sampled."""

    NATURAL = "natural"
    CENTRAL = "central"


class Language(StrEnum):
    """The languages that people read answers in."""

    ENGLISH = "en"
    CHINESE = "zh-CN"
