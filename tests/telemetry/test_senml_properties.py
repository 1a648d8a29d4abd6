"""What holds of every pack, and of everything that is none."""

import json
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from telemetry.errors import MalformedError
from telemetry.readings import Pack, declaration_of
from telemetry.senml import Decoded, decode, encode
from tests.telemetry.strategies import absolute_ms, air_packs, declarations, facility_packs

LABELS = ["bver", "bn", "bt", "bu", "bv", "bs", "jr", "sq", "rm", "kd", "n", "u", "v", "vb", "vs", "vd", "s", "t", "ut"]
words = st.sampled_from(
    [
        "b1/p1/",
        "b1/p2/",
        "co2_ppm",
        "temperature_c",
        "state",
        "working",
        "ppm",
        "Cel",
        "open",
        "hall",
        "a",
        "warmup",
        "",
    ]
)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([26, 10, 1, 1_700_000_000, 1_700_000_000.5, -5, 2**28, 2**53])
    | words
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
)
likely_records = st.fixed_dictionaries(
    {},
    optional={
        "bver": st.sampled_from([26, 10, 99]),
        "bn": st.sampled_from(["b1/p1/", "b1/p2/", "b2/p1/"]),
        "bt": st.sampled_from([1_700_000_000, 1_700_000_000.123, 0, -5, 2**28, 1e300]),
        "bu": st.sampled_from(["ppm", "Cel"]),
        "jr": st.sampled_from(["a", "", "a b"]),
        "sq": st.sampled_from([1, 2, 0, 2**53]),
        "rm": st.sampled_from(["hall", "Hall"]),
        "kd": st.sampled_from(["door"]),
        "n": st.sampled_from(["co2_ppm", "temperature_c", "state", "x"]),
        "u": st.sampled_from(["ppm", "Cel"]),
        "v": st.floats() | st.integers(),
        "t": st.sampled_from([0, 1, -1, -1_700_000_000, 0.0005]),
        "qf": st.sampled_from(["warmup", "simulated", "warmup range", "range warmup", "x", ""]),
        "y_": st.just(1),
    },
)
wild_records = st.dictionaries(st.sampled_from([*LABELS, "qf", "sg", "x", "x_"]), values, max_size=8)
whole_first = st.fixed_dictionaries(
    {
        "bver": st.just(26),
        "bn": st.just("b1/p1/"),
        "bt": st.sampled_from([1_700_000_000, -5]),
        "jr": st.just("a"),
        "sq": st.just(1),
        "rm": st.just("hall"),
        "n": st.just("co2_ppm"),
        "u": st.just("ppm"),
        "v": st.floats(-1e6, 1e6),
    }
)
bodies = st.one_of(
    st.lists(likely_records | wild_records, max_size=5),
    st.tuples(whole_first, likely_records, likely_records).map(list),
    st.tuples(whole_first, st.fixed_dictionaries({"n": st.just("temperature_c"), "u": st.just("Cel"), "v": values})),
).map(lambda records: json.dumps(records).encode())


def outcome(body: bytes) -> Decoded | tuple[str, str, str | None, int | None]:
    """What `decode` makes of it, errors as facts."""
    try:
        return decode(body, "b1")
    except MalformedError as error:
        return error.reason, error.detail, error.journal, error.sequence


@given(pack=air_packs() | facility_packs())
def test_what_is_encoded_is_decoded(pack: Pack) -> None:
    """Every air and facility pack, to the last digit and millisecond."""
    decoded = decode(encode(pack), pack.site)
    assert decoded.pack == pack
    assert decoded.faults == []
    assert (decoded.journal, decoded.sequence) == (pack.journal, pack.sequence)


@given(pack=air_packs(), declaration=declarations(), at_ms=absolute_ms)
def test_declaration_is_decoded(pack: Pack, declaration: object, at_ms: int) -> None:
    """And read back from the pack."""
    sent = Pack(
        site=pack.site,
        point=pack.point,
        room=pack.room,
        journal=pack.journal,
        sequence=pack.sequence,
        records=declaration.records(at_ms),  # type: ignore[attr-defined]
    )
    back = decode(encode(sent), pack.site).pack
    assert back is not None
    assert declaration_of(back) == declaration


@given(body=bodies)
def test_short_way_and_long_way_agree(body: bytes) -> None:
    """The fast reader gives what the general one gives, or leaves it to it."""
    fast = outcome(body)
    with patch("telemetry.senml.read_plainly", return_value=None):
        assert repr(outcome(body)) == repr(fast)


@given(pack=air_packs() | facility_packs())
def test_short_way_and_long_way_agree_on_our_own(pack: Pack) -> None:
    """Whole packs, too."""
    body = encode(pack)
    with patch("telemetry.senml.read_plainly", return_value=None):
        assert decode(body, pack.site).pack == pack


@given(pack=air_packs() | facility_packs(), data=st.data())
def test_one_turned_bit_is_refused_or_read(pack: Pack, data: st.DataObject) -> None:
    """Nothing but `MalformedError` is ever raised, and every text that comes out can be stored."""
    body = bytearray(encode(pack))
    at = data.draw(st.integers(0, len(body) * 8 - 1))
    body[at // 8] ^= 1 << (at % 8)
    _check_storable(outcome(bytes(body)))


@given(body=st.binary(max_size=300) | bodies)
def test_arbitrary_bytes_are_refused_or_read(body: bytes) -> None:
    """Likewise."""
    _check_storable(outcome(body))


@given(pack=air_packs(), cut=st.integers(0, 2_000))
def test_cut_body_is_refused(pack: Pack, cut: int) -> None:
    """A message that ends too early is never half read."""
    body = encode(pack)
    result = outcome(body[: min(cut, len(body) - 1)])
    assert not isinstance(result, Decoded)


def _check_storable(result: Decoded | tuple[str, str, str | None, int | None]) -> None:
    if not isinstance(result, Decoded):
        result[1].encode()
        return
    for fault in result.faults:
        fault.detail.encode()
    for record in result.pack.records if result.pack else ():
        if isinstance(record.value, str):
            record.value.encode()
        assert abs(record.time_ms) < 2**53
