"""From readings and states to alarms, and from alarms to people: time lines."""

import pytest

from gateway.alerts.alarm import Shelf
from gateway.alerts.census import AgentLife
from gateway.alerts.words import Reason, State
from gateway.errors import StateUnavailable
from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from telemetry.messages import PointInfo
from telemetry.readings import Flag
from telemetry.topics import Root
from tests.gateway.alerts.desk import AIR, CALL, CO2, ROOT, Desk

RATE = {"name": "leap", "severity": "warning", "when": "rate", "quantity": "co2_ppm", "above": 300, "over_s": 600}
LIFT = {"name": "lift", "severity": "warning", "when": "facility", "for_s": 300, "recover_for_s": 60}
DARK = [
    {"name": "branch", "severity": "warning", "when": "branch-dark", "for_s": 300},
    {"name": "agent", "severity": "warning", "when": "agent-dark", "for_s": 300},
    {"name": "region", "severity": "critical", "when": "region-dark", "for_s": 60},
    {"name": "silent", "severity": "warning", "when": "no-data", "for_s": 900},
    {"name": "fault", "severity": "warning", "when": "sensor-fault", "for_s": 60},
]


def test_bad_air_is_told_when_it_has_lasted_and_over_when_it_stayed_so() -> None:
    desk = Desk()
    desk.breathe(1_100.0, 10)
    assert desk.open == []
    desk.breathe(1_100.0, 1)
    assert desk.states == [State.UNACKNOWLEDGED]
    assert desk.heard() == [(10.0, "resp", "rise")]
    desk.acknowledge()
    desk.breathe(850.0, 6)
    assert desk.open == []
    desk.pass_time(120)
    assert desk.heard()[1:] == [(17.0, "resp", "clear")]


def test_what_is_suspect_or_older_than_the_newest_decides_nothing() -> None:
    desk = Desk([{**CO2, "for_s": 0}])
    for flag in (Flag.WARMUP, Flag.RANGE, Flag.CLOCK):
        desk.air(3_000.0, flags=(flag,))
    desk.air(100_000.0)
    assert desk.open == []
    desk.air(3_000.0, flags=(Flag.SIMULATED,))
    assert desk.alarm.simulated


def test_a_fast_change_alarms() -> None:
    desk = Desk([RATE])
    for value in (500.0, 650.0, 790.0):
        desk.breathe(value, 1)
    assert desk.open == []
    desk.breathe(850.0, 1)
    assert (desk.alarm.key.rule, desk.alarm.value) == ("leap", 350.0)


def test_steps_are_told_in_time_and_an_answer_ends_them() -> None:
    """Emergency: at once, 1, 3 and 5 minutes."""
    desk = Desk()
    desk.state("called")
    desk.settle()
    desk.pass_time(600)
    assert desk.heard() == [
        (0.0, "resp", "rise"),
        (1.0, "dep", "rise"),
        (3.0, "reg", "rise"),
        (5.0, "city", "rise"),
    ]
    desk.acknowledge("dep")
    desk.settle()
    assert [(person, tell) for _at, person, tell in desk.heard()[4:]] == [
        ("resp", "taken"),
        ("reg", "taken"),
        ("city", "taken"),
    ]


def test_a_call_counts_at_any_age_and_the_same_pair_once() -> None:
    desk = Desk()
    assert desk.state("called", sequence=7, age_s=86_400)
    assert not desk.state("called", sequence=7, age_s=86_400)
    desk.settle()
    assert len(desk.open) == 1
    assert desk.alarm.since_ms == desk.now_ms - 86_400_000
    desk.acknowledge()
    assert not desk.state("called", sequence=7, age_s=86_400)
    assert desk.states == [State.ACKNOWLEDGED]
    desk.state("cleared", sequence=8)
    assert desk.open == []


def test_a_call_that_is_over_when_it_is_first_heard_is_one_notice() -> None:
    """Whatever the order of arrival; and it awaits somebody."""
    desk = Desk()
    desk.state("cleared", sequence=8)
    desk.state("called", sequence=7, age_s=600)
    desk.settle()
    desk.pass_time(3_600)
    assert desk.heard() == [(0.0, "resp", "missed-call")]
    assert "Pressed 10 min ago" in desk.told[0][3].text
    assert desk.states == [State.RETURNED]
    desk.acknowledge()
    assert desk.open == []


