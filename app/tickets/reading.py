"""The reading view of a message: sanitised HTML without the sender's styling, so that it reads well in any theme.

The page's policy forbids style attributes anyway; the mail as it was sent is one click away, in a frame that can
run nothing. Pure.
"""

import re

from markupsafe import Markup

# nh3 writes each attribute as name="value" with <, > and " escaped, so this sees real attributes only.
_TAG = re.compile(r"<([a-z][a-z0-9]*)((?: [a-z-]+=\"[^\"]*+\")++) ?/?>")
_LOOK = re.compile(
    r" (?:style|align|valign|bgcolor|color|face|size|border|cellpadding|cellspacing)=\"[^\"]*+\""
)
_MEASURES = re.compile(r" (?:width|height)=\"[^\"]*+\"")
_TABLE = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th", "col", "colgroup"})
_NOTHING = ("<br>", "&nbsp;", "<p></p>", "<div></div>", "<p><br></p>", "<div><br></div>", "<p>&nbsp;</p>")


def reading_view(html: str) -> Markup:
    """Sanitised HTML in, the same words, links, lists and pictures out. Linear in its length."""
    return Markup(_without_empty_end(_TAG.sub(_plain, html)))  # noqa: S704  (sanitised when it was stored)


def _plain(tag: re.Match[str]) -> str:
    name, attributes = tag[1], _LOOK.sub("", tag[2])
    return f"<{name}{_MEASURES.sub('', attributes) if name in _TABLE else attributes}>"


def _without_empty_end(html: str) -> str:
    end = len(html)
    while end:
        if html[end - 1].isspace():
            end -= 1
            continue
        tail = next((each for each in _NOTHING if html.endswith(each, 0, end)), None)
        if tail is None:
            break
        end -= len(tail)
    return html[:end]
