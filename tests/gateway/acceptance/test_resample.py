"""What a failure orders."""

import pytest

from gateway.acceptance import plan, profile, readings, verdict
from gateway.acceptance.resample import Resample, resample
from tests.gateway.acceptance.case_files import HEADER, entry, one, room
from tests.gateway.acceptance.case_files import plan as plan_text

TYPES = {"hall": "hall", "office": "office", "office-2": "office", "office-3": "office", "vault": "vault"}


@pytest.mark.parametrize(
    ("total", "types", "ordered"),
    [
        # 40 rooms order 3; twice as many are 6
        (40, {}, Resample(quantity="hcho_ug_m3", failing=("office",), must_include=("office",), rooms=6)),
        # 4 rooms order 3; all four
        (4, {}, Resample(quantity="hcho_ug_m3", failing=("office",), must_include=("office",), rooms=4)),
        (
            40,
            TYPES,
            Resample(
                quantity="hcho_ug_m3", failing=("office",), must_include=("office", "office-2", "office-3"), rooms=6
            ),
        ),
    ],
)
def test_a_failing_item_is_sampled_again_in_twice_as_many_rooms(
    total: int, types: dict[str, str], ordered: Resample
) -> None:
    """With the failing room and its like (6.0.22); what passed is not sampled again, nor what only informs."""
    planned = plan.parse(
        plan_text(
            *(room(name, 20, entry(f"{name}-1", "laboratory")) for name in ("hall", "office")),
            head=f"rooms_total = {total}\n",
        ).encode()
    )
    rows = one("hall-1", "hcho_ug_m3", 50) + one("office-1", "hcho_ug_m3", 150, room="office")
    taken = readings.read([f"{line}\n" for line in (HEADER, *rows)], planned)
    said = verdict.judge(verdict.Case(profile.load("who"), planned, taken))
    assert resample(said, planned, types=types) == (ordered,)


def test_a_pass_orders_nothing() -> None:
    """Nor does an indeterminate case."""
    planned = plan.parse(plan_text(room("hall", 20)).encode())
    said = verdict.judge(verdict.Case(profile.load("who"), planned, readings.read([HEADER + "\n"], planned)))
    assert resample(said, planned) == ()