def test_a_cord_that_goes_unknown_answers_no_call() -> None:
    desk = Desk()
    desk.state("called")
    desk.state("unknown", working=False)
    assert desk.states == [State.UNACKNOWLEDGED]
    desk.state("test")
    assert desk.states == [State.RETURNED]


def test_a_call_pressed_again_asks_again_though_somebody_had_it() -> None:
    desk = Desk()
    desk.state("called")
    desk.settle()
    desk.acknowledge()
    desk.pass_time(60)
    desk.state("called", journal="j2")
    desk.settle()
    assert desk.heard() == [(0.0, "resp", "rise"), (1.0, "resp", "rise")]


def test_a_facility_that_stays_out_of_order_alarms_without_any_further_word() -> None:
    desk = Desk([LIFT])
    desk.state("down", kind="lift", point="lift-1", working=False)
    desk.pass_time(290)
    assert desk.open == []
    desk.pass_time(20)
    assert (desk.alarm.detail, desk.alarm.place.point) == ("down", "lift-1")
    desk.state("up", kind="lift", point="lift-1")
    desk.pass_time(50)
    assert desk.states == [State.UNACKNOWLEDGED]
    desk.pass_time(20)
    assert desk.states == [State.RETURNED]


def test_a_short_fault_is_nothing_and_an_older_state_changes_nothing() -> None:
    desk = Desk([LIFT])
    desk.state("down", kind="lift", point="lift-1", working=False, sequence=5)
    desk.pass_time(120)
    desk.state("up", kind="lift", point="lift-1", sequence=7)
    desk.state("down", kind="lift", point="lift-1", working=False, sequence=6)
    desk.pass_time(900)
    assert desk.open == []


def test_a_fault_heard_late_rises_at_once() -> None:
    desk = Desk([LIFT])
    desk.state("down", kind="lift", point="lift-1", working=False, age_s=3_600)
    assert desk.alarm.since_ms == desk.now_ms - 3_600_000


def test_an_agents_own_numbers_alarm() -> None:
    desk = Desk([{"name": "disk", "severity": "warning", "when": "health", "quantity": "disk_free_mb", "below": 200}])
    desk.health(disk_free_mb=500.0, cpu_c=None)
    assert desk.open == []
    desk.health(disk_free_mb=150.0)
    assert (desk.alarm.place.point, desk.alarm.value, desk.alarm.limit) == ("pi-1", 150.0, 200.0)
    desk.health(disk_free_mb=300.0)
    assert desk.states == [State.RETURNED]


# -- darkness and silence ----------------------------------------------------------------------------------------------


def test_a_dark_branch_is_one_alarm_and_holds_back_its_points() -> None:
    desk = Desk(DARK)
    desk.online(["b001", "b002", "b003", "b004"])
    desk.pass_time(600)
    desk.online(["b001"], lives=False)
    desk.pass_time(290)
    desk.pass_time(3_600)
    assert [(one.key.rule, one.key.site) for one in desk.open if one.key.site == "b001"] == [("branch", "b001")]


def test_one_of_two_agents_dark_is_an_alarm_about_that_agent() -> None:
    desk = Desk(DARK[:3])
    desk.online(["b001"])
    desk.agents.append(AgentLife(Root("north", "b001", "pi-2"), False, []))
    desk.pass_time(900)
    assert [(one.key.rule, one.key.point) for one in desk.open] == [("agent", "pi-2")]


def test_a_silent_point_alarms_once_and_a_faulty_sensor_explains_its_silence() -> None:
    desk = Desk(DARK)
    desk.online(["b001"])
    desk.air(500.0)
    desk.pass_time(1_200)
    assert [(one.key.rule, one.key.point) for one in desk.open] == [("silent", "hall-air")]
    desk.air(500.0)
    desk.pass_time(20)
    assert desk.states == [State.RETURNED]
    other = Desk(DARK)
    other.online(["b001"])
    other.state("fault", kind="sensor", point="hall-air", working=False)
    other.pass_time(3_600)
    assert [one.key.rule for one in other.open] == ["fault"]


