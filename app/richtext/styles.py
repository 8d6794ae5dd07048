"""Which parts of a `style` attribute may stay: colour, type and spacing, nothing that moves or fetches."""

import re

_LENGTH = r"(?:[0-9]{1,4}(?:\.[0-9]{1,3})?(?:px|pt|em|rem|ex|ch|in|cm|mm|%)?|auto|normal|medium|none|0)"
_LENGTHS = rf"{_LENGTH}(?: {_LENGTH}){{0,3}}"
_COLOUR = r"(?:#[0-9a-f]{3,8}|[a-z]{3,24}|(?:rgb|hsl)a?\([0-9., %/deg]{1,40}\))"
_WORD = r"[a-z-]{1,24}"
_LINE = r"(?:none|solid|dashed|dotted|double|inset|outset|ridge|groove|hidden)"
_BORDER = rf"(?:{_LENGTH}|{_LINE}|{_COLOUR})(?: (?:{_LENGTH}|{_LINE}|{_COLOUR})){{0,2}}"

_VALUES = {
    "lengths": re.compile(_LENGTHS),
    "colour": re.compile(_COLOUR),
    "word": re.compile(_WORD),
    "words": re.compile(rf"{_WORD}(?: {_WORD}){{0,2}}"),
    "border": re.compile(_BORDER),
    "font size": re.compile(r"(?:[0-9]{1,2}(?:\.[0-9]{1,3})?(?:px|pt|em|rem)|[0-9]{1,3}%|[a-z-]{4,10})"),
    "weight": re.compile(r"(?:[1-9]00|[a-z]{4,8})"),
    "family": re.compile(r"[a-z0-9 ,'_\"-]{1,200}"),
    "line height": re.compile(r"(?:[0-9]{1,2}(?:\.[0-9]{1,3})?(?:px|pt|em|rem)?|[0-9]{2,3}%|normal)"),
    "display": re.compile(r"(?:none|inline|block|inline-block|table|table-row|table-cell)"),
}
_SIDES = ("", "-top", "-right", "-bottom", "-left")
_PROPERTIES = {
    "color": "colour",
    "background-color": "colour",
    "background": "colour",
    "font-size": "font size",
    "font-weight": "weight",
    "font-style": "word",
    "font-family": "family",
    "line-height": "line height",
    "text-align": "word",
    "text-decoration": "words",
    "text-transform": "word",
    "vertical-align": "word",
    "white-space": "word",
    "list-style-type": "word",
    "border-collapse": "word",
    "border-spacing": "lengths",
    "border-radius": "lengths",
    "display": "display",
    **dict.fromkeys(("width", "height", "max-width", "min-width", "max-height"), "lengths"),
    **{f"padding{side}": "lengths" for side in _SIDES},
    **{f"margin{side}": "lengths" for side in _SIDES},
    **{f"border{side}": "border" for side in _SIDES},
    **{f"border{side}-{part}": "border" for side in _SIDES for part in ("width", "style", "color")},
}


def safe_style(style: str) -> str:
    """The declarations whose property is known and whose whole value has the expected form, else ''.

    Values are compared letter for letter, without CSS escapes or comments, so `url()`, `expression()`,
    negative margins and positions never match.
    """
    kept = []
    for declaration in style[:4000].split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.replace("!important", "").split()).lower()
        form = _PROPERTIES.get(name)
        if colon and form and _VALUES[form].fullmatch(value):
            kept.append(f"{name}:{value}")
    return ";".join(kept)
