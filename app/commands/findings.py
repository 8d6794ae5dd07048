"""What a check finds: a line with how it stands, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of `flask doctor`."""

    level: Level
    about: str
    words: str
    todo: str = ""


def ok(about: str, words: str) -> Finding:
    return Finding(Level.OK, about, words)


def warn(about: str, words: str, todo: str) -> Finding:
    return Finding(Level.WARN, about, words, todo)


def fail(about: str, words: str, todo: str) -> Finding:
    return Finding(Level.FAIL, about, words, todo)