def test_a_slow_point_may_be_silent_for_longer() -> None:
    """Five periods of ten minutes."""
    desk = Desk(DARK)
    slow = PointInfo(point="hall-air", room="hall", period_s=600.0)
    desk.agents = [AgentLife(ROOT, True, [slow])]
    desk.air(500.0)
    desk.pass_time(2_900)
    assert desk.open == []
    desk.pass_time(200)
    assert [one.key.rule for one in desk.open] == ["silent"]


def test_ten_thousand_branches_dark_at_once_are_one_alarm_a_region() -> None:
    """They go within a minute, as their last messages were; they come back within a few, and nothing else rises."""
    desk = Desk(DARK, regions={"r0": ["reg"], "r1": ["reg"], "r2": ["reg"]})
    regions = {f"r{number}": [f"b{number}-{n}" for n in range(3_334)] for number in range(3)}
    for region, sites in regions.items():
        desk.agents += [AgentLife(Root(region, site, "pi-1"), True, [AIR]) for site in sites]
    desk.pass_time(240, step_s=30)
    assert len(desk.agents) > 10_000

    def lives(share: float, *, online: bool) -> None:
        count = round(len(desk.agents) * share)
        for place in range(0, len(desk.agents)):
            if place % 10 < count * 10 // len(desk.agents):
                desk.agents[place] = desk.agents[place]._replace(online=online)

    for share in (0.3, 0.7, 1.0):
        lives(share, online=False)
        desk.pass_time(20, step_s=10)
    desk.pass_time(1_200, step_s=30)
    assert sorted((one.key.rule, one.key.region) for one in desk.open) == [(("region"), f"r{n}") for n in range(3)]
    rises = [message for _at, _channel, person, message in desk.told if person == "reg" and message.tell == "rise"]
    assert [len(message.alarms) for message in rises] == [3]
    assert "3334/3334" in rises[0].text
    for share in (0.3, 0.7, 1.0):
        lives(share, online=True)
        desk.pass_time(60, step_s=20)
    desk.pass_time(600, step_s=60)
    assert [(one.key.rule, one.state) for one in desk.open] == [("region", State.RETURNED)] * 3


def test_after_a_start_nobody_is_dark_before_they_could_say_something() -> None:
    desk = Desk(DARK)
    desk.online(["b001", "b002"], lives=False)
    desk.pass_time(170)
    desk.online(["b001", "b002"])
    desk.pass_time(1_200)
    assert [one.key.rule for one in desk.open] == ["silent", "silent"]


def test_an_agent_that_is_taken_away_ends_its_alarm() -> None:
    desk = Desk(DARK[:3])
    desk.online(["b001"], lives=False)
    desk.pass_time(900)
    assert len(desk.open) == 1
    desk.agents = []
    desk.pass_time(20)
    assert desk.open == []


# -- silences ----------------------------------------------------------------------------------------------------------


def window(desk: Desk, from_s: float, to_s: float, **scope: object) -> dict[str, object]:
    """A window in seconds from the desk's start."""
    from datetime import UTC, datetime

    moments = [datetime.fromtimestamp(desk.start_s + at, UTC) for at in (from_s, to_s)]
    return {"why": "renovation", "from": moments[0], "to": moments[1], "site": "b001", **scope}


def test_a_window_lists_and_tells_nobody_but_calls_pass_through() -> None:
    start = Desk()
    desk = Desk([{**CO2, "for_s": 0}, CALL], window=[window(start, 0, 3_600)])
    desk.air(1_200.0)
    desk.state("called")
    desk.settle()
    assert [(alarm.key.rule, alarm.state) for alarm in desk.open] == [
        ("co2", State.SUPPRESSED),
        ("call", State.UNACKNOWLEDGED),
    ]
    assert desk.heard() == [(0.0, "resp", "rise")]
    desk.engine.acknowledge(desk.open[1].id, "resp")
    desk.pass_time(3_600)
    assert desk.heard()[-1] == (60.0, "resp", "rise")
    assert desk.told[-1][3].alarms[0]["rule"] == "co2"


def test_out_of_service_has_a_state_of_its_own() -> None:
    start = Desk()
    desk = Desk([{**CO2, "for_s": 0}], window=[window(start, 0, 3_600, out_of_service=True)])
    desk.air(1_200.0)
    assert desk.states == [State.OUT_OF_SERVICE]


