"""Between HTML and plain text, in time linear in the length, whatever the text holds."""

import re
from html import escape, unescape

from app.richtext.textwriter import TextWriter
from app.richtext.tokens import Tag, tokens

# C0 and C1 controls except tab, line feed and carriage return, and lone surrogates: PostgreSQL refuses
# NUL, UTF-8 refuses surrogates, and none of them is anything a reader can see.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_ADDRESS = re.compile(
    r"""(?P<url>\bhttps?://[^\s<>"'`]{1,2000}+)|(?P<www>\bwww\.[^\s<>"'`]{1,2000}+)"""
    r"""|(?P<mail>\b[A-Za-z0-9._%+-]{1,64}+@[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+)++)""",
    re.IGNORECASE,
)
_LINK_ATTRIBUTES = 'target="_blank" rel="noopener noreferrer nofollow"'
_TRAILING = ".,;:!?…»*_~"
_PARAGRAPHS = re.compile(r"\n[^\S\n]*+(?:\n[^\S\n]*+)++")


def printable(text: str) -> str:
    """The text without control characters, with a replacement character for each lone surrogate."""
    return _SURROGATE.sub("�", _UNPRINTABLE.sub("", text))


def to_text(html: str) -> str:
    """Readable plain text of any HTML: paragraphs, lists, `> ` quotes, links as `words <address>`."""
    writer = TextWriter()
    for token in tokens(printable(html)):
        if not isinstance(token, Tag):
            writer.words(unescape(token.source))
        elif token.closing:
            writer.end(token.name)
        else:
            writer.start(token.name, token.attributes)
    return printable(writer.text())


def linkify(text: str) -> str:
    """Escaped HTML of a plain text: blank lines part paragraphs, web and mail addresses become links."""
    text = printable(text).replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    paragraphs = (_linked(part).replace("\n", "<br>") for part in _PARAGRAPHS.split(text) if part.strip())
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def snippet(text: str, length: int) -> str:
    """The first words of a text on one line, at most `length` characters, `…` at the end if cut."""
    line = " ".join(printable(text[: length * 8]).split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    head, space, _ = cut.rpartition(" ")
    return f"{(head if space and len(head) > length // 2 else cut).rstrip()}…"


def _linked(text: str) -> str:
    pieces, position = [], 0
    for found in _ADDRESS.finditer(text):
        words = _trimmed(found[0])
        target = {"url": "", "www": "https://", "mail": "mailto:"}[str(found.lastgroup)] + words
        pieces.append(escape(text[position : found.start()]))
        pieces.append(f'<a href="{escape(target)}" {_LINK_ATTRIBUTES}>{escape(words)}</a>')
        position = found.start() + len(words)
    pieces.append(escape(text[position:]))
    return "".join(pieces)


def _trimmed(address: str) -> str:
    """Without the punctuation that ends the sentence, but with a bracket that the address itself opens."""
    address = address.rstrip(_TRAILING)
    for opening, closing in ("()", "[]", "{}"):
        if address.endswith(closing) and opening not in address:
            address = address[:-1].rstrip(_TRAILING)
    return address
