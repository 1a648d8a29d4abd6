"""A verdict as the JSON of the contract: `judge --json`, and later the HTTP answer."""

from gateway.acceptance.profile import Row
from gateway.acceptance.verdict import CaseVerdict, QuantityVerdict

Json = dict[str, object]


def as_json(case: CaseVerdict) -> Json:
    """The answer of `openhall-gateway judge --json`; numbers in the quantity's own unit, None where there is none."""
    return {
        "verdict": str(case.verdict),
        "basis": str(case.basis),
        "reasons": [str(reason) for reason in case.reasons],
        "rooms": [
            {
                "name": room.name,
                "verdict": str(room.verdict),
                "reasons": [str(reason) for reason in room.reasons],
                "quantities": [_quantity(quantity) for quantity in room.quantities],
            }
            for room in case.rooms
        ],
    }


def limit_of(row: Row) -> float | Json:
    """A number where the row has a maximum only, else both ends, None for the one that is open."""
    return row.max if row.min is None and row.max is not None else {"min": row.min, "max": row.max}


def _quantity(said: QuantityVerdict) -> Json:
    return {
        "quantity": said.row.quantity,
        "indoor": said.indoor,
        "outdoor": said.outdoor,
        "mean": said.mean,
        "limit": limit_of(said.row) if said.season_known else None,
        "uncertainty": said.uncertainty,
        "completeness": said.completeness,
        "basis": None if said.basis is None else str(said.basis),
        "verdict": str(said.verdict),
        "reasons": [str(reason) for reason in said.reasons],
    }
