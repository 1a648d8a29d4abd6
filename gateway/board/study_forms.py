"""From instruments and what is worked out of cases to the bodies of the API."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo

from gateway.acceptance.air_change import AirChange, NoRate
from gateway.acceptance.bias import Bias
from gateway.acceptance.plan import Plan
from gateway.acceptance.register import Calibration, Instrument
from gateway.acceptance.reopening import Forecast
from gateway.board import study_answers as answers
from gateway.board.case_bodies import CalibrationBody
from gateway.cases.days import RoomForecast, moment_of


def calibration_from(body: CalibrationBody, who: str, now_s: float) -> Calibration:
    """A calibration as it is kept."""
    return Calibration(
        done=body.done,
        due=body.due,
        certificate=body.certificate.strip(),
        by=body.calibrated_by.strip(),
        offset=body.offset,
        gain=body.gain,
        noted_by=who,
        noted_at=datetime.fromtimestamp(round(now_s, 3), UTC),
    )


def instrument_of(one: Instrument, today: date, bias: Mapping[str, Bias]) -> answers.InstrumentAnswer:
    """One instrument as it stands on a day, with what was learned of it."""
    in_force = one.on(today)
    return answers.InstrumentAnswer(
        serial=one.serial,
        part=one.part,
        owner=one.owner,
        valid=one.is_valid_on(today),
        due=None if in_force is None else in_force.due.isoformat(),
        calibrations=[
            answers.CalibrationAnswer(
                done=own.done.isoformat(),
                due=own.due.isoformat(),
                certificate=own.certificate,
                calibrated_by=own.by,
                offset=dict(own.offset),
                gain=dict(own.gain),
                noted_by=own.noted_by,
                noted=own.noted_at.timestamp(),
            )
            for own in one.calibrations
        ],
        bias=[
            answers.BiasAnswer(
                quantity=quantity, mean=own.mean, half_width=own.half_width, pairs=own.pairs, known=own.is_known
            )
            for quantity, own in bias.items()
        ],
    )


def reopening_of(one: RoomForecast, plan: Plan, zone: tzinfo) -> answers.ReopeningAnswer:
    """When a limit should be met."""
    found = one.found
    if not isinstance(found, Forecast):
        return answers.ReopeningAnswer(room=one.room, quantity=one.quantity, limit=one.limit, reason=str(found))
    return answers.ReopeningAnswer(
        room=one.room,
        quantity=one.quantity,
        limit=one.limit,
        met=found.is_met,
        day=moment_of(plan, zone, found.day).timestamp(),
        low=moment_of(plan, zone, found.low).timestamp(),
        high=None if found.high is None else moment_of(plan, zone, found.high).timestamp(),
        half_life_days=found.half_life_days,
        half_life_low=found.half_life_low,
        half_life_high=found.half_life_high,
        temperature_c=found.temperature_c,
        humidity_pct=found.humidity_pct,
        days_used=found.days_used,
        days_gained_twofold=found.days_gained(2.0),
    )


def air_change_of(room: str, found: AirChange | NoRate) -> answers.AirChangeAnswer:
    """Air changes an hour of a room."""
    if not isinstance(found, AirChange):
        return answers.AirChangeAnswer(room=room, reason=str(found))
    return answers.AirChangeAnswer(
        room=room, rate=found.rate, low=found.low, high=found.high, hours=found.hours, readings=found.readings
    )


def compared(table: Mapping[str, tuple[int, float, float, float]]) -> list[answers.ComparedAnswer]:
    """A comparison as rows, the slowest first."""
    rows = sorted(table.items(), key=lambda item: -item[1][1])
    return [
        answers.ComparedAnswer(name=name, decays=count, half_life_days=middle, lowest_days=low, highest_days=high)
        for name, (count, middle, low, high) in rows
    ]
