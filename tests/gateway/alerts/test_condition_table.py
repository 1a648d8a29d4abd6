"""What stands, and where anything does."""

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.alarm import Key
from gateway.alerts.alarm_rows import Kept
from gateway.alerts.condition_table import Conditions

KEYS = st.builds(
    Key, st.sampled_from("rs"), st.just("north"), st.sampled_from("ab"), st.sampled_from("pq"), st.just("")
)


@given(st.lists(st.tuples(st.booleans(), KEYS)))
def test_it_is_a_dictionary_that_knows_its_points(steps: list[tuple[bool, Key]]) -> None:
    table, plain = Conditions(), dict[Key, Kept]()
    for puts, key in steps:
        if puts:
            table[key] = plain[key] = cast(Kept, object())
        else:
            assert table.pop(key, None) is plain.pop(key, None)
        assert dict(table) == plain
        for site in "ab":
            for point in "pq":
                assert table.stands_at(site, point) == any((one.site, one.point) == (site, point) for one in plain)
