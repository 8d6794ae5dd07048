"""Find where the quoted part of an HTML mail begins, by the marks that mail programs leave."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.mail import quote_markers as markers
from app.mail.quotes_text import MAX_REMOVED, ends_attribution, find_cut

MAX_TAGS = 50_000
# Possessive throughout, so an unclosed tag cannot make the scan go back.
_TAG = re.compile(r"<(?:(!--)|(/?)([a-z][a-z0-9:]{0,30}+)((?:[^<>\"']|\"[^\"<>]*+\"|'[^'<>]*+')*+)>)", re.I)
_ATTRIBUTE = re.compile(r"([a-z-]{1,30}+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.I)
_VOID = {"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "wbr", "source", "embed"}
_HIDDEN = {"style", "script", "head", "title"}
_BLOCKS = {"div", "p", "br", "li", "tr", "blockquote", "table", "hr", "pre", "h1", "h2", "h3", "ul", "ol"}
_OUTLOOK_BORDER = re.compile(r"border:\s?none;\s?border-top:\s?solid\s#(?:e1e1e1|b5c4df)\s?1\.0pt", re.I)

# Marks that enclose the quotation, and marks after which all is quotation.
_ENCLOSING = ("gmail_quote", "yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote")
_FOLLOWED = (
    "divrplyfwdmsg",
    "appendonsend",
    "stopspelling",
    "olk_src_body_section",
    "ms-outlook-mobile-reference",
)
_ENTITIES = {"&nbsp;": " ", "&#160;": " ", "&gt;": ">", "&lt;": "<", "&quot;": '"', "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))


@dataclass(frozen=True)
class _Line:
    """One visible line and where in the HTML it starts."""

    start: int
    text: str


def split(html: str) -> tuple[str, float]:
    """Give the HTML above the quotation and the share of visible text removed; -1 if nothing was found.

    The result may leave elements open: the sanitiser closes them.
    """
    tags = list(_tags(html))
    cut, end = _find_mark(html, tags)
    lines = _visible_lines(html, tags)
    if cut is None:
        return _split_by_wording(html, lines)
    cited = _cited_ranges(tags)
    after = [line for line in lines if end is not None and line.start >= end and line.text]
    after = [line for line in after if not any(begin <= line.start < stop for begin, stop in cited)]
    above = [line for line in lines if line.start < cut and line.text]
    if after and not markers.SIGNATURE.match(after[0].text):
        return html, 0.0
    cut, above = _drop_attribution(cut, above)
    if not above:
        return html, 0.0
    return html[:cut], _ratio(above, lines)


def _find_mark(html: str, tags: list[re.Match[str]]) -> tuple[int | None, int | None]:
    """Give where the first mark stands, and where what it encloses ends (None: with the document)."""
    for index, tag in enumerate(tags):
        if tag.group(2) or not tag.group(3):
            continue
        name = tag.group(3).lower()
        if len(tag.group(4)) < 6:
            continue
        attributes = _attributes(tag.group(4))
        names = (attributes.get("class", "") + " " + attributes.get("id", "")).lower()
        if any(mark in names for mark in _FOLLOWED) or _OUTLOOK_BORDER.search(attributes.get("style", "")):
            return tag.start(), None
        if "gmail_quote" in names and _is_forward(html, tag.start()):
            return None, None
        cited = name == "blockquote" and attributes.get("type", "").lower() == "cite"
        if cited or any(mark in names for mark in _ENCLOSING):
            return tag.start(), _closing(tags, index)
        if "moz-cite-prefix" in names:
            following = _next_quote(tags, index)
            return tag.start(), following
    return None, None


def _cited_ranges(tags: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Give the outermost quotations: a program may make several in a row of one quoted mail."""
    ranges: list[tuple[int, int]] = []
    begun, depth = 0, 0
    for tag in tags:
        if (tag.group(3) or "").lower() != "blockquote":
            continue
        if not tag.group(2):
            begun = tag.start() if depth == 0 else begun
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                ranges.append((begun, tag.end()))
    return ranges[:200]


def _is_forward(html: str, start: int) -> bool:
    sample = re.sub(r"<[^<>]{0,300}>", "\n", html[start : start + 1_500])
    return any(markers.FORWARDED.match(line[: markers.MAX_LINE]) for line in sample.split("\n"))


def _next_quote(tags: list[re.Match[str]], index: int) -> int | None:
    for number in range(index + 1, min(index + 20, len(tags))):
        if not tags[number].group(2) and (tags[number].group(3) or "").lower() == "blockquote":
            return _closing(tags, number)
    return None


def _closing(tags: list[re.Match[str]], index: int) -> int | None:
    name, depth = tags[index].group(3).lower(), 0
    for tag in tags[index:]:
        if (tag.group(3) or "").lower() != name:
            continue
        depth += -1 if tag.group(2) else 1
        if depth == 0:
            return tag.end()
    return None


def _split_by_wording(html: str, lines: list[_Line]) -> tuple[str, float]:
    """Fall back on what the quotation says, such as "From: ... Sent: ..." or "On ... wrote:"."""
    cut = find_cut([line.text for line in lines])
    if cut is None:
        return html, -1.0
    above = [line for line in lines[: cut.line] if line.text]
    ratio = _ratio(above, lines)
    if not above or (ratio > MAX_REMOVED and not cut.certain):
        return html, -1.0
    return html[: lines[cut.line].start], ratio


def _drop_attribution(cut: int, above: list[_Line]) -> tuple[int, list[_Line]]:
    """Cut away the "On ... wrote:" that stands above a marked quotation."""
    for count in (1, 2, 3):
        together = " ".join(line.text for line in above[-count:])
        if len(above) > count and ends_attribution(together):
            return above[-count].start, above[:-count]
    return cut, above


def _visible_lines(html: str, tags: list[re.Match[str]]) -> list[_Line]:
    lines: list[_Line] = []
    start, pieces, last, hidden = 0, [], 0, ""
    for tag in tags:
        if not hidden:
            pieces.append(html[last : tag.start()])
        last = tag.end()
        name = (tag.group(3) or "").lower()
        if hidden:
            hidden = "" if tag.group(2) and name == hidden else hidden
        elif name in _HIDDEN and not tag.group(2):
            hidden = name
        elif name in _BLOCKS:
            lines.append(_Line(start, _plain("".join(pieces))))
            start, pieces = tag.start(), []
    if not hidden:
        pieces.append(html[last:])
    lines.append(_Line(start, _plain("".join(pieces))))
    return lines


def _plain(text: str) -> str:
    text = _ENTITY.sub(lambda found: _ENTITIES[found.group(0)], text)
    return " ".join(text.split())


def _tags(html: str) -> list[re.Match[str]]:
    found = []
    for number, tag in enumerate(_TAG.finditer(html)):
        if number >= MAX_TAGS:
            break
        found.append(tag)
    return found


def _attributes(text: str) -> dict[str, str]:
    return {
        found.group(1).lower(): found.group(2) or found.group(3) or found.group(4) or ""
        for found in _ATTRIBUTE.finditer(text[:2_000])
    }


def _ratio(above: list[_Line], lines: list[_Line]) -> float:
    whole = sum(len(line.text) for line in lines)
    return 1 - sum(len(line.text) for line in above) / whole if whole else 0.0