def test_a_shelf_ends_by_itself_and_a_call_cannot_be_shelved() -> None:
    desk = Desk([{**CO2, "for_s": 0}, CALL])
    desk.air(1_200.0)
    desk.settle()
    until = desk.now_ms + 1_800_000
    step = desk.engine.shelve(desk.alarm.id, Shelf(by="resp", reason="painting", until_ms=until))
    assert step is not None and step.reason is Reason.SHELVED
    desk.pass_time(1_790)
    assert desk.heard() == [(0.0, "resp", "rise")]
    desk.pass_time(10)
    assert desk.heard()[1:] == [(30.0, "resp", "rise")]
    desk.state("called")
    step = desk.engine.shelve(desk.open[1].id, Shelf(by="resp", reason="x", until_ms=until))
    assert step is not None and step.reason is Reason.EMERGENCIES_ARE_NOT_SILENCED


def test_nobody_is_woken_for_a_warning_but_for_a_call() -> None:
    """Started at 22:13 in Shanghai; the branch opens at 9. What is over by then is told to nobody."""
    desk = Desk([{**CO2, "for_s": 0, "severity": "warning"}, CALL], hours="Mo-Fr 09:00-17:00")
    assert desk.engine._book.routing.opening("b001").local(desk.now_ms).strftime("%a %H:%M") == "Mon 22:13"
    desk.air(1_200.0)
    desk.pass_time(60)
    assert desk.heard() == []
    desk.state("called")
    desk.settle()
    assert [tell for _at, _who, tell in desk.heard()] == ["rise"]
    desk.engine.acknowledge(desk.open[1].id, "resp")
    desk.pass_time(12 * 3_600, step_s=60)
    later = [(at, who) for at, who, tell in desk.heard()[1:]]
    opens = (9 * 60) - (22 * 60 + 13) + 1_440
    assert abs(later[0][0] - opens) < 1.5
    assert [who for _at, who in later] == ["resp", "dep"]
    quiet = Desk([{**CO2, "for_s": 0, "severity": "warning", "recover_for_s": 0}], hours="Mo-Fr 09:00-17:00")
    quiet.air(1_200.0)
    quiet.pass_time(60)
    quiet.air(800.0)
    quiet.pass_time(13 * 3_600, step_s=600)
    assert quiet.heard() == []


# -- channels ----------------------------------------------------------------------------------------------------------


def test_a_dead_channel_moves_to_the_next_one() -> None:
    desk = Desk()
    desk.channels["chat"].fails = ChannelUnavailable("down")
    desk.state("called")
    desk.settle()
    assert [(channel, person) for _at, channel, person, _message in desk.told] == [("sms", "resp")]


def test_a_warning_is_tried_with_back_off_before_the_next_channel() -> None:
    desk = Desk([{**CO2, "for_s": 0}], attempts=3, retry_s=10)
    desk.channels["chat"].fails = ChannelUnavailable("down")
    desk.air(1_200.0)
    desk.settle()
    desk.pass_time(60, step_s=1)
    assert [(at, channel) for at, channel, _who, _message in desk.told] == [(0.5, "sms")]


def test_a_refusal_is_not_tried_again() -> None:
    desk = Desk([{**CO2, "for_s": 0}])
    desk.channels["chat"].fails = ChannelRefused("wrong key")
    desk.air(1_200.0)
    desk.settle()
    assert [(at, channel) for at, channel, _who, _message in desk.told] == [(0.0, "sms")]


def test_where_nobody_can_be_reached_the_next_step_is_told_at_once() -> None:
    desk = Desk(
        people={
            "resp": {"name": "R", "channels": ["chat"]},
            "dep": {"name": "D", "channels": ["sms"]},
            "reg": {"name": "G", "channels": ["sms"]},
            "city": {"name": "C", "channels": ["sms"]},
        }
    )
    desk.channels["chat"].fails = ChannelRefused("wrong key")
    desk.breathe(1_100.0, 11)
    assert [(at, who) for at, _channel, who, _message in desk.told] == [(10.0, "dep")]


def test_a_role_without_anybody_is_passed_over() -> None:
    desk = Desk(sites={}, regions={})
    desk.state("called")
    desk.settle()
    assert desk.heard() == [(0.0, "city", "rise")]


