"""How bad lines are found, on a server that a test makes up."""

import math

from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StoreMisconfigured, StoreUnavailable
from gateway.ports import Refused
from gateway.stores.influx_batches import MAX_REMEMBERED_BODIES, BodyWriter, Line
from gateway.stores.influx_http import BodyRefusedError, ServerFaultError
from gateway.stores.points import Counters

PROBE = b"probe"


class MadeUpServer:
    """Takes lines, but for the bad ones (400) and the poisonous ones (500); is down when it is told to be.

    Args:
        bad: Lines answered 400.
        poison: Lines that make it answer 500.
        keeps_good: True: the good lines of a refused body are stored (InfluxDB 1.x), False: none (2).
        outages: Numbers of the requests, from 0, that are answered 503, or 500 where the number is odd.
    """

    def __init__(self, bad: set[bytes], poison: set[bytes], outages: set[int], *, keeps_good: bool) -> None:
        self.bad, self.poison, self.outages, self.keeps_good = bad, poison, outages, keeps_good
        self.stored: set[bytes] = set()
        self.requests = 0

    def post(self, bucket: str, body: bytes) -> None:
        """One body."""
        assert bucket == "b"
        number = self.requests
        self.requests += 1
        if number in self.outages:
            raise ServerFaultError("ill") if number % 2 else StoreUnavailable("down")
        lines = body.split(b"\n")
        if self.poison & set(lines):
            raise ServerFaultError("poison")
        good = [line for line in lines if line not in self.bad]
        if len(good) == len(lines) or self.keeps_good:
            self.stored.update(good)
        if len(good) < len(lines):
            raise BodyRefusedError(400, "bad")

    def probe(self, bucket: str) -> None:
        """The line that is known to be good."""
        self.post(bucket, PROBE)


def writer(server: MadeUpServer, *, max_lines: int = 5_000, max_bytes: int = 10_000) -> BodyWriter:
    """A writer to that server."""
    return BodyWriter(
        post=server.post,
        probe=server.probe,
        max_lines=max_lines,
        max_bytes=max_bytes,
        faults_before_split=5,
        counters=Counters(),
    )


@given(
    kinds=st.lists(st.sampled_from(["good"] * 8 + ["bad", "poison", "long"]), max_size=60),
    # An outage lasts at least two requests: a server that is ill for the one line and well for the probe, three times
    # running, cannot be told from a poisonous line.
    outages=st.lists(st.tuples(st.integers(0, 80), st.integers(2, 8)), max_size=5).map(
        lambda runs: {number for begin, length in runs for number in range(begin, begin + length)}
    ),
    keeps_good=st.booleans(),
    max_lines=st.integers(1, 20),
)
def test_all_good_lines_are_stored_and_exactly_the_others_refused(
    kinds: list[str], outages: set[int], keeps_good: bool, max_lines: int
) -> None:
    """With patience every good line arrives and no good one is refused, whatever is bad and whenever it is down."""
    lines = [
        Line(place, f"{kind}{place}".encode().ljust(200 if kind == "long" else 0)) for place, kind in enumerate(kinds)
    ]
    wrong = {kind: {line.text for line in lines if line.text.startswith(kind.encode())} for kind in ("bad", "poison")}
    server = MadeUpServer(wrong["bad"], wrong["poison"], outages, keeps_good=keeps_good)
    subject = writer(server, max_lines=max_lines, max_bytes=100)
    for _ in range(len(outages) + 5 * len(kinds) + 1):
        try:
            refused = subject.write("b", lines)
            break
        except StoreUnavailable:
            continue
    else:
        raise AssertionError("never stored")
    assert {place for place, _ in refused} == {place for place, kind in enumerate(kinds) if kind != "good"}
    assert len(refused) == len({place for place, _ in refused})
    assert {line.text for line in lines if line.text.startswith(b"good")} <= server.stored


@given(count=st.integers(2, 5_000), data=st.data(), keeps_good=st.booleans())
def test_one_bad_line_costs_few_requests(count: int, data: st.DataObject, keeps_good: bool) -> None:
    """Two a halving, the first one, and one to make sure that the server takes a good line."""
    place = data.draw(st.integers(0, count - 1))
    lines = [Line(number, b"%d" % number) for number in range(count)]
    server = MadeUpServer({lines[place].text}, set(), set(), keeps_good=keeps_good)
    assert writer(server, max_bytes=100_000).write("b", lines) == [Refused(place, "bad")]
    assert server.requests <= 2 * math.ceil(math.log2(count)) + 2


def test_a_poisonous_line_is_never_refused_at_the_first_fault() -> None:
    """A lone line must fail again and again while others are taken."""
    server = MadeUpServer(set(), {b"poison"}, set(), keeps_good=True)
    subject = writer(server)
    lines = [Line(0, b"poison")]
    for _ in range(4):
        try:
            subject.write("b", lines)
        except ServerFaultError:
            continue
        raise AssertionError("refused too early")
    assert server.requests == 4
    assert subject.write("b", lines) == [Refused(0, "poison")]
    assert server.requests == 4 + 1 + 1 + 2 * 2


def test_memory_of_faults_is_bounded() -> None:
    """A thousand different bodies that fail leave no more than a few counts behind."""
    server = MadeUpServer(set(), {b"%d" % number for number in range(1_000)}, set(), keeps_good=True)
    subject = writer(server)
    for number in range(1_000):
        try:
            subject.write("b", [Line(0, b"%d" % number)])
        except ServerFaultError:
            continue
    assert len(subject._faults) <= MAX_REMEMBERED_BODIES


def test_a_server_that_refuses_all_is_misconfigured() -> None:
    """The probe decides whether a 400 is about the line."""
    server = MadeUpServer({PROBE, b"line"}, set(), set(), keeps_good=True)
    try:
        writer(server).write("b", [Line(0, b"line")])
    except StoreMisconfigured as error:
        assert "refuses every line" in str(error)
    else:
        raise AssertionError("the line was given up")
