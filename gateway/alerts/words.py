"""The closed lists of words of the alert engine: severities, what a rule watches, states, reasons, kinds of notice."""

from enum import StrEnum


class Severity(StrEnum):
    """How grave an alert is; with each word go steps of escalation of its own."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    EMERGENCY = "emergency"


class When(StrEnum):
    """What a rule watches."""

    THRESHOLD = "threshold"
    RATE = "rate"
    NO_DATA = "no-data"
    SENSOR_FAULT = "sensor-fault"
    FACILITY = "facility"
    CALL = "call"
    AGENT_DARK = "agent-dark"
    BRANCH_DARK = "branch-dark"
    REGION_DARK = "region-dark"
    HEALTH = "health"
    OPENING_HOURS = "opening-hours"
    CERTIFICATE = "certificate"
    SAMPLING = "sampling"


class During(StrEnum):
    """When a rule counts."""

    ALWAYS = "always"
    OPEN = "open"
    CLOSED = "closed"


class State(StrEnum):
    """Where an alarm stands in its life, after ISA-18.2 and IEC 62682."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned-unacknowledged"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out-of-service"


class Reason(StrEnum):
    """Why an alarm changed, or why a wish to change it was refused."""

    RAISED = "raised"
    RAISED_AGAIN = "raised-again"
    CALLED_AGAIN = "called-again"
    MISSED_CALL = "missed-call"
    RAISED_IN_SILENCE = "raised-in-silence"
    RAISED_ON_THE_SHELF = "raised-on-the-shelf"
    RETURNED = "returned"
    RETURNED_IN_SILENCE = "returned-in-silence"
    CLOSED = "closed"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    SHELF_ENDED = "shelf-ended"
    SUPPRESSED = "suppressed"
    TAKEN_OUT_OF_SERVICE = "taken-out-of-service"
    RELEASED = "released"
    ESCALATED = "escalated"
    GONE = "gone"
    EXPIRED = "expired"
    NOTHING_CHANGES = "nothing-changes"
    ALREADY_ACKNOWLEDGED = "already-acknowledged"
    IS_CLOSED = "is-closed"
    EMERGENCIES_ARE_NOT_SILENCED = "emergencies-are-not-silenced"


class Tell(StrEnum):
    """What people are told of an alarm."""

    RISE = "rise"
    MISSED = "missed-call"
    CLEAR = "clear"
    TAKEN = "taken"
    REPORT = "report-due"


class Role(StrEnum):
    """Who is told at a step of escalation."""

    RESPONSIBLE = "responsible"
    DEPUTY = "deputy"
    REGION = "region"
    CITY = "city"
    CONTACT = "contact"
