"""Topics are built and read back alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from telemetry.errors import MalformedError, Reason
from telemetry.ids import is_id, is_journal_id
from telemetry.topics import (
    GATEWAY_STATUS_FILTER,
    Channel,
    Root,
    agent_root,
    gateway_of,
    gateway_status,
    goes_down,
    parse,
    region_filters,
)
from tests.telemetry.strategies import ids

ROOT = Root("north", "b1", "pi-1")
regions = ids.filter(lambda text: text != "gateway")


@given(region=regions, site=ids, agent=ids, tail=ids)
def test_every_channel_is_read_back(region: str, site: str, agent: str, tail: str) -> None:
    """Root, channel, tail."""
    root = agent_root(region, site, agent)
    assert parse(root.readings) == Channel(root, "readings")
    assert parse(root.presence) == Channel(root, "presence")
    assert parse(root.health) == Channel(root, "health")
    assert parse(root.receipt) == Channel(root, "receipt")
    assert parse(root.facility(tail)) == Channel(root, "facility", tail)
    assert parse(root.command(tail)) == Channel(root, "command", tail)
    assert parse(root.reply(tail)) == Channel(root, "reply", tail)
    assert gateway_of(root.readings) is None


def test_root_is_the_contracts() -> None:
    """To the letter."""
    assert str(ROOT) == "openhall/v1/north/b1/pi-1"
    assert ROOT.facility("door-1") == "openhall/v1/north/b1/pi-1/facility/door-1"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "openhall/v1/north/b1/pi-1",
        "openhall/v1/north/b1/pi-1/",
        "openhall/v2/north/b1/pi-1/readings",
        "other/v1/north/b1/pi-1/readings",
        "/openhall/v1/north/b1/pi-1/readings",
        "openhall/v1/north/b1/pi-1/readings/x",
        "openhall/v1/north/b1/pi-1/facility",
        "openhall/v1/north/b1/pi-1/facility/",
        "openhall/v1/north/b1/pi-1/facility/a/b",
        "openhall/v1/north/b1/pi-1/facility/A",
        "openhall/v1/north/b1/pi-1/nonsense",
        "openhall/v1/gateway/b1/pi-1/readings",
        "openhall/v1/North/b1/pi-1/readings",
        "openhall/v1/north//pi-1/readings",
        "openhall/v1/north/b1/-pi/readings",
        f"openhall/v1/north/{'b' * 33}/pi-1/readings",
        "openhall/v1/north/b1/pi-1\n/readings",
        "openhall/v1/+/b1/pi-1/readings",
        "openhall/v1/north/b1/pi-1/#",
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    """With the reason `topic`."""
    with pytest.raises(MalformedError) as error:
        parse(topic)
    assert error.value.reason is Reason.TOPIC
    assert error.value.detail


@given(topic=st.text(max_size=80))
def test_arbitrary_topics_are_refused_or_read(topic: str) -> None:
    """Nothing else is raised."""
    try:
        channel = parse(topic)
    except MalformedError as error:
        assert error.reason is Reason.TOPIC
    else:
        assert topic.startswith(str(channel.root))


@given(gateway=ids)
def test_gateway_status_is_read_back(gateway: str) -> None:
    """And is no agent's topic."""
    topic = gateway_status(gateway)
    assert gateway_of(topic) == gateway
    with pytest.raises(MalformedError):
        parse(topic)


@pytest.mark.parametrize(
    "topic", ["openhall/v1/gateway/", "openhall/v1/gateway/A", "openhall/v1/gateway/a/b", "openhall/v1/gateway", "a"]
)
def test_no_gateway_status(topic: str) -> None:
    """Another topic, or no id at its end."""
    assert gateway_of(topic) is None


def test_gateway_id_is_checked() -> None:
    """Before it becomes a topic."""
    with pytest.raises(MalformedError):
        gateway_status("a/b")


def test_filters_of_a_region() -> None:
    """All of it, misspelt channels too, by one filter; the status of gateways is apart."""
    [filter_] = region_filters("north")
    assert filter_ == "openhall/v1/north/#"
    for topic in (ROOT.readings, ROOT.facility("x"), ROOT.reply("x"), f"{ROOT}/redings", "openhall/v1/north"):
        assert topic_matches_sub(filter_, topic)
    assert not topic_matches_sub(filter_, gateway_status("g1"))
    assert topic_matches_sub(GATEWAY_STATUS_FILTER, gateway_status("g1"))


@given(region=regions, site=ids, agent=ids, tail=ids)
def test_what_goes_down_is_told_by_its_form(region: str, site: str, agent: str, tail: str) -> None:
    """Receipts and commands; nothing that an agent publishes, and nothing misspelt."""
    root = agent_root(region, site, agent)
    assert goes_down(root.receipt)
    assert goes_down(root.command(tail))
    for topic in (root.readings, root.facility(tail), root.presence, root.health, root.reply(tail), str(root)):
        assert not goes_down(topic)
    for topic in (f"{root.receipt}/x", f"{root}/command", f"{root.command(tail)}/x", f"{root}/receipts"):
        assert not goes_down(topic)


@pytest.mark.parametrize("text", ["a", "0", "a-b", "a" * 32, "9-"])
def test_ids(text: str) -> None:
    """Lower case, digits, hyphens, at most 32."""
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "-a", "A", "a" * 33, "a_b", "ä", "a\n", "a/b", "a b", "١"])
def test_no_ids(text: str) -> None:
    """A newline at the end among them."""
    assert not is_id(text)


def test_journal_ids() -> None:
    """Capitals too."""
    assert is_journal_id("aB-9")
    assert not is_journal_id("aB-9\n")
    assert not is_journal_id("")