def test_a_wait_that_the_channel_asks_for_is_kept() -> None:
    desk = Desk([{**CO2, "for_s": 0}], retry_s=1)
    desk.channels["chat"].fails = ChannelUnavailable("slowly", wait_s=45)
    desk.air(1_200.0)
    desk.settle()
    desk.channels["chat"].fails = None
    desk.pass_time(120, step_s=5)
    assert [at for at, _channel, _who, _message in desk.told] == [0.75]


def test_messages_of_no_urgency_are_told_together_and_not_too_often() -> None:
    rule = {**CO2, "for_s": 0, "recover_for_s": 0, "severity": "warning"}
    desk = Desk([rule], group_wait_s=30, group_interval_s=300, sites={"b001": {"responsible": ["resp"]}})
    for site in ("b001", "b002", "b003"):
        desk.config.sites.setdefault(site, desk.config.sites["b001"])
        desk.air(1_200.0, root=Root("north", site, "pi-1"))
    desk.pass_time(60)
    assert len(desk.told) == 1
    assert len(desk.told[0][3].alarms) == 3
    assert desk.told[0][0] == 0.5
    desk.config.sites.setdefault("b004", desk.config.sites["b001"])
    desk.air(1_200.0, root=Root("north", "b004", "pi-1"))
    desk.pass_time(400)
    assert desk.told[1][0] == pytest.approx(5.5, abs=0.2)


# -- restarts and the database -----------------------------------------------------------------------------------------


def test_a_restart_neither_repeats_nor_forgets() -> None:
    desk = Desk([CO2, CALL, LIFT])
    desk.state("called")
    desk.state("down", kind="lift", point="lift-1", working=False)
    desk.breathe(1_100.0, 3)
    desk.pass_time(35)
    told = len(desk.told)
    desk.start()
    desk.settle()
    assert len(desk.told) == told
    assert [alarm.key.rule for alarm in desk.open] == ["call"]
    desk.pass_time(120)
    assert [alarm.key.rule for alarm in desk.open] == ["call", "lift"]
    for _ in range(6):
        desk.air(1_100.0)
        desk.pass_time(60)
    assert [alarm.key.rule for alarm in desk.open] == ["call", "lift", "co2"]


def test_an_alarm_whose_rule_is_gone_ends() -> None:
    desk = Desk([{**CO2, "for_s": 0}])
    desk.air(1_200.0)
    assert len(desk.open) == 1
    desk.rules = ()
    desk.start()
    desk.settle()
    assert desk.open == []


def test_what_the_database_does_not_take_is_neither_heard_nor_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk([{**CO2, "for_s": 0}, CALL])
    write = desk.database.write

    def refuse() -> None:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(desk.database, "write", refuse)
    with pytest.raises(StateUnavailable):
        desk.state("called", sequence=7)
    with pytest.raises(StateUnavailable):
        desk.air(1_200.0)
    desk.engine.tick()
    monkeypatch.setattr(desk.database, "write", write)
    assert desk.state("called", sequence=7)
    desk.air(1_200.0)
    assert len(desk.open) == 2


def test_a_flood_is_bounded_but_a_call_always_rises() -> None:
    desk = Desk([{**CO2, "for_s": 0}, CALL], open_alarms=2)
    for number in range(5):
        desk.air(1_200.0, root=Root("north", f"b{number}", "pi-1"))
    desk.state("called")
    assert [alarm.key.rule for alarm in desk.open] == ["co2", "co2", "call"]


def test_what_ended_long_ago_is_forgotten() -> None:
    desk = Desk(keep_days=1)
    desk.state("called")
    desk.settle()
    desk.acknowledge()
    desk.state("cleared")
    desk.settle()
    assert desk.engine.alarm(1) is not None
    desk.clock.advance(3 * 86_400)
    desk.settle()
    assert desk.engine.alarm(1) is None


def test_what_another_process_raised_is_adopted_told_and_escalated() -> None:
    """`dead-letters retry` hears a call while the gateway runs."""
    desk = Desk()
    other = Desk.__new__(Desk)
    other.__dict__.update(desk.__dict__)
    other.start()
    other.state("called")
    desk.pass_time(120)
    assert [person for _at, person, _tell in desk.heard()] == ["resp", "dep"]
    desk.engine.acknowledge(1, "dep")
    desk.state("cleared", sequence=99)
    assert desk.open == []
