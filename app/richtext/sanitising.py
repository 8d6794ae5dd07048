"""Makes HTML from a mail or an editor safe to store and to show."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import escape, unescape

import nh3

from app.richtext.plain import linkify, printable, to_text
from app.richtext.styles import safe_style
from app.richtext.tidy import MAX_CHARACTERS, TAGS, TooComplex, tidy

TOO_COMPLEX = "This message is too large or too tangled to show with its formatting. This is its text."

_PRESENTATION = {"style", "align", "valign", "bgcolor", "dir", "lang", "title"}
_SIZES = {"width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "span"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": _PRESENTATION,
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "border"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value", "type"},
    "hr": {"width", "size"},
    **dict.fromkeys(("table", "td", "th", "tr", "col", "colgroup", "tbody", "thead", "tfoot"), _SIZES),
}
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s]", re.IGNORECASE)
_REMOTE = re.compile(r"https?:", re.IGNORECASE)
_CONTENT_ID = re.compile(r"cid:[^\s\"'<>]{1,250}$", re.IGNORECASE)
# Vector pictures can carry script, so only raster ones may travel inside the page.
_RASTER = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*+$", re.IGNORECASE)
_SIZE = re.compile(r"[0-9]{1,4}%?$")
_WORDS = re.compile(r"[\w #,.%'-]{0,100}$")
_FREE_TEXT = {"alt", "title"}

# nh3 writes each attribute as name="value" with <, > and " escaped, so these see real tags only.
_PICTURE = re.compile(r'<img((?: [a-z-]+="[^"]*+")*+)>')
_SOURCE = re.compile(r' src="([^"]*+)"')
_BLOCKED = re.compile(r' data-remote-src="([^"]*+)"')


def sanitise(
    html: str,
    *,
    remote_images: bool = False,
    pictures: Mapping[str, str] | None = None,
    note: str = TOO_COMPLEX,
) -> str:
    """Safe HTML: known elements and attributes only, absolute http(s), mailto and tel links, no forms or ids.

    Pictures stay as `cid:` (see rewrite_cids) or raster `data:`; one elsewhere loses its `src` to
    `data-remote-src` unless `remote_images`. `pictures` maps addresses of our own files, as an editor wrote
    them, to content ids. HTML beyond the limits of tidy comes back as its plain text under `note`.
    """
    try:
        tidied = tidy(printable(html))
    except TooComplex:
        return f"<p><em>{escape(note)}</em></p>{linkify(to_text(html)[:MAX_CHARACTERS])}"
    clean = nh3.clean(
        tidied,
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=partial(_attribute, pictures or {}),
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return clean if remote_images else _PICTURE.sub(_block, clean)


def rewrite_cids(html: str, mapping: Mapping[str, str]) -> str:
    """Sanitised HTML with each `cid:` picture pointing at mapping[content id], or without `src` if unknown.

    Content ids are compared without angle brackets and percent-encoding (RFC 2392) as they are in the HTML.
    """

    def point(picture: re.Match[str]) -> str:
        source = _SOURCE.search(picture[1])
        if not source or not source[1].lower().startswith("cid:"):
            return picture[0]
        address = mapping.get(unescape(source[1])[4:])
        replacement = f' src="{escape(address)}"' if address else ""
        return f"<img{picture[1].replace(source[0], replacement, 1)}>"

    return _PICTURE.sub(point, html)


def show_remote(html: str, proxied: Callable[[str], str]) -> str:
    """Sanitised HTML with its blocked pictures shown, each from `proxied(its address)`."""

    def show(picture: re.Match[str]) -> str:
        blocked = _BLOCKED.search(picture[1])
        if not blocked:
            return picture[0]
        source = f' src="{escape(proxied(unescape(blocked[1])))}"'
        return f"<img{picture[1].replace(blocked[0], source, 1)}>"

    return _PICTURE.sub(show, html)


def _attribute(pictures: Mapping[str, str], tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return safe_style(value) or None
    if name in ("href", "src"):
        return _href(_absolute(value)) if name == "href" else _src(pictures, value)
    if name in _FREE_TEXT:
        return value[:1000]
    if name in _SIZES and name != "span":
        return value if _SIZE.match(value) else None
    return value if _WORDS.match(value) else None


def _href(address: str) -> str | None:
    return address if _LINK.match(address) else None


def _src(pictures: Mapping[str, str], address: str) -> str | None:
    if address in pictures:
        return f"cid:{pictures[address]}"
    address = _absolute(address)
    allowed = _REMOTE.match(address) or _CONTENT_ID.match(address) or _RASTER.match(address)
    return address if allowed else None


def _absolute(address: str) -> str:
    # A browser skips these characters, and reads //host and \\host alike as an address elsewhere.
    address = re.sub(r"[\t\r\n]", "", address.strip())
    return f"https://{address[2:]}" if re.match(r"[\\/]{2}[^\\/]", address) else address


def _block(picture: re.Match[str]) -> str:
    return f"<img{_SOURCE.sub(_blocked_source, picture[1], count=1)}>"


def _blocked_source(source: re.Match[str]) -> str:
    return f' data-remote-src="{source[1]}"' if _REMOTE.match(source[1]) else source[0]
