"""What a room's air holds besides breath keeps the balances it is made of."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.simulated.pollution import (
    SEALED,
    TVOC_PER_PERSON_UG_H,
    Burden,
    Exchange,
    Sources,
    hcho_ug_h,
    illuminance_lx,
    outdoor_no2_ppb,
    pollute,
)
from sensors.simulated.room import RoomPlan, air_of, at_rest, step
from sensors.simulated.rooms import plan_of

DAY = 86_400.0
EMPTY = Exchange(volume_m3=240.0, flow_m3_h=0.0, people=0, temperature_c=23.0, humidity_pct=50.0)
burdens = st.builds(
    Burden,
    hcho_ppb=st.floats(0, 2_000),
    tvoc_ug_m3=st.floats(0, 20_000),
    no2_ppb=st.floats(0, 500),
    fine_ug_m3=st.floats(0, 900),
    coarse_ug_m3=st.floats(0, 900),
)


class TestFormaldehyde:
    """Off-gassing after a renovation."""

    def test_it_fades_over_weeks_and_lingers_for_years(self) -> None:
        """Coatings within a month, boards over years: never a sudden end."""
        given_off = [hcho_ug_h(Sources(renovated_days=days), 0, 23, 50) for days in (0, 12, 60, 365, 2_000)]
        assert given_off == sorted(given_off, reverse=True)
        assert given_off[1] < 0.5 * given_off[0]
        assert given_off[3] > 0.03 * given_off[0]
        assert given_off[4] > 0

    def test_heat_and_damp_drive_it_out(self) -> None:
        """Seven kelvin more about double it (Berge); so a cool day passes a test that a hot one fails."""
        usual, hot, damp = (hcho_ug_h(Sources(), 0, c, pct) for c, pct in ((23, 50), (30, 50), (23, 70)))
        assert 1.9 < hot / usual < 2.4
        assert damp / usual == pytest.approx(1.35)

    def test_steady_state_is_outdoor_plus_source_over_flow(self) -> None:
        """30 mg/h into 480 m³/h are 62.5 µg/m³ above outdoors."""
        sources = replace(SEALED, hcho_board_ug_h=30_000, hcho_board_days=1e9)
        air = replace(EMPTY, flow_m3_h=480.0)
        at_last = pollute(Burden(), DAY, week_s=0, sources=sources, air=air)
        assert at_last.hcho_ppb == pytest.approx(2 + 62.5 / 1.2273, rel=1e-3)

    def test_closing_a_fresh_room_overnight_raises_it(self) -> None:
        """The reason for closure times: a renovated hall closed at five is worse at eight in the morning."""
        plan = RoomPlan(sources=Sources(renovated_days=10.0))
        evening = step(at_rest(plan, week_s=0.4 * DAY), 7.4 * 3_600, plan)
        morning = step(evening, 15 * 3_600, plan)
        assert morning.burden.hcho_ppb > 1.5 * evening.burden.hcho_ppb
        assert 65 < morning.burden.hcho_ppb < 1_000


class TestParticles:
    """Infiltration, settling, people."""

    def test_they_come_in_from_outside_and_less_of_the_coarse(self) -> None:
        """An empty, ventilated room follows the outdoors, filtered."""
        air = replace(EMPTY, flow_m3_h=480.0)
        at_last = pollute(Burden(fine_ug_m3=0, coarse_ug_m3=0), DAY, week_s=2 * 3_600, sources=Sources(), air=air)
        assert 0.6 < at_last.fine_ug_m3 / 35 < 0.9
        assert 0.15 < at_last.coarse_ug_m3 / 30 < 0.35

    def test_people_stir_up_the_coarse(self) -> None:
        """Ten people: much more PM10, little more PM2.5."""
        air = replace(EMPTY, flow_m3_h=480.0)
        quiet, busy = (
            pollute(Burden(), DAY, week_s=0, sources=Sources(), air=replace(air, people=people)) for people in (0, 10)
        )
        assert busy.coarse_ug_m3 - quiet.coarse_ug_m3 > 20
        assert 1 < busy.fine_ug_m3 - quiet.fine_ug_m3 < 10

    def test_in_a_closed_room_they_settle(self) -> None:
        """Coarse ones in an hour or so."""
        later = pollute(Burden(fine_ug_m3=100, coarse_ug_m3=100), 3_600, week_s=0, sources=Sources(), air=EMPTY)
        assert later.coarse_ug_m3 == pytest.approx(100 * math.exp(-1.5))
        assert later.fine_ug_m3 == pytest.approx(100 * math.exp(-0.2))

    @given(burden=burdens)
    def test_sizes_are_nested(self, burden: Burden) -> None:
        """PM1 within PM2.5 within PM4 within PM10."""
        assert burden.pm1_ug_m3 <= burden.fine_ug_m3 <= burden.pm4_ug_m3 <= burden.pm10_ug_m3


@given(
    burden=burdens,
    dt_s=st.floats(0, 7_200),
    week_s=st.floats(0, 14 * DAY),
    flow=st.floats(0, 5_000),
    n=st.integers(0, 99),
)
def test_nothing_falls_below_zero_and_two_steps_are_one(
    burden: Burden, dt_s: float, week_s: float, flow: float, n: int
) -> None:
    """The solution is exact while the sources stand still."""
    air = replace(EMPTY, flow_m3_h=flow, people=n)
    whole = pollute(burden, dt_s, week_s=week_s, sources=Sources(), air=air)
    half = pollute(burden, dt_s / 2, week_s=week_s, sources=Sources(), air=air)
    both = pollute(half, dt_s / 2, week_s=week_s, sources=Sources(), air=air)
    for name in ("hcho_ppb", "tvoc_ug_m3", "no2_ppb", "fine_ug_m3", "coarse_ug_m3"):
        assert getattr(whole, name) >= 0
        assert getattr(both, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-9)


def test_sealed_room_keeps_what_it_is_given() -> None:
    """The bench's air stays as it is put."""
    burden = Burden(hcho_ppb=70, tvoc_ug_m3=500, no2_ppb=30, fine_ug_m3=55, coarse_ug_m3=20)
    later = pollute(burden, DAY, week_s=0, sources=SEALED, air=EMPTY)
    for name in ("hcho_ppb", "tvoc_ug_m3", "no2_ppb", "fine_ug_m3", "coarse_ug_m3"):
        assert getattr(later, name) == pytest.approx(getattr(burden, name))


