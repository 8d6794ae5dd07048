"""Lays a stream of tags and words out as plain text lines."""

import re
from html import unescape

_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")
_PARAGRAPHS = frozenset(
    {"p", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote"}
)
_LINES = frozenset(
    """div tr li dd dt figure figcaption section article header footer main nav aside address center
    caption""".split()
)
_DEEPEST = 10


class TextWriter:
    """Takes tags and words in order; `text()` gives the lines. Never raises on bad nesting."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._lists: list[int | None] = []
        self._preformatted = 0
        self._link: tuple[str, int] | None = None
        self._marker = ""
        self._gap = False
        self._quotes_before = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "br":
            self._break()
        elif name == "hr":
            self._paragraph()
            self._line.append("---")
            self._paragraph()
        elif name == "a":
            self._link = (unescape(attributes.get("href", "")).strip(), len(self._line))
        elif name == "img":
            self.words(f"[{unescape(attributes['alt'])}]" if attributes.get("alt") else "")
        elif name in ("td", "th") and self._line:
            self._line.append("  ")
        else:
            self._open_block(name)

    def end(self, name: str) -> None:
        if name == "a":
            self._end_link()
        elif name in _PARAGRAPHS:
            self._paragraph()
            self._close_block(name)
        elif name in _LINES:
            self._break_if_begun()

    def words(self, text: str) -> None:
        if self._preformatted:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._break()
                self._line.append(line)
            return
        text = _SPACE.sub(" ", text)
        if text.strip() or (text and self._line):
            self._line.append(text if self._line else text.lstrip())

    def text(self) -> str:
        self._break_if_begun()
        return "\n".join(self._lines).strip("\n")

    def _open_block(self, name: str) -> None:
        if name in _PARAGRAPHS and not (name in ("ul", "ol") and self._lists):
            self._paragraph()
        elif name in _PARAGRAPHS or name in _LINES:
            self._break_if_begun()
        if name == "blockquote":
            self._quotes = min(self._quotes + 1, _DEEPEST)
        elif name == "pre":
            self._preformatted += 1
        elif name in ("ul", "ol"):
            self._lists.append(0 if name == "ol" else None)
        elif name == "li":
            self._marker = self._next_marker()

    def _close_block(self, name: str) -> None:
        if name == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif name == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        elif name in ("ul", "ol") and self._lists:
            self._lists.pop()

    def _next_marker(self) -> str:
        indent = "  " * min(max(len(self._lists) - 1, 0), _DEEPEST)
        if not self._lists or self._lists[-1] is None:
            return f"{indent}- "
        self._lists[-1] += 1
        return f"{indent}{self._lists[-1]}. "

    def _end_link(self) -> None:
        if not self._link:
            return
        (address, begun), self._link = self._link, None
        words = "".join(self._line[begun:]).strip()
        target = address.removeprefix("mailto:")
        if address.startswith(("http://", "https://", "mailto:")) and target.rstrip("/") != words.rstrip("/"):
            self._line.append(f" <{target}>" if words else f"<{target}>")

    def _break(self) -> None:
        if self._gap and self._lines:
            self._lines.append(("> " * min(self._quotes, self._quotes_before)).rstrip())
        line = "".join(self._line).rstrip()
        marker, self._marker = (self._marker, "") if line else ("", self._marker)
        self._lines.append(("> " * self._quotes + marker + line).rstrip())
        self._line, self._gap, self._quotes_before = [], False, self._quotes

    def _break_if_begun(self) -> None:
        if "".join(self._line).strip():
            self._break()
        else:
            self._line = []

    def _paragraph(self) -> None:
        self._break_if_begun()
        self._gap = True
