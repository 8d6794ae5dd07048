"""When a mail about something may leave: quiet hours, digests, and days that have 23 or 25 hours. Pure.

Moments are aware datetimes in UTC; times of day are what the clock on the member's wall shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

WINDOW = timedelta(minutes=2)  # what happens within it goes into one mail


class Digest(StrEnum):
    """How often mail may come."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True)
class Rhythm:
    """When a member wants mail. Quiet hours may pass midnight; without both ends there are none."""

    zone: ZoneInfo
    digest: Digest = Digest.AT_ONCE
    digest_at: time = time(8)
    quiet_from: time | None = None
    quiet_until: time | None = None


def due_at(moment: datetime, rhythm: Rhythm) -> datetime:
    """When the mail about something that happens at the moment is to leave."""
    return end_of_quiet(_wanted(moment, rhythm), rhythm)


def is_quiet(moment: datetime, rhythm: Rhythm) -> bool:
    """Whether the clock on the member's wall stands within the quiet hours. Their end is no longer quiet."""
    start, end = rhythm.quiet_from, rhythm.quiet_until
    if start is None or end is None or start == end:
        return False
    clock = moment.astimezone(rhythm.zone).time()
    return start <= clock < end if start < end else clock >= start or clock < end


def end_of_quiet(moment: datetime, rhythm: Rhythm) -> datetime:
    """The moment itself, or the end of the quiet hours it lies in."""
    if rhythm.quiet_until is None:
        return moment
    # Where clocks go back over the end, the hour before it comes twice, and is quiet twice.
    while is_quiet(moment, rhythm):
        moment = next_time(moment, rhythm.quiet_until, rhythm.zone)
    return moment


def next_time(moment: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first moment after this one at which the zone's clocks show this time of day, or jump over it."""
    today = moment.astimezone(zone).date()
    return min(
        each for days in (0, 1, 2) for each in _moments(today + timedelta(days), at, zone) if each > moment
    )


def next_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """The next full hour on the zone's clocks, at most an hour later."""
    clock = moment.astimezone(zone)
    gone = timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
    return moment + timedelta(hours=1) - gone


def _wanted(moment: datetime, rhythm: Rhythm) -> datetime:
    match rhythm.digest:
        case Digest.HOURLY:
            return next_hour(moment, rhythm.zone)
        case Digest.DAILY:
            return next_time(moment, rhythm.digest_at, rhythm.zone)
    return moment + WINDOW


def _moments(day: date, at: time, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clocks show the time on that day: once, twice where they go back, or the moment they jump past it."""
    first, second = (
        datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1)
    )
    if first <= second:
        yield from {first, second}
    else:  # PEP 495: in a gap the later reading comes first
        yield _transition(second, first, zone)


def _transition(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the zone's offset changes, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
