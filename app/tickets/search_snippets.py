"""Where a ticket matched: the pieces of a text around the words that were looked for. Pure."""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass

from app.tickets.search_words import composed, fold

SNIPPET = 180  # characters
BEFORE = 50  # of them before the first word found
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Piece:
    """Part of a text, found or not."""

    words: str
    is_hit: bool = False


def words_in(texts: Iterable[str], initials: Set[str]) -> set[str]:
    """The words of the texts, as compared, that begin like one looked for: a stem begins as its word does."""
    return {word for text in texts for word in fold(composed(text)).split() if word[:2] in initials}


def has_hit(text: str, hits: Set[str]) -> bool:
    """Whether one of the words is in the text."""
    return not hits.isdisjoint(fold(composed(text)).split())


def pieces(text: str, hits: Set[str]) -> list[Piece]:
    """The whole text, its hits apart."""
    text = composed(text)
    return _cut(text, 0, len(text), _places(text, hits))


def snippet(text: str, hits: Set[str], length: int = SNIPPET) -> list[Piece]:
    """The part of the text with the most different hits, in one line, its hits apart; empty without any."""
    text = composed(" ".join(text.split()))
    places = _places(text, hits)
    if not places:
        return []
    start, end = _window(text, places, length)
    found = _cut(text, start, end, places)
    return [*([Piece("… ")] if start else []), *found, *([Piece(" …")] if end < len(text) else [])]


def _places(text: str, hits: Set[str]) -> list[tuple[int, int, str]]:
    found = _WORD.finditer(fold(text))
    return [(word.start(), word.end(), word[0]) for word in found if word[0] in hits]


def _window(text: str, places: list[tuple[int, int, str]], length: int) -> tuple[int, int]:
    def different(at: int) -> int:
        limit = places[at][0] + length - BEFORE
        within = set()
        for start, _end, word in places[at : at + 40]:
            if start >= limit:
                break
            within.add(word)
        return len(within)

    best = max(range(min(len(places), 400)), key=different)
    start = max(0, places[best][0] - BEFORE)
    if start:  # not in the middle of a word
        start = text.rfind(" ", 0, start + 1) + 1 or start
    end = min(len(text), max(start + length, places[best][1]))
    if end < len(text):
        end = max(text.rfind(" ", start, end), places[best][1])
    return start, end


def _cut(text: str, start: int, end: int, places: list[tuple[int, int, str]]) -> list[Piece]:
    found, at = [], start
    for begin, stop, _word in places:
        if begin < start or stop > end:
            continue
        found += [Piece(text[at:begin])] if begin > at else []
        found.append(Piece(text[begin:stop], is_hit=True))
        at = stop
    return [*found, *([Piece(text[at:end])] if end > at else [])]
