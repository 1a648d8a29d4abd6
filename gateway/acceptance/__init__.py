"""Air acceptance after a renovation: what a standard orders, what was measured, what may be said of it."""

from gateway.acceptance.answer import as_json
from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import Profile
from gateway.acceptance.readings import Reading, Readings
from gateway.acceptance.verdict import Case, CaseVerdict, judge
from gateway.acceptance.words import Basis, Language, Outcome, Reason

__all__ = [
    "Basis",
    "Case",
    "CaseVerdict",
    "Language",
    "Outcome",
    "Plan",
    "Profile",
    "Reading",
    "Readings",
    "Reason",
    "as_json",
    "judge",
]
