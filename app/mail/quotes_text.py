"""Find where the quoted part of a plain text begins.

A linear scan: each line is looked at a fixed number of times and only its first characters are matched
(the common library for this takes more than 40 s over 15 kB of "On x").
"""

from __future__ import annotations

from dataclasses import dataclass

from app.mail import quote_markers as markers

MAX_REMOVED = 0.9
MAX_LINES = 5_000
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 7


@dataclass(frozen=True)
class Cut:
    """Where quoting begins, as a line number. `certain` if no wording had to be guessed at."""

    line: int
    certain: bool


def find_cut(lines: list[str]) -> Cut | None:
    """Find the line at which quoting begins, None if nothing is quoted or answers stand between quotes."""
    for number, line in enumerate(lines[:MAX_LINES]):
        if not line or line.isspace():
            continue
        head = line[: markers.MAX_LINE]
        if head[:40].lstrip("> \t").startswith("##-") and markers.OWN_SEPARATOR.match(head):
            return Cut(_with_attribution(lines, number), True)
        if markers.FORWARDED.match(head):
            return None
        cut = _announced(lines, number, head)
        if cut is not None:
            return None if _answers_between(lines, cut.line) else cut
        if head.startswith(">"):
            return _bare_quote(lines, number)
    return None


def ends_attribution(line: str) -> bool:
    """Tell whether a line alone announces a quotation ("On Monday, Ann wrote:")."""
    head = line.strip()[-markers.MAX_LINE :]
    if head[-1:] not in (":", "："):
        return False
    if markers.DATED_SENDER.match(head) or markers.ATTRIBUTION_END.search(head):
        return True
    return _has_clue(head) and bool(markers.ATTRIBUTION_VERB.search(head))


def _announced(lines: list[str], number: int, head: str) -> Cut | None:
    if markers.ORIGINAL_MESSAGE.match(head):
        return Cut(number, True)
    end = _attribution_end(lines, number, head)
    if end is not None:
        return Cut(number, _quote_follows(lines, end))
    if markers.HEADER_FROM.match(head) and _is_header_block(lines, number):
        before = number - 1
        has_rule = before >= 0 and markers.RULE.match(lines[before][: markers.MAX_LINE])
        return Cut(before if has_rule else number, False)
    return None


def _attribution_end(lines: list[str], number: int, head: str) -> int | None:
    """Give the last line of an attribution that begins here; mail programs wrap it over several lines."""
    if ends_attribution(head) and (_has_clue(head) or _quote_follows(lines, number)):
        return number
    if not markers.ATTRIBUTION_START.match(head):
        return None
    together = head
    for last in range(number + 1, min(number + _ATTRIBUTION_LINES, len(lines))):
        line = lines[last][: markers.MAX_LINE]
        if not line.strip():
            return None
        together += " " + line
        if ends_attribution(line) and _has_clue(together):
            return last
    return None


def _has_clue(text: str) -> bool:
    # A date or an address separates "On 3 May Ann wrote:" from the prose "As Ann wrote:".
    return "@" in text or any(letter.isdigit() for letter in text)


def _quote_follows(lines: list[str], number: int) -> bool:
    following = _next_filled(lines, number + 1)
    if following is None:
        return False
    line = lines[following][: markers.MAX_LINE]
    return line.startswith(">") or bool(markers.OWN_SEPARATOR.match(line))


def _is_header_block(lines: list[str], number: int) -> bool:
    fields = 0
    for line in lines[number + 1 : number + 1 + _HEADER_LINES]:
        if not line.strip():
            if fields:
                break
            continue
        fields += bool(markers.HEADER_OTHER.match(line[: markers.MAX_LINE]))
    return fields >= 2


def _answers_between(lines: list[str], start: int) -> bool:
    """Tell whether unquoted text follows a quoted line: then the writer answered inside the quotation."""
    quoted = False
    for line in lines[start:]:
        if line.startswith(">"):
            quoted = True
        elif quoted and markers.SIGNATURE.match(line[:5]):
            return False
        elif quoted and line.strip():
            return True
    return False


def _bare_quote(lines: list[str], number: int) -> Cut | None:
    """Judge quoted lines that nothing announces: cut only if they run to the end."""
    return None if _answers_between(lines, number) else Cut(number, True)


def _with_attribution(lines: list[str], number: int) -> int:
    """Take an attribution just above our separator along with it."""
    before = number - 1
    while before >= 0 and not lines[before].strip("> \t") and number - before < 4:
        before -= 1
    return before if before >= 0 and ends_attribution(lines[before][: markers.MAX_LINE]) else number


def _next_filled(lines: list[str], number: int) -> int | None:
    return next((at for at in range(number, min(number + 4, len(lines))) if lines[at].strip()), None)
