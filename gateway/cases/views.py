"""A case at a moment, with what its contacts say now: what pages and programs are shown."""

from dataclasses import dataclass

from gateway.acceptance import plan
from gateway.acceptance.plan import Plan
from gateway.acceptance.profile import Profile
from gateway.acceptance.sheet import Order, order
from gateway.cases import carried_out, plan_text, rows
from gateway.cases.carried_out import Kept
from gateway.cases.checks import unplaced
from gateway.cases.dossier import parsed, rooms_kept
from gateway.cases.life import Life
from gateway.cases.phase import phase_of
from gateway.cases.words import Phase
from gateway.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case at a moment.

    Attributes:
        number: Its number.
        life: What happened to it.
        plan: The running plan as it is carried out.
        profile: The standard.
        ordered: What that orders.
        kept: What is known of each room's closure.
        phase: Where it stands.
        unplaced: Laboratory results without a place in the plan.
        trail_broken_at: The first event that was changed behind our back.
    """

    number: int
    life: Life
    plan: Plan
    profile: Profile
    ordered: Order
    kept: tuple[Kept, ...]
    phase: Phase
    unplaced: tuple[str, ...]
    trail_broken_at: int | None


def view(state: State, case: int, now_ms: int) -> CaseView:
    """A case now.

    Raises:
        CaseUnknown: If there is none of this number.
        StateUnavailable: If the database does not answer.
    """
    with state.read() as connection:
        life = rows.load(connection, case)
        broken_at = rows.broken_at(connection, case)
        table, planned, standard = parsed(life)
        kept = rooms_kept(connection, life, planned, standard)
    done = plan_text.plan_text(carried_out.carried_out(table, planned, kept))
    carried = plan.parse(done.encode(), name="plan as carried out")
    return CaseView(
        number=case,
        life=life,
        plan=carried,
        profile=standard,
        ordered=order(standard, planned),
        kept=kept,
        phase=phase_of(life, planned, standard, now_ms),
        unplaced=unplaced(life),
        trail_broken_at=broken_at,
    )
