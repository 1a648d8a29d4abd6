"""Packs on the wire: what is read, what is refused and why."""

import json
from typing import Any

import pytest

from telemetry.errors import MalformedError, Reason
from telemetry.messages import MAX_BODY_BYTES
from telemetry.readings import Declaration, Flag, Pack, Record, declaration_of
from telemetry.senml import Decoded, decode, encode

SITE = "b1"
NOW = 1_700_000_000.0
FIRST: dict[str, Any] = {
    "bver": 26,
    "bn": "b1/p1/",
    "bt": NOW,
    "jr": "aB-1",
    "sq": 7,
    "rm": "hall",
    "n": "co2_ppm",
    "u": "ppm",
    "v": 612,
}
DOOR: dict[str, Any] = {
    **{k: v for k, v in FIRST.items() if k not in ("u", "v")},
    "kd": "door",
    "n": "working",
    "vb": True,
}


def read(*records: object) -> Decoded:
    """Records as JSON, decoded."""
    return decode(json.dumps(records).encode(), SITE)


def first(**changes: Any) -> dict[str, Any]:
    """The first record with changes; `None` takes a member out."""
    return {key: value for key, value in {**FIRST, **changes}.items() if value is not None}


def good(decoded: Decoded) -> list[tuple[str, int, object]]:
    """Name, time and value of every good record."""
    return [] if decoded.pack is None else [(r.name, r.time_ms, r.value) for r in decoded.pack.records]


def refused(*records: object) -> MalformedError:
    """The error of a message that is refused as a whole."""
    with pytest.raises(MalformedError) as error:
        read(*records)
    return error.value


