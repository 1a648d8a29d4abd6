"""Opening hours, holidays, make-up working days, and when a branch opens next."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.alerts.hours import ALWAYS, BadHoursError, Opening, make_calendar, parse_hours

ZONE = ZoneInfo("Asia/Shanghai")
BRANCH = "Mo-Fr 09:00-12:00,13:30-17:00; Sa 10:00-14:00"


def ms(text: str) -> int:
    """A moment in Shanghai as Unix ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def opening(text: str = BRANCH, **days: tuple[date, ...]) -> Opening:
    return Opening(parse_hours(text), ZONE, make_calendar("CN", **days))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-24T08:59:59", False),
        ("2026-11-24T09:00:00", True),
        ("2026-11-24T12:00:00", False),
        ("2026-11-24T16:59:59", True),
        ("2026-11-28T10:30:00", True),
        ("2026-11-29T10:30:00", False),
    ],
)
def test_open_by_day_and_time(moment: str, is_open: bool) -> None:
    assert opening().is_open(ms(moment)) is is_open


def test_holidays_are_closed_and_make_up_days_open() -> None:
    """Spring Festival 2026 is from 15 to 23 February; Saturday 14 and 28 February are worked."""
    weekdays = "Mo-Fr 09:00-17:00"
    assert not opening(weekdays).is_open(ms("2026-02-17T10:00:00"))
    assert opening(weekdays).is_open(ms("2026-02-14T10:00:00"))
    assert not opening(weekdays).is_open(ms("2026-02-07T10:00:00"))
    assert opening("Mo-Fr 09:00-17:00; PH 10:00-12:00").is_open(ms("2026-02-17T10:00:00"))


def test_the_configuration_goes_before_the_calendar() -> None:
    day = date(2026, 11, 24)
    assert not opening(closed_on=(day,)).is_open(ms("2026-11-24T10:00:00"))
    assert opening(open_on=(date(2026, 2, 17),)).is_open(ms("2026-02-17T10:00:00"))


def test_when_it_opens_next() -> None:
    """Now while it is open; over a weekend and a holiday else; now if it never does."""
    for now, opens in (
        ("2026-11-24T10:00:00", "2026-11-24T10:00:00"),
        ("2026-11-24T12:30:00", "2026-11-24T13:30:00"),
        ("2026-11-28T15:00:00", "2026-11-30T09:00:00"),
        ("2026-09-30T18:00:00", "2026-10-08T09:00:00"),
    ):
        assert opening().opens_ms(ms(now)) == ms(opens)
    assert opening("PH off").opens_ms(ms("2026-11-24T10:00:00")) == ms("2026-11-24T10:00:00")


def test_always_is_always() -> None:
    assert parse_hours("") is ALWAYS
    assert parse_hours("24/7") is ALWAYS
    assert opening("24/7").is_open(ms("2026-02-17T03:00:00"))
    assert opening("Mo-Su").is_open(ms("2026-11-29T23:59:00"))
    assert opening("09:00-10:00").is_open(ms("2026-11-29T09:00:00"))


def test_other_zones_and_an_hour_that_summer_time_skips() -> None:
    berlin = Opening(parse_hours("Su 02:30-04:00"), ZoneInfo("Europe/Berlin"), make_calendar(""))
    before = round(datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp() * 1000)
    assert berlin.opens_ms(before) > before


@pytest.mark.parametrize("text", ["Mx 09:00-10:00", "Mo 9-10", "Mo 10:00-09:00", "Mo 09:00-25:00", "Mo-Xx off", "late"])
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(BadHoursError):
        parse_hours(text)


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(BadHoursError, match="'XX'"):
        make_calendar("XX")
