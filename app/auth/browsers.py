"""A browser in words, from what it says of itself: enough for its owner to know it again. Pure."""

import re

# In order: most browsers claim to be those further down as well.
BROWSERS = (
    ("Edg(e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("HeadlessChrome/|Chrome/|CriOS/|Chromium/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone|iPod", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh|Mac OS X", "Mac"),
    ("Linux|X11", "Linux"),
)


def browser_of(agent: str | None) -> str | None:
    """ "Firefox" from a User-Agent header, or None where it is none we know."""
    return _first(BROWSERS, agent)


def system_of(agent: str | None) -> str | None:
    """ "Windows" or "iPhone" from a User-Agent header, or None."""
    return _first(SYSTEMS, agent)


def _first(table: tuple[tuple[str, str], ...], agent: str | None) -> str | None:
    return next((name for pattern, name in table if re.search(pattern, agent or "")), None)
