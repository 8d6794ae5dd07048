"""Cuts HTML into text and tags in one pass, in time linear in its length, whatever it holds.

Only what a mail reader needs of https://html.spec.whatwg.org/#tokenization: comments, declarations and
the contents of script, style and title are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ATTRIBUTES = 60

_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
# Possessive quantifiers: no backtracking, so no input can make a tag cost more than its length.
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?""")
_TAG_END = re.compile(r"[^>]*+>")
_SILENT = {name: re.compile(f"</{name}[^>]*+>", re.IGNORECASE) for name in ("script", "style", "title")}


@dataclass(frozen=True, slots=True)
class Text:
    """A run of character data, with its entities as they were written."""

    source: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A start or end tag; names are lower case, the first of two equal attributes wins."""

    name: str
    closing: bool
    attributes: dict[str, str]


def tokens(html: str) -> Iterator[Text | Tag]:
    """Text and tags of any string, in order. A `<` that opens no tag is given back as `&lt;`."""
    position = 0
    while position < len(html):
        opening = html.find("<", position)
        if opening == -1:
            yield Text(html[position:])
            return
        if opening > position:
            yield Text(html[position:opening])
        start = _NAME.match(html, opening)
        if start:
            tag, position = _tag(html, start)
            if tag is None:
                return
            yield tag
            silent = None if tag.closing else _SILENT.get(tag.name)
            if silent:
                end = silent.search(html, position)
                position = end.end() if end else len(html)
        elif html.startswith(("<!", "<?", "</"), opening):
            position = _after_comment(html, opening)
        else:
            yield Text("&lt;")
            position = opening + 1


def _tag(html: str, start: re.Match[str]) -> tuple[Tag | None, int]:
    attributes: dict[str, str] = {}
    position = start.end()
    for _ in range(MAX_ATTRIBUTES):
        found = _ATTRIBUTE.match(html, position)
        if not found:
            break
        value = next((group for group in found.groups()[1:] if group is not None), "")
        attributes.setdefault(found[1].lower(), value)
        position = found.end()
    end = _TAG_END.match(html, position)
    if not end:
        return None, len(html)
    return Tag(start[2].lower(), bool(start[1]), attributes), end.end()


def _after_comment(html: str, opening: int) -> int:
    if html.startswith("<!--", opening):
        end = html.find("-->", opening + 2)
        return len(html) if end == -1 else end + 3
    end = html.find(">", opening)
    return len(html) if end == -1 else end + 1