class TestRfc8428Examples:
    """The shapes of RFC 8428 section 5, with names and units of ours."""

    def test_single_measurement(self) -> None:
        """Section 5.1.1: no base fields but ours; no time is "about now", which is relative."""
        decoded = read({"jr": "a", "sq": 1, "rm": "hall", "n": "b1/p1/temperature_c", "u": "Cel", "v": 23.1})
        assert good(decoded) == [("temperature_c", 0, 23.1)]
        assert decoded.pack is not None
        assert decoded.pack.relative

    def test_base_time_unit_and_negative_offsets(self) -> None:
        """Section 5.1.2: the first overrides the base unit, the others go back five seconds."""
        base = {"bn": "b1/p1/", "bt": 1.276020076001e09, "bu": "%RH", "bver": 10, "jr": "a", "sq": 1, "rm": "hall"}
        series = [{"n": "humidity_pct", "t": t, "v": 40 - t / 10} for t in (-5, -4, -3, -2, -1)]
        decoded = read({**base, "n": "temperature_c", "u": "Cel", "v": 20.1}, *series, {"n": "humidity_pct", "v": 41.7})
        assert decoded.faults == []
        assert good(decoded) == [
            ("temperature_c", 1_276_020_076_001, 20.1),
            *(("humidity_pct", 1_276_020_076_001 + t * 1000, 40 - t / 10) for t in (-5, -4, -3, -2, -1)),
            ("humidity_pct", 1_276_020_076_001, 41.7),
        ]

    def test_whole_name_in_the_base(self) -> None:
        """Section 5.1.3: a base name without a name, and times that go on."""
        base = {"bn": "b1/p1/humidity_pct", "bt": 1.320067464e09, "bu": "%RH", "jr": "a", "sq": 1, "rm": "hall"}
        decoded = read({**base, "v": 20}, {"t": 60, "v": 20.3}, {"t": 120, "v": 20.7})
        assert good(decoded) == [
            ("humidity_pct", 1_320_067_464_000, 20),
            ("humidity_pct", 1_320_067_524_000, 20.3),
            ("humidity_pct", 1_320_067_584_000, 20.7),
        ]

    def test_resolved_records(self) -> None:
        """Section 5.1.4: each has its whole name, its unit, its absolute time."""
        labels = {"jr": "a", "sq": 1, "rm": "hall"}
        decoded = read(
            {**labels, "n": "b1/p1/temperature_c", "u": "Cel", "t": 1.276020076305e09, "v": 24.3},
            {"n": "b1/p1/humidity_pct", "u": "%RH", "t": 1.276020086305e09, "v": 40.1},
        )
        assert good(decoded) == [
            ("temperature_c", 1_276_020_076_305, 24.3),
            ("humidity_pct", 1_276_020_086_305, 40.1),
        ]

    def test_base_fields_last_until_replaced(self) -> None:
        """Section 4.6: in any record, for it and all later ones."""
        decoded = read(
            first(bu="ppm", u=None),
            {"bn": "b1/p1/temper", "bt": NOW + 60, "bu": "Cel", "n": "ature_c", "v": 21},
            {"n": "ature_c", "t": 1, "v": 22},
            {"bt": NOW + 120, "n": "ature_c", "v": 23},
        )
        assert decoded.faults == []
        assert [ms // 1000 - int(NOW) for _, ms, _ in good(decoded)] == [0, 60, 61, 120]

    def test_base_value_is_added(self) -> None:
        """Section 4.1: and stands alone where a record has none."""
        decoded = read(first(bv=600, v=12), {"n": "co2_ppm", "u": "ppm", "t": 1})
        assert [value for *_, value in good(decoded)] == [612, 600]

    def test_relative_times(self) -> None:
        """Section 4.5.3: below 2^28 s a time is relative to now; it stays so."""
        decoded = read(first(bt=-30.5), {"n": "co2_ppm", "u": "ppm", "t": 10, "v": 613})
        assert decoded.pack is not None
        assert decoded.pack.relative
        assert [ms for _, ms, _ in good(decoded)] == [-30_500, -20_500]
        assert read(first(bt=2**28)).pack.relative is False  # type: ignore[union-attr]
        assert read(first(bt=2**28 - 1)).pack.relative is True  # type: ignore[union-attr]

    def test_unknown_labels_pass(self) -> None:
        """Section 4.4: what we do not know we ignore."""
        decoded = read(first(foo={"deep": [1]}, ut=5), {"n": "temperature_c", "u": "Cel", "v": 21, "bar": "x"})
        assert len(good(decoded)) == 2

    @pytest.mark.parametrize("label", ['"foo_"', '"foo\\u005f"', '"foo_" '])
    def test_label_that_must_be_understood_spoils_its_record(self, label: str) -> None:
        """Section 4.4: a label ending in "_", however it is written."""
        body = f'[{json.dumps(FIRST)},{{"n":"temperature_c","u":"Cel","v":21,{label}:1}}]'
        decoded = decode(body.encode(), SITE)
        assert [name for name, *_ in good(decoded)] == ["co2_ppm"]
        assert [fault.reason for fault in decoded.faults] == [Reason.SENML]
        assert "must be understood" in decoded.faults[0].detail


class TestVersion:
    """RFC 9100: 10 is the base, 26 has secondary units."""

    @pytest.mark.parametrize("bver", [10, None])
    def test_base_version_with_primary_units(self, bver: int | None) -> None:
        """Cel and %RH need no feature."""
        decoded = read(first(bver=bver, n="temperature_c", u="Cel", v=21))
        assert good(decoded) == [("temperature_c", 1_700_000_000_000, 21)]

    @pytest.mark.parametrize("bver", [10, None])
    def test_base_version_with_ppm_parks_that_record_by_name(self, bver: int | None) -> None:
        """The primary ones beside it are good."""
        decoded = read(first(bver=bver), {"n": "temperature_c", "u": "Cel", "v": 21})
        assert [name for name, *_ in good(decoded)] == ["temperature_c"]
        assert [fault.reason for fault in decoded.faults] == [Reason.BVER]
        assert "ppm" in decoded.faults[0].detail

    @pytest.mark.parametrize("bver", [99, 5, 0, -1, 27])
    def test_other_version_is_refused_with_the_pair(self, bver: int) -> None:
        """As a whole: we cannot know what it means."""
        error = refused(first(bver=bver))
        assert (error.reason, error.journal, error.sequence) == (Reason.BVER, "aB-1", 7)
        assert str(bver) in error.detail

    def test_two_versions_in_one_pack(self) -> None:
        """RFC 8428 section 4.4: the same in all records."""
        assert refused(first(), {"bver": 10, "n": "co2_ppm", "u": "ppm", "t": 1, "v": 1}).reason is Reason.BVER


class TestPair:
    """Without a readable pair a message is a dead letter."""

    @pytest.mark.parametrize("sq", [0, -1, 2**53, 2**64, 10**30, 7.0, 7.5, 1e3, True, "7", None, [7]])
    def test_bad_sequence_number(self, sq: object) -> None:
        """1 to 2^53-1, whole, a number."""
        record = {**FIRST, "sq": sq}
        error = refused(record)
        assert (error.reason, error.journal, error.sequence) == (Reason.NO_PAIR, None, None)

    @pytest.mark.parametrize("jr", ["", "a" * 33, "a b", "a/b", "ä", 5, None, True])
    def test_bad_journal_id(self, jr: object) -> None:
        """1 to 32 of `[A-Za-z0-9-]`."""
        assert refused({**FIRST, "jr": jr}).reason is Reason.NO_PAIR

    @pytest.mark.parametrize("sq", [1, 2**53 - 1])
    def test_ends_of_the_range(self, sq: int) -> None:
        """Both are good."""
        assert read(first(sq=sq)).sequence == sq

    def test_pair_only_in_a_later_record(self) -> None:
        """The first is where it counts."""
        assert refused(first(jr=None, sq=None), first(t=1)).reason is Reason.NO_PAIR

    def test_first_record_that_is_no_object(self) -> None:
        """Nothing to read a pair from."""
        assert refused(5, first()).reason is Reason.NO_PAIR

    def test_bad_first_value_keeps_pair_and_base_fields(self) -> None:
        """The others rest on them."""
        decoded = read(first(v="612"), {"n": "temperature_c", "u": "Cel", "v": 21})
        assert good(decoded) == [("temperature_c", 1_700_000_000_000, 21)]
        assert (decoded.journal, decoded.sequence) == ("aB-1", 7)
        assert [fault.reason for fault in decoded.faults] == [Reason.SENML]

    @pytest.mark.parametrize("field", ["bn", "bt", "bu", "bv", "bver"])
    def test_bad_base_field_refuses_all_with_the_pair(self, field: str) -> None:
        """All later records rest on it."""
        error = refused(first(**{field: ["x"]}), {"n": "temperature_c", "u": "Cel", "v": 21})
        assert (error.reason, error.journal, error.sequence) == (Reason.SENML, "aB-1", 7)

    @pytest.mark.parametrize("changes", [{"rm": None}, {"rm": "Hall"}, {"rm": ""}, {"kd": "A"}, {"kd": ""}])
    def test_bad_label_refuses_all_with_the_pair(self, changes: dict[str, Any]) -> None:
        """Every tag of a stored point comes from the pack."""
        error = refused(first(**changes))
        assert (error.reason, error.sequence) == (Reason.SENML, 7)


class TestBadRecords:
    """One bad record is parked with its reason, the good ones beside it stand."""

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            ({"n": "co2_ppm", "u": "ppm", "v": float("nan")}, Reason.NOT_FINITE),
            ({"n": "co2_ppm", "u": "ppm", "v": float("inf")}, Reason.NOT_FINITE),
            ({"n": "co2_ppm", "u": "ppm", "v": -float("inf")}, Reason.NOT_FINITE),
            ({"n": "co2_ppm", "u": "ppm", "v": 10**400}, Reason.NOT_FINITE),
            ({"n": "co2_ppm", "u": "ppm", "v": 10**4_200}, Reason.NOT_FINITE),
            ({"n": "temperature_c", "u": "Cel", "v": 1, "ut": float("nan")}, None),
            ({"n": "co2_ppm", "u": "ppm", "v": "612"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": True}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "vs": "612"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "vb": True}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "vs": "x"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "vd": "aGk"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "s": 5}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "s": 5}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppb", "v": 1}, Reason.UNIT),
            ({"n": "co2_ppm", "v": 1}, Reason.UNIT),
            ({"n": "temperature_c", "u": "K", "v": 294}, Reason.UNIT),
            ({"n": "co3_ppm", "u": "ppm", "v": 1}, Reason.UNKNOWN_QUANTITY),
            ({"n": "fresh_air_m3_h_person", "u": "m3/h", "v": 1}, Reason.UNKNOWN_QUANTITY),
            ({"n": "state", "vs": "open"}, Reason.UNKNOWN_QUANTITY),
            ({"n": "x/co2_ppm", "u": "ppm", "v": 1}, Reason.SENML),
            ({"n": "", "u": "ppm", "v": 1}, Reason.UNKNOWN_QUANTITY),
            ({"n": "\ud800", "u": "ppm", "v": 1}, Reason.JSON),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "qf": "warm"}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "qf": 5}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "t": float("inf")}, Reason.NOT_FINITE),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "t": 1e300}, Reason.FUTURE),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "t": -1e300}, Reason.RELATIVE_TIME),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "t": -NOW}, Reason.SENML),
            ({"n": "co2_ppm", "u": "ppm", "v": 1, "x_": 1}, Reason.SENML),
            (5, Reason.SENML),
            (None, Reason.SENML),
            ([FIRST], Reason.SENML),
        ],
    )
    def test_reason(self, bad: object, reason: Reason | None) -> None:
        """Each with its own word, in the middle of good ones; None: it is good after all."""
        decoded = read(first(), bad, {"n": "humidity_pct", "u": "%RH", "v": 40})
        names = [name for name, *_ in good(decoded)]
        if reason is None:
            assert decoded.faults == []
            assert names == ["co2_ppm", "temperature_c", "humidity_pct"]
            return
        assert [fault.reason for fault in decoded.faults] == [reason]
        assert decoded.faults[0].detail
        assert names == ["co2_ppm", "humidity_pct"]

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 5_000])
    def test_numbers_that_are_none(self, literal: str) -> None:
        """As a foreign encoder may write them; also those that Python will not read as whole numbers."""
        body = f'[{json.dumps(FIRST)},{{"n":"temperature_c","u":"Cel","v":{literal}}}]'
        decoded = decode(body.encode(), SITE)
        assert [fault.reason for fault in decoded.faults] == [Reason.NOT_FINITE]
        assert [name for name, *_ in good(decoded)] == ["co2_ppm"]

    def test_other_site_than_the_topics(self) -> None:
        """Every record of it."""
        decoded = read(first(bn="b2/p1/"))
        assert decoded.pack is None
        assert [fault.reason for fault in decoded.faults] == [Reason.SITE_MISMATCH]
        assert "b2" in decoded.faults[0].detail

    def test_second_point_in_a_pack(self) -> None:
        """A pack is about one."""
        decoded = read(first(), {"bn": "b1/p2/", "n": "co2_ppm", "u": "ppm", "t": 1, "v": 1})
        assert len(good(decoded)) == 1
        assert [fault.reason for fault in decoded.faults] == [Reason.SENML]

    def test_base_sum_spoils_all_that_follow(self) -> None:
        """Sums are not part of this wire."""
        decoded = read(first(), {"bs": 1, "n": "co2_ppm", "u": "ppm", "t": 1, "v": 1}, {"n": "co2_ppm", "t": 2, "v": 1})
        assert len(good(decoded)) == 1
        assert len(decoded.faults) == 2

    def test_absolute_and_relative_times_in_one_pack(self) -> None:
        """The first decides; the other kind is parked."""
        decoded = read(first(), {"bt": -5, "n": "temperature_c", "u": "Cel", "v": 21})
        assert [name for name, *_ in good(decoded)] == ["co2_ppm"]
        assert "relative" in decoded.faults[0].detail

    @pytest.mark.parametrize("value", [612, 700])
    def test_same_name_twice_for_one_time(self, value: float) -> None:
        """The first counts; the second would overwrite it in the store, unseen."""
        decoded = read(first(), {"n": "co2_ppm", "u": "ppm", "v": value})
        assert good(decoded) == [("co2_ppm", 1_700_000_000_000, 612)]
        assert [fault.reason for fault in decoded.faults] == [Reason.SENML]
        assert "twice" in decoded.faults[0].detail

    def test_refused_record_is_kept_to_look_at(self) -> None:
        """Its start at least."""
        decoded = read(first(), {"n": "co3_ppm", "u": "ppm", "v": 1}, {"n": "co2_ppm", "v": "x" * 10_000})
        assert b"co3_ppm" in decoded.faults[1].record
        assert all(len(fault.record) <= 2_000 for fault in decoded.faults)


