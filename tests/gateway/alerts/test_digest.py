"""The weekly digest: due at its hour, sent once to each, in their language, by the first channel that works."""

from datetime import datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateway.alerts.digest import WeeklyDigest, week_end_ms
from gateway.alerts.keeper import Keeper
from gateway.alerts.metrics import AlertMetrics
from gateway.alerts.records import kpis_of
from gateway.alerts.routing import Routing
from gateway.notifiers.errors import ChannelUnavailable
from tests.gateway.alerts.desk import CALL, CO2, PEOPLE, Desk

HOUR_S = 3_600
DIGEST = {"digest": {"to": ["reg", "city"], "day": "Mo", "hour": 9}}
QUICK = {**CO2, "for_s": 0, "recover_for_s": 0}


def shanghai(text: str) -> float:
    return datetime.fromisoformat(f"{text}+08:00").timestamp()


def keeper(desk: Desk) -> Keeper:
    return Keeper(
        desk.database,
        desk.config,
        engine=desk.engine,
        routing=Routing(desk.config, desk.plans),
        notifiers=desk.channels,
        clock=desk.clock,
    )


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-23 09:00", "2026-11-23 09:00"),
        ("2026-11-23 08:59", "2026-11-16 09:00"),
        ("2026-11-29 23:00", "2026-11-23 09:00"),
    ],
)
def test_a_week_ends_at_its_hour(now: str, end: str) -> None:
    config = Desk([CALL], **DIGEST).config
    assert week_end_ms(config, round(shanghai(now) * 1000)) == round(shanghai(end) * 1000)


def test_it_is_sent_at_its_hour_once_to_each_and_a_restart_repeats_nothing() -> None:
    desk = Desk(
        [QUICK],
        start_s=shanghai("2026-11-23 06:00"),
        people={**PEOPLE, "reg": {**PEOPLE["reg"], "language": "zh-CN"}},
        **DIGEST,
    )
    desk.air(1_200.0)
    desk.settle()
    desk.told.clear()
    minute = keeper(desk)
    for _ in range(6):
        desk.clock.advance(HOUR_S)
        minute.round()
        minute = keeper(desk)
    digests = {person: message for _at, _channel, person, message in desk.told}
    assert [(at, person) for at, _channel, person, _message in desk.told] == [(180.0, "reg"), (180.0, "city")]
    assert digests["city"].title == "Alarms of the week 2026-11-16 to 2026-11-23"
    assert "Alarms: 1, told to 1 people" in digests["city"].text
    assert "Quiet enough" in digests["city"].text
    assert "报警：1 条" in digests["reg"].text
    assert digests["reg"].tell == "digest"
    desk.clock.advance(6 * 86_400)
    minute.round()
    assert len(desk.told) == 2
    desk.clock.advance(86_400)
    minute.round()
    assert len(desk.told) == 4


def test_a_dead_channel_moves_to_the_next_and_without_any_it_is_tried_for_a_day() -> None:
    desk = Desk([CALL], start_s=shanghai("2026-11-23 09:00"), **{"digest": {"to": ["city"]}})
    minute = keeper(desk)
    for channel in desk.channels.values():
        channel.fails = ChannelUnavailable("down")
    minute.round()
    assert desk.told == []
    desk.channels["sms"].fails = None
    desk.clock.advance(300)
    minute.round()
    assert desk.told == [], "it waits ten minutes after a failure"
    desk.clock.advance(300)
    minute.round()
    assert [(channel, person) for _at, channel, person, _message in desk.told] == [("sms", "city")]
    late = Desk([CALL], start_s=shanghai("2026-11-24 09:01"), **{"digest": {"to": ["city"]}})
    keeper(late).round()
    assert late.told == []


def test_a_noisy_week_says_which_limit_is_broken_and_by_what() -> None:
    desk = Desk([QUICK], **DIGEST)
    begin = desk.now_ms
    for _ in range(4):
        desk.air(1_200.0)
        desk.settle()
        desk.acknowledge()
        desk.air(800.0)
        desk.pass_time(300, step_s=300)
    kpis = kpis_of(desk.database, from_ms=begin, to_ms=desk.now_ms)
    WeeklyDigest(desk.database, desk.config, desk.channels).send(kpis, ["city"], desk.now_ms)
    text = desk.told[-1][-1].text
    assert "Too noisy" in text
    assert "1 causes chatter (co2)" in text
    assert "Most often: co2 b001/hall-air ×4" in text


def test_figures_stand_in_the_metrics() -> None:
    desk = Desk([QUICK], grade=[{"name": "I", "report_within_s": 3_600, "remind_before_s": 0}])
    registry = CollectorRegistry()
    desk.engine.metrics = AlertMetrics(registry)
    desk.air(1_200.0)
    desk.settle()
    desk.pass_time(2 * 86_400, step_s=43_200)
    keeper(desk).round()
    text = generate_latest(registry).decode()
    for line in (
        "openhall_alerts_standing 1.0",
        "openhall_alerts_stale 1.0",
        "openhall_alerts_chattering 0.0",
        'openhall_incidents{standing="missed"} 1.0',
    ):
        assert line in text, line


def test_what_the_digest_cannot_do_is_named(tmp_path: Path) -> None:
    from gateway.alerts.rule_files import load_rules
    from gateway.errors import ConfigurationError

    def faults(text: str) -> str:
        (tmp_path / "r.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError) as caught:
            load_rules(tmp_path / "r.toml")
        return str(caught.value)

    assert "$.alerts.digest.to" in faults('[alerts.digest]\nto = ["li"]\n')
    assert "hour" in faults("[alerts.digest]\nhour = 24\n")
    grade = '[[alerts.grade]]\nname = "I"\nreport_within_s = 3600\n'
    assert "$.alerts.grade[1].name" in faults(grade + grade)
    typo = faults(grade + 'rules = ["call-for-hepl"]\n')
    assert "$.alerts.grade[0].rules" in typo
    assert "did you mean 'call-for-help'?" in typo
    assert "$.alerts.grade[0].remind_before_s" in faults(grade + "remind_before_s = 3600\n")
