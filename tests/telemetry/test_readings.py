"""Packs in memory, and the declarations they may carry."""

import pytest
from hypothesis import given

from telemetry.readings import DOUBTFUL_FLAGS, MAX_SEQUENCE, Declaration, Flag, Pack, Record, declaration_of
from tests.telemetry.strategies import declarations


def pack_of(*records: Record, kind: str | None = None) -> Pack:
    """A pack of those records."""
    return Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, kind=kind, records=records)


def declared(**changes: object) -> Pack:
    """A whole declaration, with changes; `None` takes a record out."""
    values = {
        "dropped_journal": "old",
        "dropped_reason": "disk_full",
        "dropped_first": 5.0,
        "dropped_last": 9.0,
        "dropped_from": 1_600_000_000.0,
        "dropped_to": 1_600_000_060.5,
        **changes,
    }
    return pack_of(
        *(Record(name=name, time_ms=0, value=value) for name, value in values.items() if value is not None)  # type: ignore[arg-type]
    )


def test_calls_are_known_by_their_kind() -> None:
    """`call-` at its beginning."""
    record = Record(name="state", time_ms=0, value="called")
    assert pack_of(record, kind="call-hall").is_call
    assert not pack_of(record, kind="door").is_call
    assert not pack_of(record, kind="recall-x").is_call
    assert not pack_of(record).is_call


def test_last_value_of_a_name_counts() -> None:
    """Of several times."""
    pack = pack_of(*(Record(name="co2_ppm", time_ms=ms, value=float(ms)) for ms in (1, 2, 3)))
    assert pack.value_of("co2_ppm") == 3.0
    assert pack.value_of("temperature_c") is None
    assert not pack.is_declaration


def test_simulated_is_no_doubt() -> None:
    """It is a badge; the others make a value suspect."""
    assert set(Flag) - DOUBTFUL_FLAGS == {Flag.SIMULATED}


@given(declaration=declarations())
def test_declaration_is_read_back(declaration: Declaration) -> None:
    """From its own records."""
    pack = pack_of(*declaration.records(1_700_000_000_000))
    assert pack.is_declaration
    assert declaration_of(pack) == declaration


def test_whole_declaration() -> None:
    """Seconds become milliseconds."""
    assert declaration_of(declared()) == Declaration(
        journal="old", reason="disk_full", first=5, last=9, from_ms=1_600_000_000_000, to_ms=1_600_000_060_500
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"dropped_journal": None},
        {"dropped_journal": "a b"},
        {"dropped_journal": 5.0},
        {"dropped_reason": None},
        {"dropped_first": None},
        {"dropped_first": 0.0},
        {"dropped_first": 5.5},
        {"dropped_first": 10.0},
        {"dropped_last": float(MAX_SEQUENCE + 1)},
        {"dropped_last": "9"},
        {"dropped_last": True},
        {"dropped_to": 1_599_999_999.0},
        {"dropped_to": 1e300},
        {"dropped_from": -1e300},
        {"dropped_to": None},
    ],
)
def test_declaration_that_is_not_whole_is_none(changes: dict[str, object]) -> None:
    """A pair out of range, halves of numbers, times that run backwards or overflow."""
    assert declaration_of(declared(**changes)) is None
