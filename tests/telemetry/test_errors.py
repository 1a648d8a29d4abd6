"""The one error of the package."""

import inspect

import pytest

from telemetry import errors
from telemetry.errors import MalformedError, Reason


def test_there_is_one_and_the_tree_shows_it() -> None:
    """Under `ValueError`."""
    found = [
        thing
        for _, thing in inspect.getmembers(errors, inspect.isclass)
        if issubclass(thing, Exception) and thing.__module__ == errors.__name__
    ]
    assert found == [MalformedError]
    assert issubclass(MalformedError, ValueError)
    assert "MalformedError" in (errors.__doc__ or "")


def test_facts_are_attributes_and_in_the_text() -> None:
    """Reason, detail, and the pair where it could be read."""
    with pytest.raises(MalformedError, match="unit: co2 in ppb") as error:
        raise MalformedError(Reason.UNIT, "co2 in ppb", journal="a", sequence=5)
    assert (error.value.reason, error.value.detail, error.value.journal, error.value.sequence) == (
        Reason.UNIT,
        "co2 in ppb",
        "a",
        5,
    )
    assert MalformedError(Reason.JSON, "x").journal is None


def test_reasons_are_the_contracts() -> None:
    """To the letter."""
    words = (
        "json senml bver topic site-mismatch no-pair unknown-quantity unit not-finite future relative-time oversize "
        "store-refused signature"
    )
    assert [str(reason) for reason in Reason] == words.split()
