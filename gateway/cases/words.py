"""The closed lists of words that are said of a live case."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a case stands."""

    PLANNED = "planned"
    CLOSING = "closing"
    SAMPLING = "sampling"
    SAMPLED = "sampled"
    JUDGED = "judged"
    CLOSED = "closed"


class Risk(StrEnum):
    """What endangers a sampling while it runs, the gravest first.

    `window-void`: the closure was broken within the window, which counts for nothing. `clock-restarted`: it was broken
    before, and the hours count anew from the moment that all is closed again.
    """

    WINDOW_VOID = "window-void"
    CLOSURE_BROKEN = "closure-broken"
    CLOSURE_TOO_LATE = "closure-too-late"
    CLOCK_RESTARTED = "clock-restarted"
    COMPLETENESS_LOST = "completeness-lost"
    COMPLETENESS_FALLING = "completeness-falling"
    SILENT = "silent"
    INSTRUMENT_NOT_VALID = "instrument-not-valid"
    INSTRUMENT_CHANGED = "instrument-changed"
    SIMULATED = "simulated"
    CONTACT_UNHEARD = "contact-unheard"
    AIR_CHANGES_TOO_FAST = "air-changes-too-fast"
