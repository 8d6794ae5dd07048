"""What every template can say: asset URLs, times in words, initials, sizes; pure but for the locale."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zlib import crc32

from babel.dates import format_timedelta
from flask import Flask
from flask_babel import format_date, format_datetime, get_locale, gettext, to_user_timezone

from app.assets import Assets

HUES = 8


def install(app: Flask) -> None:
    """Gives the templates `asset()` and the filters below, and WhiteNoise the place before the application."""
    assets = Assets(Path(app.root_path) / "static", watch=not app.config["WORKTRACKR"].is_production)
    app.wsgi_app = assets.served_before(app.wsgi_app)  # type: ignore[method-assign]
    app.jinja_env.globals.update(asset=assets.url, get_locale=get_locale)
    for name in (ago, since, exact, moment, day, initials, hue, size):
        app.jinja_env.filters[name.__name__] = name


def since(then: datetime, now: datetime | None = None) -> str:
    """How long ago in the fewest characters: "now", "5m", "3h", "2d"; a date beyond four weeks."""
    gone = (now or datetime.now(UTC)) - then
    if gone < timedelta(minutes=1):
        return gettext("now")
    if gone > timedelta(weeks=4):
        return moment(then, now)
    return format_timedelta(gone, format="narrow", threshold=1, locale=get_locale())


def ago(then: datetime, now: datetime | None = None) -> str:
    """How long ago, in words: "just now", "5 minutes ago", "2 days ago"; a date beyond four weeks."""
    gone = (now or datetime.now(UTC)) - then
    if gone < timedelta(minutes=1):
        return gettext("just now")
    if gone > timedelta(weeks=4):
        return moment(then, now)
    return format_timedelta(-gone, add_direction=True, threshold=1, locale=get_locale())


def moment(then: datetime, now: datetime | None = None) -> str:
    """The day of a time as one would say it: "3 Feb", with the year when it is another year."""
    that_day, today = (to_user_timezone(each).date() for each in (then, now or datetime.now(UTC)))
    return format_date(that_day, "d MMM" if that_day.year == today.year else "d MMM yyyy")


def day(of: date) -> str:
    """A date as one would say it: "3 Feb"."""
    return format_date(of, "d MMM")


def exact(then: datetime) -> str:
    """The full date and time in the reader's zone, for a title."""
    return format_datetime(then, "EEEE d MMMM yyyy, HH:mm")


def initials(name: str) -> str:
    """Up to two letters that stand for a person: "Ana María Ruiz" gives "AR", an address its first letter."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    last = words[-1][0] if len(words) > 1 and "@" not in name else ""
    return (words[0][0] + last).upper()


def hue(name: str) -> int:
    """One of the avatar colours, always the same for the same name."""
    return crc32(name.strip().lower().encode()) % HUES


def size(count: int) -> str:
    """Bytes as a person reads them: "812 B", "34 kB", "2.1 MB"."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
