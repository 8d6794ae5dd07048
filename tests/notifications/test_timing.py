"""Quiet hours and digests on real clocks, with days of 23 and 25 hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.notifications.timing import (
    WINDOW,
    Digest,
    Rhythm,
    due_at,
    end_of_quiet,
    is_quiet,
    next_hour,
    next_time,
)

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
KOLKATA, LORD_HOWE = ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")
ZONES = [LONDON, NEW_YORK, KOLKATA, LORD_HOWE, ZoneInfo("Pacific/Apia"), ZoneInfo("UTC")]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def night(zone: ZoneInfo, **more: object) -> Rhythm:
    return Rhythm(zone, quiet_from=time(22), quiet_until=time(7), **more)  # type: ignore[arg-type]


def test_mail_at_once_waits_for_what_else_happens() -> None:
    moment = at("2026-06-01T12:00:00+01:00")
    assert due_at(moment, Rhythm(LONDON)) == moment + WINDOW


def test_mail_at_night_waits_for_the_morning() -> None:
    assert due_at(at("2026-06-01T23:30:00+01:00"), night(LONDON)) == at("2026-06-02T07:00:00+01:00")


def test_a_window_that_ends_in_quiet_hours_waits_too() -> None:
    assert due_at(at("2026-06-01T21:59:00+01:00"), night(LONDON)) == at("2026-06-02T07:00:00+01:00")


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        ("2026-03-28T23:00:00+00:00", "2026-03-29T07:00:00+01:00"),  # clocks go forward: a night of 8 hours
        ("2026-10-24T23:00:00+01:00", "2026-10-25T07:00:00+00:00"),  # and back: one of 10
    ],
)
def test_quiet_hours_end_by_the_clock_when_clocks_change(evening: str, morning: str) -> None:
    assert end_of_quiet(at(evening), night(LONDON)) == at(morning)


def test_an_end_that_clocks_jump_over_is_the_moment_of_the_jump() -> None:
    rhythm = Rhythm(LONDON, quiet_from=time(23), quiet_until=time(1, 30))
    assert end_of_quiet(at("2026-03-28T23:30:00+00:00"), rhythm) == at("2026-03-29T01:00:00+00:00")


def test_an_end_that_comes_twice_is_quiet_until_it_comes_again() -> None:
    rhythm = Rhythm(LONDON, quiet_from=time(23), quiet_until=time(1, 30))
    second_time = at("2026-10-25T01:10:00+00:00")
    assert is_quiet(second_time, rhythm)
    assert end_of_quiet(second_time, rhythm) == at("2026-10-25T01:30:00+00:00")


def test_quiet_hours_within_one_day() -> None:
    rhythm = Rhythm(LONDON, quiet_from=time(12), quiet_until=time(13))
    assert is_quiet(at("2026-06-01T12:00:00+01:00"), rhythm)
    assert not is_quiet(at("2026-06-01T13:00:00+01:00"), rhythm)


@pytest.mark.parametrize("ends", [(None, None), (time(7), None), (None, time(7)), (time(7), time(7))])
def test_without_two_ends_nothing_is_quiet(ends: tuple[time | None, time | None]) -> None:
    rhythm = Rhythm(LONDON, quiet_from=ends[0], quiet_until=ends[1])
    assert not is_quiet(at("2026-06-01T07:00:00+01:00"), rhythm)


def test_an_hourly_digest_comes_at_the_full_hour_of_the_members_clock() -> None:
    assert next_hour(at("2026-06-01T12:10:00+05:30"), KOLKATA) == at("2026-06-01T13:00:00+05:30")


def test_a_daily_digest_keeps_its_time_of_day_when_clocks_change() -> None:
    rhythm = Rhythm(NEW_YORK, Digest.DAILY, digest_at=time(8))
    first = due_at(at("2026-03-07T09:00:00-05:00"), rhythm)
    assert (first, due_at(first, rhythm)) == (
        at("2026-03-08T08:00:00-04:00"),
        at("2026-03-09T08:00:00-04:00"),
    )


def test_a_daily_digest_at_an_hour_that_does_not_exist_comes_at_the_jump() -> None:
    rhythm = Rhythm(NEW_YORK, Digest.DAILY, digest_at=time(2, 30))
    assert due_at(at("2026-03-08T00:00:00-05:00"), rhythm) == at("2026-03-08T03:00:00-04:00")


def test_a_daily_digest_at_an_hour_that_comes_twice_comes_at_the_first() -> None:
    rhythm = Rhythm(NEW_YORK, Digest.DAILY, digest_at=time(1, 30))
    assert due_at(at("2026-11-01T00:30:00-04:00"), rhythm) == at("2026-11-01T01:30:00-04:00")


def test_a_digest_inside_quiet_hours_waits_for_their_end() -> None:
    rhythm = night(LONDON, digest=Digest.DAILY, digest_at=time(6))
    assert due_at(at("2026-06-01T12:00:00+01:00"), rhythm) == at("2026-06-02T07:00:00+01:00")


MOMENTS = st.integers(1_700_000_000, 1_830_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


@settings(max_examples=300, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), TIMES, TIMES, st.sampled_from(list(Digest)))
def test_mail_is_never_due_in_the_past_nor_in_quiet_hours(
    moment: datetime, zone: ZoneInfo, start: time, end: time, digest: Digest
) -> None:
    rhythm = Rhythm(zone, digest, time(9), start, end)
    due = due_at(moment, rhythm)
    assert moment < due < moment + timedelta(days=4)
    assert not is_quiet(due, rhythm)


@settings(max_examples=300, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), TIMES)
def test_the_next_time_of_day_is_ahead_and_shown_by_the_clock_or_jumped_over(
    moment: datetime, zone: ZoneInfo, wanted: time
) -> None:
    found = next_time(moment, wanted, zone)
    clock = found.astimezone(zone).time()
    before = (found - timedelta(seconds=1)).astimezone(zone).time()
    assert found > moment
    assert clock == wanted or before < wanted < clock
