"""The room keeps the balances it is made of."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.simulated import LivingRoom, RoomPlan, Rooms, RoomState, step
from sensors.simulated.room import CO2_PER_PERSON_L_S, at_rest, is_open, saturation_g_m3
from sensors.simulated.rooms import LONGEST_GAP_S, STARTS_AT_S, plan_of
from tests.sensors.lab import BenchClock

DAY = 86_400.0
ALWAYS_OPEN = RoomPlan(opens_h=0, closes_h=24, visitors_h=0, staff=0, stay_min=1e9)
NOON = at_rest(ALWAYS_OPEN, week_s=DAY / 2)

states = st.builds(
    RoomState,
    week_s=st.floats(0, 14 * DAY),
    co2_ppm=st.floats(300, 10_000),
    temperature_c=st.floats(0, 40),
    vapour_g_m3=st.floats(0, 5),
    people=st.integers(0, 100),
)
plans = st.builds(
    RoomPlan,
    volume_m3=st.floats(20, 2_000),
    ach_open=st.floats(0, 20),
    ach_closed=st.floats(0, 2),
    outdoor_c=st.floats(-10, 30),
    visitors_h=st.floats(0, 200),
    staff=st.integers(0, 20),
    seed=st.integers(0, 10),
)


class TestCarbonDioxide:
    """Mass balance."""

    def test_steady_state_is_outdoor_plus_generation_over_flow(self) -> None:
        """Ten people, 2 air changes of 240 m³: 52 mL/s into 133 L/s are 390 ppm above outdoors."""
        plan = replace(ALWAYS_OPEN, staff=10, ach_open=2.0, volume_m3=240.0)
        state = step(replace(NOON, people=10), DAY, plan)
        flow_l_s = 240 * 2 * 1_000 / 3_600
        assert state.people == 10
        assert state.co2_ppm == pytest.approx(420 + 10 * CO2_PER_PERSON_L_S / flow_l_s * 1e6, rel=1e-9)
        assert state.co2_ppm == pytest.approx(810, abs=1)

    def test_empty_room_decays_by_its_air_changes(self) -> None:
        """After an hour at one air change, 1/e of the excess is left."""
        plan = replace(ALWAYS_OPEN, ach_open=1.0)
        state = step(replace(NOON, co2_ppm=1_420), 3_600, plan)
        assert state.co2_ppm == pytest.approx(420 + 1_000 / math.e, rel=1e-9)

    def test_sealed_room_keeps_every_breath(self) -> None:
        """Without ventilation it rises by what people give off, and by nothing else."""
        plan = replace(ALWAYS_OPEN, ach_open=0.0, ach_closed=0.0, staff=5, volume_m3=100.0)
        state = step(replace(NOON, people=5), 3_600, plan)
        assert state.co2_ppm - NOON.co2_ppm == pytest.approx(5 * CO2_PER_PERSON_L_S / 1_000 * 3_600 / 100 * 1e6)

    def test_exact_solution_agrees_with_small_steps(self) -> None:
        """The balance integrated by hand in steps of 0.1 s."""
        plan = replace(ALWAYS_OPEN, ach_open=3.0, staff=7, volume_m3=180.0)
        by_hand, flow = 900.0, 180 * 3 / 3_600
        for _ in range(6_000):
            by_hand += 0.1 * (flow * (420 - by_hand) + 7 * CO2_PER_PERSON_L_S * 1_000) / 180
        state = step(replace(NOON, co2_ppm=900.0, people=7), 600, plan)
        assert state.co2_ppm == pytest.approx(by_hand, rel=1e-3)

    @given(state=states, plan=plans, dt_s=st.floats(0, 7_200))
    def test_never_below_the_lower_of_start_and_outdoors(self, state: RoomState, plan: RoomPlan, dt_s: float) -> None:
        """People only add."""
        assert step(state, dt_s, plan).co2_ppm >= min(state.co2_ppm, plan.outdoor_co2_ppm) - 1e-6


class TestClimate:
    """Heat and water."""

    @given(state=states, plan=plans, dt_s=st.floats(0, 7_200))
    def test_humidity_stays_within_0_and_100(self, state: RoomState, plan: RoomPlan, dt_s: float) -> None:
        """And never more water than the air can hold."""
        later = step(state, dt_s, plan)
        assert 0 <= later.humidity_pct <= 100
        minute = (math.floor(later.week_s / 60) + 1) * 60.0
        full = step(later, minute - later.week_s, plan)
        # Water condenses at full minutes; float arithmetic may end a hair before one.
        assert full.week_s < minute or full.vapour_g_m3 <= saturation_g_m3(full.temperature_c) + 1e-9

    def test_thermostat_holds_the_hall_while_open(self) -> None:
        """Within 1.5 °C of its setting after a morning with people."""
        plan = RoomPlan(seed=3)
        state = step(at_rest(plan, week_s=9 * 3_600), 4 * 3_600, plan)
        assert state.temperature_c == pytest.approx(plan.setting_c, abs=1.5)

    def test_people_make_it_warmer_and_damper(self) -> None:
        """Thirty people for an hour."""
        empty = step(NOON, 3_600, ALWAYS_OPEN)
        full = step(replace(NOON, people=30), 3_600, replace(ALWAYS_OPEN, staff=30))
        assert full.temperature_c > empty.temperature_c + 0.3
        assert full.vapour_g_m3 > empty.vapour_g_m3 + 0.5

    def test_saturation_is_that_of_the_tables(self) -> None:
        """17.3 g/m³ at 20 °C, 4.85 at 0 °C."""
        assert saturation_g_m3(20) == pytest.approx(17.3, abs=0.1)
        assert saturation_g_m3(0) == pytest.approx(4.85, abs=0.02)


class TestPeople:
    """They come while it is open."""

    def test_opening_hours(self) -> None:
        """Monday to Friday, nine to five, the closing minute excluded."""
        plan = RoomPlan()
        assert [is_open(h * 3_600, plan) for h in (8.99, 9, 16.99, 17)] == [False, True, True, False]
        assert is_open(4 * DAY + DAY / 2, plan)
        assert not is_open(5 * DAY + DAY / 2, plan)
        assert is_open(7 * DAY + DAY / 2, plan)

    def test_hall_fills_and_empties(self) -> None:
        """About visitors an hour times their stay, plus staff; nobody at night."""
        plan = RoomPlan(visitors_h=40, stay_min=15, staff=4, seed=1)
        state = at_rest(plan, week_s=0)
        counts = []
        for _ in range(5 * 24 * 12):
            state = step(state, 300, plan)
            if 10 * 3_600 < state.week_s % DAY < 16.5 * 3_600:
                counts.append(state.people)
            if state.week_s % DAY > 18 * 3_600:
                assert state.people == 0
        assert sum(counts) / len(counts) == pytest.approx(4 + 40 * 15 / 60, abs=1.5)
        assert len(set(counts)) > 5

    def test_a_day_shows_in_the_air(self) -> None:
        """Higher at four in the afternoon than before opening, near outdoors before the next."""
        plan = RoomPlan(seed=2)
        morning = step(at_rest(plan, week_s=0), 8.9 * 3_600, plan)
        afternoon = step(morning, 7 * 3_600, plan)
        next_morning = step(afternoon, 17 * 3_600, plan)
        assert morning.co2_ppm < 430
        assert afternoon.co2_ppm > 600
        assert next_morning.co2_ppm < 460


class TestStep:
    """A pure function of its arguments."""

    @given(state=states, plan=plans, first_s=st.floats(0, 900), second_s=st.floats(0, 900))
    def test_two_steps_are_one(self, state: RoomState, plan: RoomPlan, first_s: float, second_s: float) -> None:
        """However time is cut, people included."""
        middle = step(state, first_s, plan)
        # As float arithmetic has it, the second step ends where the whole one does.
        whole = step(state, middle.week_s - state.week_s + second_s, plan)
        halves = step(middle, whole.week_s - middle.week_s, plan)
        if halves.week_s != whole.week_s:
            return
        assert halves.people == whole.people
        assert halves.co2_ppm == pytest.approx(whole.co2_ppm, rel=1e-6)
        assert halves.temperature_c == pytest.approx(whole.temperature_c, rel=1e-6, abs=1e-6)
        assert halves.vapour_g_m3 == pytest.approx(whole.vapour_g_m3, rel=1e-6, abs=1e-6)

    @given(state=states, plan=plans)
    def test_no_time_no_change(self, state: RoomState, plan: RoomPlan) -> None:
        """0 s."""
        assert step(state, 0, plan) == state

    @pytest.mark.parametrize("dt_s", [-1, math.inf, math.nan])
    def test_time_does_not_run_backwards(self, dt_s: float) -> None:
        """Nor for ever."""
        with pytest.raises(ValueError, match="0 s or more"):
            step(NOON, dt_s, ALWAYS_OPEN)


class TestRooms:
    """Rooms that go on with a clock."""

    def test_room_is_shared_by_site_and_name(self) -> None:
        """The same for every caller; another site's hall is another hall."""
        rooms = Rooms(BenchClock().monotonic)
        assert rooms.room("b1", "hall") is rooms.room("b1", "hall")
        assert rooms.room("b1", "hall") is not rooms.room("b2", "hall")
        assert plan_of("b1", "hall") != plan_of("b2", "hall")
        assert plan_of("b1", "hall") == plan_of("b1", "hall")

    def test_room_goes_on_with_the_clock(self) -> None:
        """It begins on Monday at a quarter to ten, whatever the hour outside."""
        clock = BenchClock()
        room = Rooms(clock.monotonic).room("b1", "hall")
        assert room.state().week_s == STARTS_AT_S
        clock.sleep(3_600)
        assert room.state().week_s == STARTS_AT_S + 3_600
        assert room.state().people > 0
        assert room.air().co2_ppm > 430

    def test_a_meeting_room_is_stuffy_soon_and_well_again(self) -> None:
        """Beyond 1,000 ppm in the second minute, below 900 in the sixth; then the next meeting."""
        clock = BenchClock()
        room = Rooms(clock.monotonic).room("b1", "meeting-room")
        seen = []
        for _ in range(60):
            seen.append(room.air().co2_ppm)
            clock.sleep(15)
        assert max(seen[:4]) < 1_000 < min(seen[8:16])
        assert max(seen[24:50]) < 900
        assert seen[59] > seen[52]
        assert room.state().people == 14

    def test_long_sleep_of_the_machine_costs_a_day_at_most(self) -> None:
        """A laptop opened after a year."""
        clock = BenchClock()
        room = LivingRoom(RoomPlan(), clock.monotonic)
        clock.sleep(365 * DAY)
        assert room.state().week_s == STARTS_AT_S + LONGEST_GAP_S

    def test_clock_that_runs_backwards_changes_nothing(self) -> None:
        """No step is taken."""
        clock = BenchClock()
        room = LivingRoom(RoomPlan(), clock.monotonic)
        before = room.state()
        clock.sleep(-5)
        assert room.state() == before