class TestFacility:
    """Working and state, both required."""

    def test_state(self) -> None:
        """Kind and values arrive."""
        decoded = read(DOOR, {"n": "state", "vs": "open"}, {"n": "reason", "vs": "礼物 für alle"})
        assert decoded.pack is not None
        assert decoded.pack.kind == "door"
        assert decoded.pack.value_of("state") == "open"
        assert decoded.pack.value_of("reason") == "礼物 für alle"
        assert not decoded.pack.is_call

    def test_half_a_state_is_none(self) -> None:
        """What is missing is named."""
        decoded = read(DOOR)
        assert decoded.pack is None
        assert "state is missing" in decoded.faults[0].detail

    @pytest.mark.parametrize("state", ["called", "cleared", "test"])
    def test_call(self, state: str) -> None:
        """A kind that begins with `call-`."""
        decoded = read({**DOOR, "kd": "call-toilet"}, {"n": "state", "vs": state})
        assert decoded.pack is not None
        assert decoded.pack.is_call

    @pytest.mark.parametrize(
        ("kind", "state"), [("call-hall", "open"), ("door", "Open"), ("door", ""), ("door", "a" * 33), ("door", "a b")]
    )
    def test_bad_state(self, kind: str, state: str) -> None:
        """No word of its kind."""
        decoded = read({**DOOR, "kd": kind}, {"n": "state", "vs": state})
        assert decoded.pack is None
        assert decoded.faults[0].reason is Reason.SENML

    @pytest.mark.parametrize("reason", ["x" * 201, "\ud800", 5, True])
    def test_bad_reason_takes_no_state_with_it(self, reason: object) -> None:
        """A call is heard all the same."""
        decoded = read(DOOR, {"n": "state", "vs": "open"}, {"n": "reason", "vs": reason})
        assert decoded.pack is not None
        assert len(decoded.faults) == 1
        assert decoded.pack.value_of("reason") is None

    def test_reason_of_two_hundred_characters(self) -> None:
        """Characters, not bytes."""
        decoded = read(DOOR, {"n": "state", "vs": "open"}, {"n": "reason", "vs": "无" * 200})
        assert decoded.faults == []

    def test_air_in_a_facility_pack(self) -> None:
        """Is no word of it."""
        decoded = read(DOOR, {"n": "state", "vs": "open"}, {"n": "co2_ppm", "u": "ppm", "v": 1})
        assert [fault.reason for fault in decoded.faults] == [Reason.UNKNOWN_QUANTITY]


