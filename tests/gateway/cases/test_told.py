"""A sampling at risk is told to people: raised once, with what to do, and over when it is mended."""

from gateway.alerts.alarm import Alarm
from gateway.alerts.checks import rule_faults
from gateway.alerts.rule_files import default_rules
from gateway.alerts.samplings import SamplingRisk
from gateway.alerts.settings import RuleConfig
from gateway.alerts.texts import Wording
from gateway.alerts.words import Severity, When
from gateway.cases.words import Risk
from tests.gateway.alerts.desk import Desk
from tests.gateway.cases.renovation import Renovation

RULE = {"name": "sampling-at-risk", "severity": "warning", "when": "sampling", "for_s": 60, "recover_for_s": 60}
HOUR = 3600.0


def risk(risk: Risk = Risk.CLOSURE_BROKEN, *, room: str = "hall", case: int = 7, since_s: float = 0.0) -> SamplingRisk:
    return SamplingRisk(
        "north", "b001", room, "", case, risk, round(since_s * 1000), f"{room}: {risk}", f"{room}：{risk}，请处理"
    )


def watching(*rules: dict[str, object]) -> tuple[Desk, list[SamplingRisk]]:
    found: list[SamplingRisk] = []
    desk = Desk(rules or (RULE,))
    desk.engine.watch_samplings(lambda: tuple(found))
    return desk, found


def risk_of(alarm: Alarm) -> str:
    return alarm.key.point.split("/")[1]


def test_what_lasts_is_told_once_and_its_end_too() -> None:
    desk, found = watching()
    desk.pass_time(120)
    found.append(risk(since_s=desk.clock.now()))
    desk.pass_time(30)
    assert desk.open == []
    desk.pass_time(90)
    [alarm] = desk.open
    assert (alarm.place.site, alarm.place.room, alarm.severity) == ("b001", "hall", "warning")
    message = desk.told[0][-1]
    assert "sampling is at risk" in message.title
    assert "hall: closure-broken (/cases?case=7)" in message.text
    count = len(desk.told)
    desk.pass_time(60)
    assert len(desk.told) == count
    found.clear()
    desk.acknowledge_all()
    desk.pass_time(300)
    assert desk.open == []


def test_each_risk_is_an_alarm_of_its_own_and_a_moment_is_none() -> None:
    """That a window is void must be told though the open door was told before."""
    desk, found = watching()
    found.append(risk())
    desk.pass_time(120)
    found.append(risk(Risk.WINDOW_VOID))
    desk.pass_time(120)
    assert [risk_of(one) for one in desk.open] == ["closure-broken", "window-void"]
    found.append(risk(room="vault"))
    desk.pass_time(20)
    found.pop()
    desk.pass_time(120)
    assert {one.place.room for one in desk.open} == {"hall"}


def test_a_rule_may_tell_of_some_only() -> None:
    desk, found = watching({**RULE, "states": ("window-void",)})
    found += [risk(), risk(Risk.WINDOW_VOID)]
    desk.pass_time(120)
    assert [risk_of(one) for one in desk.open] == ["window-void"]


def test_nothing_is_over_because_nobody_knows() -> None:
    """After a start the first look at cases may come later than the first tick."""
    desk, found = watching()
    found.append(risk())
    desk.pass_time(120)
    desk.engine.watch_samplings(lambda: None)
    desk.pass_time(600)
    assert len(desk.open) == 1
    assert desk.open[0].active


def test_the_supervisor_tells_what_the_board_shows(renovation: Renovation) -> None:
    supervisor = renovation.branches.cases.supervisor
    assert supervisor.endangered() is None
    renovation.door("open")
    case = renovation.open()
    renovation.until(renovation.begin - 0.9 * HOUR)
    supervisor.round()
    told = {one.risk: one for one in supervisor.endangered() or ()}
    shown = {one["risk"]: one for one in renovation.get(f"cases/{case}")["at_risk"]}
    assert set(told) == set(shown) >= {"closure-broken"}
    broken = told["closure-broken"]
    assert (broken.site, broken.room, broken.case) == ("xidan", "hall", int(case))
    assert "未按规定封闭" in broken.chinese
    assert "close it, the hours count anew" in broken.english
    renovation.door("closed")
    supervisor.round()
    assert "closure-broken" not in {one.risk for one in supervisor.endangered() or ()}
    renovation.post(f"cases/{case}/close", {"why": "over", "by": "Wang"})
    supervisor.round()
    assert supervisor.endangered() == ()


def test_the_board_says_in_the_readers_language_what_to_do() -> None:
    desk, found = watching()
    found.append(risk())
    desk.pass_time(120)
    [alarm] = desk.open
    wording = Wording({}, {}, time_zone="Asia/Shanghai")
    assert wording.sentence(alarm, "zh-CN") == "空气验收采样存在风险：hall：closure-broken，请处理 (/cases?case=7)"
    assert wording.sentence(alarm, "en").endswith("at risk: hall: closure-broken (/cases?case=7)")


def test_the_default_rules_tell_of_each_risk_that_can_be_mended_once() -> None:
    states = [state for rule in default_rules() if rule.when is When.SAMPLING for state in rule.states]
    assert sorted(states) == sorted(set(Risk) - {Risk.CONTACT_UNHEARD, Risk.SIMULATED})


def test_a_rule_of_a_risk_that_there_is_not_is_refused() -> None:
    rule = RuleConfig(name="r", severity=Severity.WARNING, when=When.SAMPLING, states=("open-door",))
    [(place, words)] = rule_faults([rule])
    assert place == "$.rule[0].states"
    assert "'open-door' endangers no sampling; known: window-void" in words
