"""What somebody typed into the search, as terms; and text as search compares it. Pure.

Everything that is no letter or digit parts words, on both sides: an address, a number with dots or a code with
hyphens is a phrase of its parts, so it is found whole and by each part.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LONGEST_QUERY = 200  # characters
MOST_TERMS = 16
SHORTEST_BEGUN = 2  # letters from which the last word may be the beginning of one

_TYPED = re.compile(r'(?P<no>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?P<closed>"|$)|(?P<word>[^\s"]+))')
_LEXEME = re.compile(r"'((?:[^']|'')+)'")
_STROKED = {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ħ": "h", "ŧ": "t"}


class _Folding(dict[int, str]):
    """From a character to the one it is compared as, worked out once for each."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    lower = character.lower()
    base = unicodedata.normalize("NFKD", lower if len(lower) == 1 else character)
    if len(base) > 1 and all(unicodedata.combining(each) for each in base[1:]):
        base = base[0]  # an accent more or less is no other word
    if len(base) != 1:
        base = character  # a ligature or a Korean syllable stays one character
    base = base.lower() if len(base.lower()) == 1 else base
    is_word = base.isalnum() or unicodedata.category(base).startswith("M")
    return _STROKED.get(base, base) if is_word else " "


_FOLDING = _Folding()


def composed(text: str) -> str:
    """The text with every accent in its letter (Unicode NFC), so that folding keeps each character's place."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Composed text in; out the same number of characters, in lower case, without accents, only words and spaces."""
    return text.translate(_FOLDING)


@dataclass(frozen=True)
class Term:
    """Words that must follow one another: wanted or not, and whether the last is only the beginning of a word."""

    words: tuple[str, ...]
    is_wanted: bool = True
    is_begun: bool = False


def parse(typed: str) -> list[Term]:
    """The terms of a query: words, "phrases", -not; the very last word may be begun. Never raises."""
    typed = composed(typed.replace("\x00", " "))[:LONGEST_QUERY].rstrip("\n")
    terms = []
    for match in _TYPED.finditer(typed):
        words = tuple(fold(match["word"] if match["word"] is not None else match["phrase"]).split())
        if words:
            is_last = match.end() == len(typed) and not match["closed"] and len(words[-1]) >= SHORTEST_BEGUN
            terms.append(Term(words, is_wanted=not match["no"], is_begun=is_last and not match["no"]))
    return terms[:MOST_TERMS]


def number_in(typed: str) -> int | None:
    """The ticket number that the query is, if it is one: "1284" or "#1284"."""
    number = typed.strip().removeprefix("#")
    return int(number) if number.isdecimal() and number.isascii() and len(number) < 10 else None


@dataclass(frozen=True)
class Sought:
    """A query in PostgreSQL's words: `all` as a tsquery's text, `any` one that each word of it that is wanted meets."""

    all: str
    any: str
    initials: frozenset[str]  # how the words that may match begin

    def marked(self, mark: str) -> str:
        """`all`, with every lexeme behind an organisation's mark."""
        return _LEXEME.sub(lambda lexeme: f"'{mark}{lexeme[1]}'", self.all)


def compose(terms: Sequence[Term], stemmed: Iterable[str]) -> Sought | None:
    """Join terms with their stemmed forms (the text of phraseto_tsquery of each, empty for stop words alone).

    None when nothing is left that could be looked for.
    """
    wanted, unwanted, initials = [], [], set()
    for term, plain in zip(terms, stemmed, strict=True):
        if not plain:
            continue
        if not term.is_wanted:
            unwanted.append(f"!({plain})")
            continue
        wanted.append(_begun(term, plain) if term.is_begun else plain)
        initials |= {lexeme[:2] for lexeme in _LEXEME.findall(plain)} | {word[:2] for word in term.words}
    if not wanted:
        return None
    words = {f"'{lexeme}'" for plain in wanted for lexeme in _LEXEME.findall(plain)}
    begun = {f"'{lexeme}':*" for plain in wanted for lexeme in re.findall(r"'([^']+)':\*", plain)}
    both = " & ".join(f"({each})" for each in [*wanted, *unwanted])
    return Sought(both, " | ".join(sorted(words | begun)), frozenset(initials))


def _begun(term: Term, plain: str) -> str:
    """A word that may go on: "office" finds "offices" by its stem and "officer" by its beginning."""
    if len(term.words) > 1:
        return f"{plain}:*"
    return f"{plain} | '{term.words[0]}':*"
