"""Rewrites HTML as a small, well-nested document of known elements, so that a sanitiser's work is bounded.

A tree builder repeats unclosed formatting in every paragraph that follows: 33 kB of `<p>`, 1,000 `<font>`
and 3,900 `<p>` cost nh3 5 s and 1.1 GB. After this pass nothing is left open, so nothing is repeated.
"""

from html import escape, unescape

from app.richtext.tokens import Tag, tokens

MAX_CHARACTERS = 256_000
MAX_TAGS = 5_000
MAX_DEPTH = 100

VOID = frozenset({"br", "col", "hr", "img", "wbr"})
TAGS = frozenset(
    """a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
    dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav
    ol p pre q s samp section small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var
    wbr""".split()
)
_ENDS_PARAGRAPH = TAGS & frozenset(
    """address article aside blockquote center dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header
    hr li main nav ol p pre section table ul""".split()
)
_CELLS = frozenset({"td", "th", "caption"})
_TABLE_PARTS = _CELLS | {"table", "tbody", "thead", "tfoot", "tr", "colgroup"}
# A start tag on the left ends an open element on the right, unless one of the fences lies between.
_ENDS = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "td": (_CELLS, frozenset({"table"})),
    "th": (_CELLS, frozenset({"table"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "a": (frozenset({"a"}), frozenset[str]()),
}


class TooComplex(ValueError):
    """The HTML is larger, longer or deeper than anything a person writes."""


def tidy(html: str) -> str:
    """Well-nested HTML of the elements in TAGS, each other tag dropped and its content kept.

    Attributes pass unjudged: that is the sanitiser's work. Raises TooComplex over the three limits.
    """
    if len(html) > MAX_CHARACTERS:
        raise TooComplex(f"{len(html)} characters")
    builder = _Builder()
    for count, token in enumerate(tokens(html)):
        if count > 3 * MAX_TAGS:
            raise TooComplex("too many pieces")
        if not isinstance(token, Tag):
            builder.out.append(token.source)
        elif token.name in TAGS:
            builder.take(token)
    builder.close_down_to(0)
    return "".join(builder.out)


class _Builder:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.open: list[str] = []
        self.tags = 0

    def take(self, tag: Tag) -> None:
        self.tags += 1
        if self.tags > MAX_TAGS:
            raise TooComplex(f"more than {MAX_TAGS} tags")
        if tag.closing:
            self._end(tag.name)
        else:
            self._start(tag)

    def close_down_to(self, height: int) -> None:
        while len(self.open) > height:
            self.out.append(f"</{self.open.pop()}>")

    def _start(self, tag: Tag) -> None:
        if tag.name in _ENDS_PARAGRAPH:
            self._end_open(frozenset({"p"}), frozenset())
        if tag.name in _ENDS:
            self._end_open(*_ENDS[tag.name])
        attributes = "".join(
            f' {name}="{escape(unescape(value))}"'
            for name, value in tag.attributes.items()
            if name.isidentifier()
        )
        self.out.append(f"<{tag.name}{attributes}>")
        if tag.name in VOID:
            return
        self.open.append(tag.name)
        if len(self.open) > MAX_DEPTH:
            raise TooComplex(f"deeper than {MAX_DEPTH}")

    def _end(self, name: str) -> None:
        fences = frozenset({"table"}) - {name} if name in _TABLE_PARTS else _CELLS
        self._end_open(frozenset({name}), fences)

    def _end_open(self, names: frozenset[str], fences: frozenset[str]) -> None:
        # A cell fences in what is opened inside it: a stray </div> there must not end the whole table.
        cells = frozenset[str]() if names & _TABLE_PARTS else _CELLS
        for height in range(len(self.open) - 1, -1, -1):
            if self.open[height] in names:
                self.close_down_to(height)
                return
            if self.open[height] in fences or self.open[height] in cells:
                return
