"""Kinds of golden cases: profiles of one row, a single room with one sensor, four rooms around a guard band."""

from collections.abc import Sequence

from tests.gateway.acceptance.case_files import Golden, entry, one, plan, room, said, says, steady

HCHO, CO2, BENZENE, RADON, TVOC = "hcho_ug_m3", "co2_ppm", "benzene_ug_m3", "radon_bq_m3", "tvoc_ug_m3"


def one_row(quantity: str, limit: float, *, more: str = "", closure: str = "") -> str:
    """A profile of one row, points and rooms as GB 50325."""
    return f"""\
name = "own"
title_en = "One row"
title_zh = "单项"
source = "a bank's own"
[sampling]
height_m = [0.8, 1.5]
steps = [
    {{ points = 1, below_m2 = 50 }},
    {{ points = 2, below_m2 = 100 }},
    {{ points = 3, below_m2 = 500 }},
    {{ points = 5, below_m2 = 1000 }},
]
growth = {{ from_m2 = 1000, points = 5, per_m2 = 1000, at_least = 6 }}
source = "GB 50325-2020"
{closure}
[[row]]
quantity = "{quantity}"
max = {limit}
instruments = ["laboratory", "sensor"]
source = "a bank's own"
{more}
"""


GB_HCHO = one_row(HCHO, 80, more="outdoor = true", closure="[closure]\nnatural_h = 1")
HOURLY = "averaging_h = 1\nshortest_h = 0.75"
HOURLY_HCHO = one_row(HCHO, 80, more=HOURLY)
OUTSIDE_NOTHING = one("outdoor-1", HCHO, 0, room="outdoor", instrument="laboratory")


def four(
    name: str,
    why: str,
    values: Sequence[float],
    *,
    own_profile: str,
    quantity: str = HCHO,
    instrument: str = "sfa30",
    outside: str = "",
    outside_rows: Sequence[str] = (),
    head: str = "",
    **numbers: object,
) -> Golden:
    """Four rooms: the highest clear pass, just above it, just below the lowest clear fail, and that."""
    names = ("passes", "near", "nearly", "fails")
    verdicts = (
        says("pass", **numbers),
        says("indeterminate", ["within-uncertainty"]),
        says("indeterminate", ["within-uncertainty"]),
        says("fail", ["above-limit"]),
    )
    return Golden(
        name=name,
        why=why,
        own_profile=own_profile,
        plan=plan(*(room(word, 20, entry(f"{word}-1", instrument)) for word in names), outside, head=head),
        rows=[
            row
            for word, value in zip(names, values, strict=True)
            for row in steady(f"{word}-1", quantity, value, room=word)
        ]
        + list(outside_rows),
        exit=1,
        said=said(
            "fail",
            ["above-limit", "within-uncertainty"],
            rooms={
                word: {"verdict": verdict["verdict"], "quantities": {quantity: verdict}}
                for word, verdict in zip(names, verdicts, strict=True)
            },
        ),
    )


def single(
    name: str,
    why: str,
    *,
    rows: Sequence[str],
    verdict: str,
    reasons: Sequence[str] = (),
    tables: Sequence[str] | None = None,
    own_profile: str = HOURLY_HCHO,
    quantity: str = HCHO,
    head: str = "",
    case_basis: str = "screening",
    args: Sequence[str] = (),
    stderr: Sequence[str] = (),
    case_reasons: Sequence[str] | None = None,
    **numbers: object,
) -> Golden:
    """One room of 20 m2 with one SFA30, one row."""
    outcome = "indeterminate" if verdict == "never-measured" else verdict
    return Golden(
        name=name,
        why=why,
        own_profile=own_profile,
        plan=plan(*(tables or [room("hall", 20, entry("hall-1", "sfa30"))]), head=head),
        rows=rows,
        args=args,
        exit={"pass": 0, "fail": 1}.get(outcome, 3),
        said=said(
            outcome,
            reasons if case_reasons is None else case_reasons,
            basis=case_basis,
            rooms={"hall": {"quantities": {quantity: says(verdict, reasons, **numbers)}}},
        ),
        stderr=stderr,
    )