def test_people_give_off_organic_compounds() -> None:
    """Six milligrams an hour each."""
    later = pollute(Burden(tvoc_ug_m3=0), 3_600, week_s=0, sources=replace(SEALED), air=replace(EMPTY, people=10))
    assert later.tvoc_ug_m3 == pytest.approx(10 * TVOC_PER_PERSON_UG_H / 240)


def test_light_follows_opening_hours_and_the_sun() -> None:
    """Bright at noon, lamps alone at night if open, next to nothing when closed."""
    assert illuminance_lx(Sources(), 12 * 3_600, is_open=True) == pytest.approx(500)
    assert illuminance_lx(Sources(), 2 * 3_600, is_open=False) == pytest.approx(1)
    assert illuminance_lx(Sources(), 20 * 3_600, is_open=True) == pytest.approx(320)


def test_traffic_doubles_nitrogen_dioxide() -> None:
    """About eight and six."""
    assert outdoor_no2_ppb(Sources(), 8 * 3_600) == pytest.approx(30)
    assert outdoor_no2_ppb(Sources(), 3 * 3_600) == pytest.approx(15, abs=0.1)


def test_air_pressure_swings_with_the_weather() -> None:
    """By as much as the plan says, about its mean."""
    plan = plan_of("demo", "hall")
    state = at_rest(plan, week_s=0)
    pressures = [air_of(replace(state, week_s=hour * 3_600.0), plan).pressure_hpa for hour in range(240)]
    assert min(pressures) == pytest.approx(1013.25 - 6, abs=0.1)
    assert max(pressures) == pytest.approx(1013.25 + 6, abs=0.1)


def test_demo_rooms_differ_in_how_fresh_they_are() -> None:
    """Some were renovated a few days ago, some a year ago."""
    days = {plan_of("demo", f"room-{n}").sources.renovated_days for n in range(40)}
    assert min(days) < 20
    assert max(days) > 300
