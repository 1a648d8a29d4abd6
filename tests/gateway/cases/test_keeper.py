"""The raw packs of an open case: kept before they are receipted, once, from its opening on, as long as they must be."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from gateway.cases.keeper import PackKeeper
from gateway.state.case_tables import evidence_pack
from telemetry.topics import Root
from tests.gateway.cases.renovation import Renovation

DAY_S = 86_400.0
XIDAN = Root("north", "xidan", "pi-1")
TIANHE = Root("north", "tianhe", "pi-1")


def kept(renovation: Renovation) -> list[tuple[str, str]]:
    """Site and point of every raw pack that is kept, in the order of arrival."""
    wanted = select(evidence_pack.c.site, evidence_pack.c.point).order_by(evidence_pack.c.id)
    with renovation.branches.state.read() as connection:
        return [(row.site, row.point) for row in connection.execute(wanted)]


def say(renovation: Renovation, point: str = "hall-hcho", root: Root = XIDAN) -> None:
    renovation.branches.air({renovation.branches.now_ms: {"hcho_ug_m3": 40.0}}, point=point, root=root)
    renovation.clock.advance(1)


def test_packs_are_kept_from_the_opening_on_and_of_that_branch_alone(renovation: Renovation) -> None:
    say(renovation)
    assert kept(renovation) == []
    case = renovation.open()
    say(renovation)
    say(renovation, root=TIANHE)
    renovation.door("open")
    assert kept(renovation) == [("xidan", "hall-hcho"), ("xidan", "door")]
    renovation.post(f"cases/{case}/close", {"why": "over", "by": "Wang"})
    say(renovation)
    assert len(kept(renovation)) == 2


def test_the_body_is_kept_byte_for_byte_and_a_repeat_once(renovation: Renovation) -> None:
    """Signatures are over bytes; a second body under one pair is evidence, too."""
    renovation.open()
    say(renovation)
    with renovation.branches.state.read() as connection:
        row = connection.execute(select(evidence_pack)).one()
    for body in (row.body, row.body, row.body.replace(b"40", b"41")):
        assert renovation.branches.ingest.offer(row.topic, body, False)
        renovation.branches.ingest.hear()
        renovation.branches.ingest.keep()
    with renovation.branches.state.read() as connection:
        bodies = connection.execute(select(evidence_pack.c.body).order_by(evidence_pack.c.id)).scalars().all()
    assert bodies == [row.body, row.body.replace(b"40", b"41")]


def test_no_receipt_without_the_evidence(renovation: Renovation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks while packs are kept takes the ledger's transaction with it; the agent sends again."""
    renovation.open()
    sent = renovation.branches.sent
    keep = PackKeeper.keep

    def broken(self: PackKeeper, connection: Connection, items: Sequence[Any]) -> int:
        keep(self, connection, items)
        raise OSError("disk full")

    monkeypatch.setattr(PackKeeper, "keep", broken)
    # The gateway's rounds are bound to the keeper that it was built with.
    renovation.branches.ingest._committer._keep_evidence = lambda c, i: broken(renovation.branches.cases.keeper, c, i)
    before = [one for one in sent if one.topic.endswith("/receipt")]
    say(renovation)
    assert [one for one in sent if one.topic.endswith("/receipt")] == before
    assert kept(renovation) == []
    with renovation.branches.state.read() as connection:
        assert connection.execute(select(func.count()).select_from(evidence_pack)).scalar() == 0


def test_old_packs_go_only_when_no_case_of_their_branch_needs_them(renovation: Renovation) -> None:
    """Neither retention nor closing deletes what is under legal hold."""
    held, plain = renovation.open(), renovation.open()
    say(renovation)
    renovation.post(f"cases/{held}/hold", {"why": "suit", "by": "Sun"})
    for case in (held, plain):
        renovation.post(f"cases/{case}/close", {"why": "over", "by": "Wang"})
    supervisor = renovation.branches.cases.supervisor
    renovation.clock.advance(3_651 * DAY_S)
    supervisor.round()
    assert len(kept(renovation)) == 1
    renovation.post(f"cases/{held}/release", {"why": "settled", "by": "Sun"})
    renovation.clock.advance(2 * DAY_S)
    supervisor.round()
    assert kept(renovation) == []
    assert "openhall_evidence_packs_expired_total 1.0" in renovation.client.get("/metrics").text


def test_more_packs_than_a_bundle_may_hold_are_refused_with_advice(renovation: Renovation) -> None:
    desk = renovation.branches.cases.desk
    desk.dossiers._settings = msgspec.structs.replace(desk.settings, packs_at_most=1)
    case = renovation.open()
    renovation.sample(indoor=43.0)
    detail = renovation.post(f"cases/{case}/judge", {"by": "Wang"}, status=409)["detail"]
    assert "packs_at_most" in detail
