"""A case that is opened after its sampling asks the branch's agents for the packs that they sent before."""

from typing import Any

import msgspec
import pytest

from gateway.acceptance.verify import verify
from gateway.commands.desk import CommandDesk
from gateway.commands.refusals import OrderError
from tests.gateway.cases.renovation import POINTS, Renovation

HOUR = 3_600.0


@pytest.fixture
def orders(renovation: Renovation) -> CommandDesk:
    """Orders go to the messages that the branch's gateway sent."""
    parts = renovation.branches
    desk = CommandDesk(
        parts.state,
        publish=parts.sent.append,
        find=parts.ingest.directory.root_of,
        clock=parts.clock,
        registry=parts.metrics.registry,
    )
    parts.cases.ask_past(parts.ingest.directory, desk)
    return desk


def asked(renovation: Renovation) -> list[dict[str, Any]]:
    sent = [one for one in renovation.branches.sent if one.topic.endswith("/resend")]
    return [msgspec.json.decode(one.body) for one in sent]


def without_laboratory(renovation: Renovation) -> dict[str, Any]:
    point = renovation.point("hall-hcho", "sfa30")
    room = {"name": "hall", "area_m2": 40, "point": [point]}
    return renovation.plan(room=[room], outdoor=[renovation.point("out-hcho", "sfa30")])


@pytest.mark.usefixtures("orders")
def test_a_case_opened_after_its_sampling_has_whole_evidence_once_the_agent_sent_again(
    renovation: Renovation, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = renovation.branches
    ingest = parts.ingest
    journal: list[tuple[str, bytes]] = []
    take = ingest.offer

    def offer(topic: str, body: bytes, retained: bool) -> bool:
        journal.append((topic, body))
        return take(topic, body, retained)

    monkeypatch.setattr(ingest, "offer", offer)
    renovation.sample(indoor=43.0)
    case = renovation.open(without_laboratory(renovation))
    [words] = asked(renovation)
    assert words["from"] <= renovation.begin - HOUR
    assert words["to"] == parts.clock.now() == renovation.begin + HOUR
    assert "packs.jsonl: is empty" in untraced(renovation, case, 1)
    # The agent obeys: the same packs come once more.
    for topic, body in journal.copy():
        assert take(topic, body, False)
    while ingest.hear() or ingest.keep():
        pass
    assert untraced(renovation, case, 2) == ["packs.jsonl: 2 packs carry no signature"]


def untraced(renovation: Renovation, case: str, number: int) -> list[str]:
    """What the evidence of a judgement given now lacks of packs and readings."""
    renovation.post(f"cases/{case}/judge", {"by": "Wang"})
    body = renovation.client.get(f"/api/v1/cases/{case}/evidence.zip?judgement={number}").content
    said = verify(body)
    assert said.is_intact
    found = [one for one in said.findings if one.member in ("packs.jsonl", "readings.csv")]
    return [f"{one.member}: {one.detail.partition(':')[0]}" for one in found]


@pytest.mark.usefixtures("orders")
def test_a_case_opened_in_time_asks_for_nothing(renovation: Renovation) -> None:
    case = renovation.open(without_laboratory(renovation))
    assert asked(renovation) == []
    renovation.until(renovation.begin + 60)
    renovation.post(f"cases/{case}/plan", {"plan": without_laboratory(renovation), "why": "typo", "by": "Wang"})
    assert len(asked(renovation)) == 1


def test_a_case_is_opened_though_nobody_takes_the_order(renovation: Renovation) -> None:
    class Full:
        def ask(self, *_words: Any, **_more: Any) -> object:
            raise OrderError(429, "16 orders wait for this agent")

    parts = renovation.branches
    parts.cases.ask_past(parts.ingest.directory, Full())
    renovation.present(POINTS)
    renovation.sample(indoor=43.0)
    renovation.open(without_laboratory(renovation))
    metrics = renovation.client.get("/metrics").text
    assert 'openhall_evidence_past_asked_total{outcome="refused"} 1.0' in metrics
