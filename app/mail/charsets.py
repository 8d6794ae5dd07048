"""Turn the bytes of a mail into text, whatever charset they claim; nothing here raises on bad input."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

# Names that mail software writes but means a superset of, and names Python does not know.
# https://encoding.spec.whatwg.org/#names-and-labels gives the same supersets to browsers.
_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp_2",
    "iso-2022-jp-ms": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "x-unknown": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "cp-850": "cp850",
}
# UTF-7 turns plain ASCII into markup after every filter has looked; the others are not charsets of text.
_REFUSED = {"utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "mbcs", "oem"}
_GUESSABLE_BYTES = 8_192
_SHORTEST_GUESS = 48
_WESTERN = ["cp1252", "cp1250"]
_WIDER = [
    "cp1251",
    "koi8_r",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "cp1253",
    "cp1255",
    "cp1256",
    "cp874",
]
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODED_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([A-Za-z0-9_:.-]{2,40})", re.I)
# NUL and the C0/C1 controls but tab, line feed and carriage return. PostgreSQL refuses NUL outright.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")


def decode(data: bytes, charset: str | None, guess: bool = False) -> tuple[str, str | None]:
    """Decode bytes; gives the text and None, or a note saying how the declared charset failed.

    `guess` allows a statistical guess, which costs tens of milliseconds, when nothing else fits.
    """
    codec = find_codec(charset)
    if codec:
        text = _strict(data, codec)
        if text is not None:
            return scrub(text), None
    text = _strict(data, "utf-8")
    note = None if not charset else f"charset {charset[:40]!r} could not be used"
    if text is not None:
        # Pure ASCII under an unknown name lost nothing worth a note.
        return scrub(text), None if data.isascii() or _is_ascii(charset) else note
    if _is_damaged_utf8(data):
        return scrub(data.decode("utf-8", "replace")), "some bytes are not valid UTF-8"
    if codec and codec not in ("ascii", "utf-8"):
        return scrub(data.decode(codec, "replace")), f"some bytes are not valid {charset}"
    fallback = _guess(data) if guess else "cp1252"
    return scrub(data.decode(fallback, "replace")), note or "charset was not declared"


def decode_header(data: bytes, charset: str | None = None) -> str:
    """Decode raw header bytes: ASCII or UTF-8 (RFC 6532), else the body's charset, else Windows-1252."""
    for codec in ("utf-8", find_codec(charset)):
        text = _strict(data, codec) if codec else None
        if text is not None:
            return text
    return data.decode("cp1252", "replace")


def find_codec(charset: str | None) -> str | None:
    """Name Python's codec for a declared charset; None if unknown, refused, or not one of text."""
    name = (charset or "").strip(" \t\"'").lower()
    if not name or len(name) > 40 or not name.isascii() or "\0" in name:
        return None
    try:
        info = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    text_only = getattr(info, "_is_text_encoding", False)
    normal = info.name.replace("-", "_")
    refused = normal in {item.replace("-", "_") for item in _REFUSED}
    return info.name if text_only and not refused else None


def declared_in_html(data: bytes) -> str | None:
    """Find the charset that an HTML document names in its own head, for parts that declare none."""
    found = _META_CHARSET.search(data[:2_048])
    return found.group(1).decode("ascii") if found else None


def scrub(text: str) -> str:
    """Replace lone surrogates, drop control characters and bring line ends to a single line feed."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _is_ascii(charset: str | None) -> bool:
    return find_codec(charset) == "ascii"


def _is_damaged_utf8(data: bytes) -> bool:
    """Tell UTF-8 with a few wrong bytes from text in another charset: only the first has valid sequences."""
    return bool(_ENCODED_SURROGATE.search(data)) or not data.decode("utf-8", "ignore").isascii()


def _guess(data: bytes) -> str:
    # On a few bytes a statistical guess is worse than the field's usual answer.
    if len(data) < _SHORTEST_GUESS:
        return "cp1252"
    sample = data[:_GUESSABLE_BYTES]
    # Western text is ASCII with a few accents; told so, the guesser does not find Japanese in German.
    mostly_ascii = sum(byte > 127 for byte in sample) < len(sample) / 5
    best = charset_normalizer.from_bytes(sample, cp_isolation=_WESTERN if mostly_ascii else _WIDER).best()
    return (best and find_codec(best.encoding)) or "cp1252"