class TestBody:
    """The message as bytes."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[",
            b"hello",
            b"[{]",
            b"\xff\xfe",
            b'[{"n":"\xff"}]',
            "[]".encode("utf-16"),
            b"\xef\xbb\xbf[]",
            b"[" * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        ],
    )
    def test_no_json(self, body: bytes) -> None:
        """Broken, not UTF-8, nested to death."""
        with pytest.raises(MalformedError) as error:
            decode(body, SITE)
        assert error.value.reason is Reason.JSON

    @pytest.mark.parametrize("body", [b"{}", b"5", b"null", b"[]", b'"a"'])
    def test_no_pack(self, body: bytes) -> None:
        """JSON, and no array of records."""
        with pytest.raises(MalformedError) as error:
            decode(body, SITE)
        assert error.value.reason is Reason.SENML

    @pytest.mark.parametrize("depth", [400, 800, 900, 950, 990])
    def test_record_nested_nearly_to_death(self, depth: int) -> None:
        """Whatever the depth at which which reader gives up, it is no other error."""
        nest = "[" * depth + "]" * depth
        body = f'[{json.dumps(FIRST)},{{"n":"temperature_c","u":"Cel","v":"x","y":{nest}}}]'
        try:
            decoded = decode(body.encode(), SITE)
        except MalformedError as error:
            assert error.reason is Reason.JSON
        else:
            assert len(good(decoded)) == len(decoded.faults) == 1

    def test_oversize(self) -> None:
        """Neither read nor written."""
        with pytest.raises(MalformedError) as error:
            decode(b" " * (MAX_BODY_BYTES + 1), SITE)
        assert error.value.reason is Reason.OVERSIZE
        records = tuple(Record(name="co2_ppm", time_ms=1_700_000_000_000 + i, value=1.0) for i in range(30_000))
        with pytest.raises(MalformedError) as error:
            encode(Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, records=records))
        assert error.value.reason is Reason.OVERSIZE

    def test_largest_body_is_read(self) -> None:
        """900 kB of it."""
        body = json.dumps([FIRST]).encode()
        assert decode(body + b" " * (MAX_BODY_BYTES - len(body)), SITE).pack is not None


class TestEncode:
    """Our own packs."""

    def test_first_record_carries_version_base_and_labels(self) -> None:
        """As the contract has it; the others are short."""
        pack = Pack(
            site="b1",
            point="p1",
            room="hall",
            journal="a",
            sequence=3,
            records=(
                Record(name="co2_ppm", time_ms=1_700_000_000_123, value=612.0, flags=(Flag.SIMULATED,)),
                Record(name="temperature_c", time_ms=1_700_000_001_123, value=21.5),
            ),
        )
        assert json.loads(encode(pack)) == [
            {
                "bver": 26,
                "bn": "b1/p1/",
                "bt": 1_700_000_000.123,
                "jr": "a",
                "sq": 3,
                "rm": "hall",
                "n": "co2_ppm",
                "u": "ppm",
                "v": 612.0,
                "qf": "simulated",
            },
            {"n": "temperature_c", "u": "Cel", "v": 21.5, "t": 1.0},
        ]

    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            (Record(name="co2_ppm", time_ms=1_700_000_000_000, value=float("nan")), Reason.NOT_FINITE),
            (Record(name="co2_ppm", time_ms=1_700_000_000_000, value=float("inf")), Reason.NOT_FINITE),
            (Record(name="dropped_first", time_ms=1_700_000_000_000, value=float("inf")), Reason.NOT_FINITE),
            (Record(name="co2_ppm", time_ms=1_700_000_000_000, value="612"), Reason.SENML),
            (Record(name="co2_ppm", time_ms=1_700_000_000_000, value=True), Reason.SENML),
            (Record(name="working", time_ms=1_700_000_000_000, value=1.0), Reason.SENML),
            (Record(name="state", time_ms=1_700_000_000_000, value=True), Reason.SENML),
            (Record(name="dropped_first", time_ms=1_700_000_000_000, value="1"), Reason.SENML),
            (Record(name="co3_ppm", time_ms=1_700_000_000_000, value=1.0), Reason.UNKNOWN_QUANTITY),
            (Record(name="fresh_air_m3_h_person", time_ms=1_700_000_000_000, value=1.0), Reason.UNKNOWN_QUANTITY),
            (Record(name="co2_ppm", time_ms=86_400_000, value=1.0), Reason.RELATIVE_TIME),
        ],
    )
    def test_what_no_reader_would_take_is_not_written(self, record: Record, reason: Reason) -> None:
        """A clock at 1970 among it: it would be read as "a day from now"."""
        with pytest.raises(MalformedError) as error:
            encode(Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, records=(record,)))
        assert error.value.reason is reason

    def test_relative_pack_with_an_absolute_time(self) -> None:
        """Nor the other way round."""
        record = Record(name="co2_ppm", time_ms=1_700_000_000_000, value=1.0)
        with pytest.raises(MalformedError) as error:
            encode(Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, relative=True, records=(record,)))
        assert error.value.reason is Reason.RELATIVE_TIME

    def test_pack_without_records(self) -> None:
        """At least one."""
        with pytest.raises(MalformedError, match="at least one"):
            encode(Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, records=()))

    def test_whole_numbers_and_unordered_flags_are_put_right(self) -> None:
        """A count may come as an int; flags go out in their order."""
        record = Record(
            name="occupancy", time_ms=1_700_000_000_000, value=3, flags=(Flag.SIMULATED, Flag.WARMUP, Flag.WARMUP)
        )
        body = encode(Pack(site="b1", point="p1", room="hall", journal="a", sequence=1, records=(record,)))
        pack = decode(body, "b1").pack
        assert pack is not None
        assert pack.records[0].value == 3.0
        assert pack.records[0].flags == (Flag.WARMUP, Flag.SIMULATED)

    def test_declaration_travels(self) -> None:
        """As a pack of its own about the agent."""
        declared = Declaration(
            journal="old",
            reason="disk_full",
            first=5,
            last=2**53 - 1,
            from_ms=1_600_000_000_001,
            to_ms=1_600_000_000_999,
        )
        sent = Pack(
            site="b1",
            point="agent-1",
            room="hall",
            journal="new",
            sequence=9,
            records=declared.records(1_700_000_000_000),
        )
        pack = decode(encode(sent), "b1").pack
        assert pack is not None
        assert pack.is_declaration
        assert declaration_of(pack) == declared
