"""Whether what people give for a case can be used: plans and laboratory results. Pure."""

from collections.abc import Sequence
from typing import Final

from gateway.acceptance import laboratory, plan, profile, sheet, toml_file
from gateway.acceptance.laboratory import LaboratoryResult
from gateway.acceptance.plan import PlanTable
from gateway.cases.dossier import parsed
from gateway.cases.errors import CaseInvalid, CaseRefused
from gateway.cases.life import Life, Result
from gateway.errors import ConfigurationError
from telemetry.quantities import QUANTITIES

MAX_VALUE: Final = 1e12


def checked_plan(text: str, profile_text: str) -> PlanTable:
    """A plan that may be carried out by a profile.

    Raises:
        CaseInvalid: If either cannot be read, or the plan samples before it is due; each fault is named by its place.
    """
    try:
        standard = profile.parse(profile_text.encode())
        planned = plan.parse(text.encode())
        ordered = sheet.order(standard, planned)
        if ordered.early:
            raise ConfigurationError("\n".join(f"plan: {fault}" for fault in ordered.early))
        return toml_file.parse(text.encode(), PlanTable, "plan")
    except ConfigurationError as error:
        raise CaseInvalid(str(error)) from error


def unplaced(life: Life) -> tuple[str, ...]:
    """Laboratory results of the running round that no entry of its plan takes, each with the reason."""
    results = [one.result for one in life.results if one.round == life.round]
    return tuple(laboratory.reading_rows(results, parsed(life)[1])[1])


def check_result(result: LaboratoryResult, place: str) -> None:
    """Whether a laboratory result can be used; `place` is where it stands in the request.

    Raises:
        CaseInvalid: If not.
    """
    for name in ("laboratory", "accreditation", "method", "sample", "room", "point"):
        word = getattr(result, name)
        if not word.strip() or len(word) > 200:
            raise CaseInvalid(f"{place}.{name}: give 1 to 200 letters")
    if result.quantity not in QUANTITIES:
        raise CaseInvalid(f"{place}.quantity: {result.quantity[:64]!r} is no quantity known here")
    if not -MAX_VALUE <= result.value <= MAX_VALUE:
        raise CaseInvalid(f"{place}.value: {result.value} is no measured value")
    if result.sampled_ms is None and result.sampled_on is None:
        raise CaseInvalid(f"{place}.sampled: is missing; give the time, or the day, of the sampling")


def check_repeats(life: Life, results: Sequence[LaboratoryResult]) -> None:
    """Whether none of these was entered already: it would count twice; to change it is a correction.

    Raises:
        CaseRefused: If one was.
    """
    known: dict[tuple[str, ...], Result] = {_key(one.result): one for one in life.results if one.round == life.round}
    for place, result in enumerate(results):
        if (found := known.get(_key(result))) is not None:
            raise CaseRefused(
                f"results[{place}]: sample {result.sample!r}, {result.quantity} is entered already as result "
                f"{found.number}; correct that one if it is wrong"
            )


def _key(result: LaboratoryResult) -> tuple[str, ...]:
    return (result.laboratory, result.sample, result.room, result.point, result.quantity)
