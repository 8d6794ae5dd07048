"""Read header fields: unfolding, encoded words (RFC 2047), parameters (RFC 2231), dates, identifiers.

The standard library's structured header parser takes seconds on one field of 20,000 encoded words, so
each function here is a single linear scan over input whose length is capped first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from app.mail import charsets

MAX_BLOCK_BYTES = 1_000_000
MAX_FIELDS = 2_000
MAX_VALUE = 64_000
MAX_PARAMETERS = 100
MAX_REFERENCES = 100
MAX_IDENTIFIER = 250

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*+)\?=")
_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,80})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))', re.S)
_IDENTIFIER = re.compile(r"<([^<>\s]{1,2000})>")
_BARE_IDENTIFIER = re.compile(r"[^<>\s,;\"]{1,400}@[^<>\s,;\"]{1,400}")
# Line breaks of every kind, and marks that reorder text to make one name look like another.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_BODY_CHARSET = re.compile(rb"charset\s{0,4}=\s{0,4}\"?([A-Za-z0-9_:.-]{2,40})", re.I)


class Headers:
    """The fields of one header block, in order, unfolded but not yet decoded."""

    def __init__(self, fields: list[tuple[str, str]], truncated: bool = False) -> None:
        self.fields = fields
        self.truncated = truncated
        self._by_name: dict[str, list[str]] = {}
        for name, value in fields:
            self._by_name.setdefault(name.lower(), []).append(value)

    def first(self, name: str) -> str:
        """Give the first field of this name as sent, or ''."""
        return self._by_name.get(name.lower(), [""])[0]

    def all(self, name: str) -> list[str]:
        """Give every field of this name as sent."""
        return self._by_name.get(name.lower(), [])

    def has(self, name: str) -> bool:
        return name.lower() in self._by_name

    def line(self, name: str, limit: int = 998) -> str:
        """Give the first field of this name decoded to one clean line."""
        return clean_line(decode_words(self.first(name)))[:limit]


def read_block(data: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """Read the header block at `start`; gives the fields and the offset at which the body begins.

    A line that is neither a field nor a continuation ends the block, as in the standard library.
    """
    end = len(data) if end is None else end
    raw: list[tuple[bytes, list[bytes]]] = []
    at, truncated = start, False
    while at < end:
        stop = data.find(b"\n", at, end)
        stop = end if stop < 0 else stop + 1
        line = data[at : min(stop, at + MAX_VALUE)].rstrip(b"\r\n")
        if not line:
            at = stop
            break
        if line[:1] in b" \t" and raw:
            raw[-1][1].append(line)
        elif found := _FIELD.match(line):
            raw.append((found.group(1), [line[found.end() :]]))
        elif not (at == start and line.startswith((b"From ", b">From "))):
            break
        at = stop
        if len(raw) > MAX_FIELDS or at - start > MAX_BLOCK_BYTES:
            truncated, at = True, _after_blank_line(data, at, end)
            break
    return _decode_fields(raw, data[start : min(at, start + 20_000)], truncated), at


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words, joining neighbours so that a character split between two survives."""
    out: list[str] = []
    pending: list[bytes] = []
    pending_charset, last = "", 0
    for found in _WORD.finditer(value):
        gap = value[last : found.start()]
        charset = found.group(1).partition("*")[0].lower()
        if pending and (gap.strip() or charset != pending_charset):
            out.append(charsets.decode(b"".join(pending), pending_charset)[0])
            pending = []
            gap = gap if gap.strip() else ""
        elif pending or (out and not gap.strip()):
            gap = ""
        out.append(gap)
        pending.append(_word_bytes(found.group(2), found.group(3)))
        pending_charset, last = charset, found.end()
    if pending:
        out.append(charsets.decode(b"".join(pending), pending_charset)[0])
    out.append(value[last:])
    return "".join(out)


def clean_line(text: str) -> str:
    """Give text on one line: no control or reordering characters, no lone surrogates, single spaces."""
    text = charsets.scrub(text)
    return " ".join(_UNWANTED.sub(" ", text).split())


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Read `main; a=b; c*0*=...` (RFC 2045, 2231): the lower-case main value and decoded parameters."""
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(value[:MAX_VALUE])):
        if count >= MAX_PARAMETERS:
            break
        name, quoted, token = found.group(1).lower(), found.group(2), found.group(3)
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else (token or "").strip()
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, decode_words(text))
            continue
        encoded = rest == "" or rest.endswith("*")
        index = rest.rstrip("*") or "0"
        if index.isascii() and index.isdigit() and len(index) < 4:
            pieces.setdefault(base, {}).setdefault(int(index), (text, encoded))
    for base, numbered in pieces.items():
        plain[base] = _join_pieces(numbered)
    return clean_line(main), plain


def read_date(value: str, now: datetime | None = None) -> datetime | None:
    """Read a Date field as UTC; None if unreadable; never later than `now`."""
    try:
        date = parsedate_to_datetime(value[:120])
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(date, now) if now else date


def read_identifiers(value: str) -> list[str]:
    """Give the message identifiers of a Message-ID, In-Reply-To or References field, without brackets."""
    found = _IDENTIFIER.findall(value) or _BARE_IDENTIFIER.findall(value)
    if len(found) > MAX_REFERENCES:
        found = [found[0], *found[1 - MAX_REFERENCES :]]
    return [_bounded(clean_line(item).replace(" ", "")) for item in found]


def _bounded(identifier: str) -> str:
    # Identifiers are looked up through an index, whose keys are of limited length.
    if len(identifier) <= MAX_IDENTIFIER:
        return identifier
    return "long." + hashlib.sha256(identifier.encode()).hexdigest() + "@hashed.invalid"


def _decode_fields(raw: list[tuple[bytes, list[bytes]]], block: bytes, truncated: bool) -> Headers:
    declared = _BODY_CHARSET.search(block)
    charset = declared.group(1).decode("ascii") if declared else None
    fields = []
    for name, lines in raw[:MAX_FIELDS]:
        value = b"".join(lines)[:MAX_VALUE]
        fields.append((name.decode("ascii"), charsets.decode_header(value, charset).strip()))
    return Headers(fields, truncated)


def _after_blank_line(data: bytes, at: int, end: int) -> int:
    places = [(data.find(gap, at - 2, end), len(gap)) for gap in (b"\n\n", b"\n\r\n")]
    found = [place + length for place, length in places if place >= 0]
    return min(found, default=end)


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(text.replace("\n", "").encode("utf-8", "replace"), header=True)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4] + _padding(letters))
    except (binascii.Error, ValueError):
        return b""


def _padding(letters: str) -> str:
    rest = len(letters) % 4
    if rest < 2:
        return ""
    return letters[-rest:] + "=" * (4 - rest)


def _join_pieces(numbered: dict[int, tuple[str, bool]]) -> str:
    charset, out, index = "", b"", 0
    while index in numbered:
        text, encoded = numbered[index]
        if index == 0 and encoded and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data = text.encode("utf-8", "replace")
        out += unquote_to_bytes(data) if encoded else data
        index += 1
    return charsets.decode(out, charset or "utf-8")[0]
