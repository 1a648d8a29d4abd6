"""What people read, the links they tap, whom they are: texts, links, people."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts import phrases
from gateway.alerts.alarm import Alarm, Key
from gateway.alerts.alarm_rows import Change
from gateway.alerts.checks import HEALTH_NUMBERS, alerts_faults
from gateway.alerts.history import AlertHistory, point_of
from gateway.alerts.links import Claim, Links, open_links
from gateway.alerts.routing import Routing
from gateway.alerts.rule_files import default_rules
from gateway.alerts.rules import Place
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.texts import Wording, age_words
from gateway.alerts.words import Reason, Role, Severity, Tell, When
from gateway.errors import ConfigurationError, StoreUnavailable
from gateway.state.state import State
from tests.fakes import FakeStore
from tests.gateway.alerts.desk import ALERTS, CALL, CO2, Desk

NOW_MS = 1_790_000_000_000
WORDING = Wording({"b001": ("East Street", "东街支行")}, {rule.name: rule for rule in default_rules()}, "Asia/Shanghai")


def alarm(rule: str = "co2-high", **more: Any) -> Alarm:
    config = next(one for one in default_rules() if one.name == rule)
    values: dict[str, Any] = {
        "id": 7,
        "key": Key(rule, "north", "b001", "hall-air", config.quantity or ""),
        "place": Place("north", "b001", "hall", "hall-air", "air"),
        "when": config.when,
        "severity": config.severity,
        "since_ms": NOW_MS - 900_000,
        "raised_ms": NOW_MS,
        "changed_ms": NOW_MS,
    }
    return Alarm(**{**values, **more})


def test_a_message_says_what_where_since_when_and_what_to_do() -> None:
    one = alarm(value=1_650.0, limit=1_500.0)
    message = WORDING.message([one], Tell.RISE, language="zh-CN", key="abcdef0123", link="http://b/a/x", now_ms=NOW_MS)
    assert message.title == "警告：二氧化碳过高 · 东街支行 · 营业厅 · hall-air"
    assert message.text.splitlines() == [
        "地点：东街支行 · 营业厅 · hall-air",
        "开始：2026-09-21 21:58:20",
        "测得：1,650 ppm（限值 1,500 ppm）",
        "现在请：请开窗开门或加大新风。半小时内仍不下降，请联系物业。",
        "",
        "我来处理：http://b/a/x",
        "",
        "编号 abcdef01",
    ]
    english = WORDING.message([one], Tell.RISE, language="en", key="abcdef0123", now_ms=NOW_MS)
    assert english.title == "Warning: Carbon dioxide too high · East Street · Hall · hall-air"
    assert "Measured: 1,650 ppm (limit 1,500 ppm)" in english.text


@pytest.mark.parametrize(
    ("rule", "value", "limit", "english", "chinese"),
    [
        ("agent-disk-full", 150.0, 200.0, "Free disk space of the device too low: 150 MB (limit 200 MB)",
         "设备剩余磁盘空间过低：150 MB（限值 200 MB）"),
        ("agent-hot", 84.0, 80.0, "Processor temperature of the device too high: 84 °C (limit 80 °C)",
         "设备处理器温度过高：84 °C（限值 80 °C）"),
        ("agent-clock", 0.0, 1.0, "The device has no reliable time", "设备没有可靠时间"),
    ],
)  # fmt: skip
def test_an_agents_own_numbers_have_names_and_units(
    rule: str, value: float, limit: float, english: str, chinese: str
) -> None:
    one = alarm(rule, value=value, limit=limit)
    assert (WORDING.sentence(one, "en"), WORDING.sentence(one, "zh-CN")) == (english, chinese)


def test_every_number_that_may_have_a_limit_has_a_name() -> None:
    assert set(phrases.HEALTH_NUMBERS) | {phrases.NO_TIME_NUMBER} == set(HEALTH_NUMBERS)


@pytest.mark.parametrize("language", [phrases.ENGLISH, phrases.CHINESE])
def test_every_default_rule_has_words_and_advice(language: str) -> None:
    for rule in default_rules():
        one = alarm(rule.name)
        message = WORDING.message([one], Tell.RISE, language=language, key="k" * 64, now_ms=NOW_MS)
        assert WORDING.advice(one, language) in message.text
        assert len(WORDING.advice(one, language)) > 5
        assert "{" not in message.title + message.text


def test_badges_tell_a_drill_a_repeat_and_a_simulation() -> None:
    one = alarm(simulated=True)
    message = WORDING.message([one], Tell.RISE, language="en", key="k", repeat=True, drill=True, now_ms=NOW_MS)
    assert message.title.startswith("[DRILL][repeat][simulated] Warning: ")


def test_over_taken_missed_and_many_at_once() -> None:
    over = alarm(active=False, returned_ms=NOW_MS, acknowledged_by="Li")
    message = WORDING.message([over], Tell.CLEAR, language="en", key="k", link="http://b/a/x", now_ms=NOW_MS)
    assert message.title.startswith("Over: ")
    assert "Over since: 2026-09-21 22:13:20" in message.text
    assert "Taken by: Li" in message.text
    assert "http" not in message.text
    call = alarm("call-for-help", active=False, missed=True)
    message = WORDING.message([call], Tell.MISSED, language="zh-CN", key="k", now_ms=NOW_MS)
    assert "15 分钟前按下" in message.text
    both = WORDING.message([alarm(), alarm(id=8)], Tell.RISE, language="en", key="k", now_ms=NOW_MS)
    assert "2 alarms" in both.title
    assert [one["id"] for one in both.alarms] == ["7", "8"]


def test_a_rule_may_bring_words_of_its_own() -> None:
    rule = msgspec.structs.replace(default_rules()[1], title_zh="空气闷", advice_en="Open the big window.")
    words = Wording({}, {rule.name: rule}, "Asia/Shanghai")
    assert words.what(alarm(), "zh-CN") == "空气闷"
    assert words.what(alarm(), "en") == "Carbon dioxide too high"
    assert words.advice(alarm(), "en") == "Open the big window."


def test_ages_in_words() -> None:
    assert [age_words(seconds * 1000, "en") for seconds in (5, 119, 120, 7_300, 200_000)] == [
        "5 s",
        "119 s",
        "2 min",
        "2 h",
        "2 days",
    ]


# -- links -------------------------------------------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_link_is_read_as_it_was_made_and_one_changed_letter_is_refused(key: bytes, data: st.DataObject) -> None:
    claim = Claim("batch", "li", NOW_MS, True)
    word = Links(key).make(claim)
    assert Links(key).read(word) == claim
    assert Links(key + b"x").read(word) is None
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("ABab01-_.~"))
    changed = word[:place] + letter + word[place + 1 :]
    read = Links(key).read(changed)
    # The last letter of a part may hold bits that say nothing; whatever it reads is what was signed.
    assert read is None or read == claim


@given(st.text(max_size=60))
def test_no_word_of_a_stranger_is_read(word: str) -> None:
    assert Links(b"secret").read(word) is None


def test_the_key_is_made_once_or_comes_from_a_file(tmp_path: Any) -> None:
    state = State.open("sqlite://")
    word = open_links(AlertsConfig(), state).make(Claim("b", "li", 1, False))
    assert open_links(AlertsConfig(), state).read(word) is not None
    assert open_links(AlertsConfig(), State.open("sqlite://")).read(word) is None
    with pytest.raises(ConfigurationError, match="link_key_file"):
        open_links(AlertsConfig(link_key_file=str(tmp_path / "none")), state)


# -- people ------------------------------------------------------------------------------------------------------------


def routing(**alerts: Any) -> Routing:
    return Routing(msgspec.convert({**ALERTS, **alerts}, AlertsConfig))


BRANCH = Place("north", "b001", "hall", "hall-air", "air")
DAY_MS = 86_400_000
NOBODY: dict[str, Any] = {"sites": {}, "regions": {}, "city": []}


def test_roles_by_place() -> None:
    who = routing()
    found = {role: who.people(role, BRANCH, NOW_MS) for role in Role}
    named = {"responsible": ("resp",), "deputy": ("dep",), "region": ("reg",), "city": ("city",)}
    assert found == {**named, "contact": ()}
    reached = {**ALERTS["sites"]["b001"], "contact": ["reg"]}
    assert routing(sites={"b001": reached}).people(Role.CONTACT, BRANCH, NOW_MS) == ("reg",)
    region = Place("north")
    assert [who.people(role, region, NOW_MS) for role in Role] == [(), (), ("reg",), ("city",), ()]
    assert who.first_people(Severity.CRITICAL, region, NOW_MS) == ("reg",)


def test_turns_go_round_and_a_branchs_own_goes_before_its_regions() -> None:
    """2026-09-21 is the first day."""
    rota = [{"site": "b001", "first": date(2026, 9, 21), "each_days": 7, "people": ["dep", "reg"]}]
    who = routing(rota=rota)
    turns = [who.people(Role.RESPONSIBLE, BRANCH, NOW_MS + week * 7 * DAY_MS) for week in range(3)]
    assert turns == [("dep",), ("reg",), ("dep",)]
    assert who.people(Role.RESPONSIBLE, BRANCH, NOW_MS - 7 * DAY_MS) == ("resp",)
    regional = [{"region": "north", "first": date(2026, 9, 21), "people": ["city"]}]
    assert routing(rota=regional).people(Role.RESPONSIBLE, BRANCH, NOW_MS) == ("resp",)
    assert routing(rota=regional, sites={}).people(Role.RESPONSIBLE, BRANCH, NOW_MS) == ("city",)


def test_whoever_is_away_is_stood_in_for_and_a_circle_ends() -> None:
    days = {"from": date(2026, 9, 20), "to": date(2026, 9, 21)}
    who = routing(away=[{"person": "resp", "stands_in": "dep", **days}])
    assert who.people(Role.RESPONSIBLE, BRANCH, NOW_MS) == ("dep",)
    assert who.people(Role.RESPONSIBLE, BRANCH, NOW_MS + DAY_MS) == ("resp",)
    circle = [{"person": "resp", "stands_in": "dep", **days}, {"person": "dep", "stands_in": "resp", **days}]
    assert routing(away=circle).people(Role.RESPONSIBLE, BRANCH, NOW_MS) == ("resp",)


def test_at_night_others_may_be_told_first() -> None:
    """It is 22:13 in Shanghai."""
    sites = {"b001": {"responsible": ["resp"], "after_hours": ["reg"], "hours": "Mo-Fr 09:00-17:00"}}
    who = routing(sites=sites)
    assert who.people(Role.RESPONSIBLE, BRANCH, NOW_MS) == ("reg",)
    assert who.people(Role.RESPONSIBLE, BRANCH, NOW_MS - 10 * 3_600_000) == ("resp",)


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ({"city": ["cita"]}, ["$.alerts.city", "did you mean 'city'"]),
        ({"time_zone": "Mars/Base"}, ["$.alerts.time_zone"]),
        ({"hours": "Mo 9-5"}, ["$.alerts.hours", "no time"]),
        ({"holidays": "XX", "hours": "Mo-Fr 09:00-17:00"}, ["$.alerts.holidays", "'XX'"]),
        ({"retry_at_most_s": 1.0}, ["$.alerts.retry_at_most_s"]),
        ({"steps": {"info": []}}, ["$.alerts.steps.info", "nobody would be told"]),
        ({"steps": {"info": [{"to": "city", "after_s": 5}]}}, ["$.alerts.steps.info[0].after_s"]),
        ({"steps": {"info": [{"to": "city"}, {"to": "city"}]}}, ["$.alerts.steps.info", "do not rise"]),
        ({"channels": {"chat": {"kind": "wecom"}, "sms": {"kind": "file", "path": "x"}}}, ["chat.key_file", "missing"]),
        ({"channels": {"chat": {"kind": "file", "path": "x", "base": "http://a"}}, "people": {}, **NOBODY},
         ["$.alerts.channels.chat.base"]),
        ({"people": {"resp": {"name": "R", "channels": ["fax"]}}}, ["people.resp.channels", "'fax'"]),
        ({"rota": [{"first": date(2026, 1, 1), "people": ["resp"]}]}, ["$.alerts.rota[0]", "region or site"]),
        ({"away": [{"person": "resp", "stands_in": "dep", "from": date(2026, 2, 1), "to": date(2026, 1, 1)}]},
         ["$.alerts.away[0].to"]),
    ],
)  # fmt: skip
def test_a_fault_in_the_settings_is_named(alerts: dict[str, Any], words: list[str]) -> None:
    faults = "\n".join(": ".join(fault) for fault in alerts_faults(msgspec.convert({**ALERTS, **alerts}, AlertsConfig)))
    for word in words:
        assert word in faults
    assert list(alerts_faults(msgspec.convert(ALERTS, AlertsConfig))) == []


# -- points in the store -----------------------------------------------------------------------------------------------


def test_every_change_becomes_a_point_and_none_twice() -> None:
    desk = Desk([{**CO2, "for_s": 0}, CALL])
    store = FakeStore()
    history = AlertHistory(desk.database, store, WORDING)
    desk.air(1_200.0)
    desk.settle()
    desk.acknowledge()
    store.refuses = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        history.round()
    store.refuses = None
    assert history.round() > 0
    assert history.round() == 0
    again = AlertHistory(desk.database, store, WORDING)
    assert again.round() == 0
    states = [fields["state"] for _at, fields in sorted(store.fields("alert").items())]
    assert states == ["unacknowledged", "acknowledged"]
    ((_name, tags),) = store.series
    assert dict(tags) == {
        "region": "north",
        "site": "b001",
        "room": "hall",
        "point": "hall-air",
        "quantity": "co2_ppm",
        "rule": "co2",
        "severity": "critical",
    }


def test_a_point_has_no_empty_tag_and_a_float() -> None:
    region = alarm("dark-region", place=Place("north"), key=Key("dark-region", "north", "", "", ""))
    point = point_of(Change(1, region, Reason.RAISED, ""), WORDING, "en")
    assert all(word for _name, word in point.tags)
    assert "value" not in point.fields
    assert isinstance(point_of(Change(1, alarm(value=3), Reason.RAISED, ""), WORDING, "en").fields["value"], float)
    assert When.REGION_DARK is region.when


def test_two_changes_of_one_series_at_one_moment_are_two_points() -> None:
    desk = Desk([CALL])
    store = FakeStore()
    desk.state("cleared", sequence=9)
    for sequence in (3, 4):
        desk.state("called", sequence=sequence, age_s=60)
    AlertHistory(desk.database, store, WORDING).round()
    assert len(store.fields("alert")) == 2
