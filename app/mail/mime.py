"""Split a mail into its leaf parts (RFC 2046) in linear time, with no recursion and hard limits.

The standard library's parser is recursive and slow on hostile input (1,000 nested parts overflow its
stack, 50,000 parts take seconds), so parts are found here by plain byte search within the enclosing part.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.mail.headers import Headers, read_block, read_parameters

MAX_DEPTH = 15
MAX_PARTS = 300
MAX_LOOKALIKES = 20_000
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")


@dataclass(frozen=True)
class Leaf:
    """One part that holds content. `parents` are the enclosing types, outermost first.

    `group` numbers the alternatives of one text: leaves with the same group say the same thing.
    """

    headers: Headers
    content_type: str
    parameters: dict[str, str]
    start: int
    end: int
    parents: tuple[str, ...]
    group: int


@dataclass(frozen=True)
class _Pending:
    start: int
    end: int
    parents: tuple[str, ...]
    group: int


def split(data: bytes) -> tuple[Headers, list[Leaf], list[str]]:
    """Give the top headers, the leaves in reading order, and notes on what the limits left out."""
    top, body = read_block(data)
    leaves: list[Leaf] = []
    notes: list[str] = ["too many header fields"] if top.truncated else []
    stack = [(_Pending(body, len(data), (), 0), top)]
    seen = 0
    while stack:
        pending, headers = stack.pop()
        content_type, parameters = read_type(headers, pending.parents)
        inner = []
        if content_type.startswith("multipart/") and parameters.get("boundary"):
            if len(pending.parents) >= MAX_DEPTH:
                notes.append("parts nested too deeply")
            else:
                inner = find_parts(data, pending.start, pending.end, parameters["boundary"])
        if not inner:
            leaves.append(_leaf(pending, headers, content_type, parameters))
            continue
        group = pending.group or (len(leaves) + seen + 1) * (content_type == "multipart/alternative")
        if seen + len(inner) > MAX_PARTS:
            notes.append("too many parts")
            inner = inner[: MAX_PARTS - seen]
        seen += len(inner)
        children = []
        for start, end in inner:
            fields, begins = read_block(data, start, end)
            children.append((_Pending(begins, end, (*pending.parents, content_type), group), fields))
        stack.extend(reversed(children))
    return top, leaves, list(dict.fromkeys(notes))


def read_type(headers: Headers, parents: tuple[str, ...] = ()) -> tuple[str, dict[str, str]]:
    """Give the content type and parameters of a part, text/plain or the enclosing digest's default."""
    default = "message/rfc822" if parents[-1:] == ("multipart/digest",) else "text/plain"
    content_type, parameters = read_parameters(headers.first("Content-Type"))
    if content_type == "text":
        content_type = "text/plain"
    if not _TYPE.fullmatch(content_type):
        return default, parameters
    return content_type, parameters


def find_parts(data: bytes, start: int, end: int, boundary: str) -> list[tuple[int, int]]:
    """Find the parts between the lines `--boundary` in data[start:end]; empty if there is none."""
    mark = b"--" + boundary.rstrip().encode("utf-8", "replace")[:200]
    parts: list[tuple[int, int]] = []
    begun = -1
    for at, after, closing in _boundary_lines(data, start, end, mark):
        if begun >= 0:
            parts.append((begun, _before_line_end(data, begun, at)))
        begun = after
        if closing or len(parts) > MAX_PARTS:
            return parts
    if 0 <= begun <= end:
        parts.append((begun, end))
    return parts


def _boundary_lines(data: bytes, start: int, end: int, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Give each line that is a boundary: where it is, where the next line is, whether it closes."""
    # Starting one byte early lets the first line be found by its preceding line feed as well.
    at = start if data.startswith(mark, start) else data.find(b"\n" + mark, max(0, start - 1), end) + 1
    for _ in range(MAX_LOOKALIKES):
        if at <= 0 and not (at == start == 0 and data.startswith(mark)):
            return
        stop = data.find(b"\n", at, min(end, at + len(mark) + 200))
        line_end = stop if stop >= 0 else end
        rest = data[at + len(mark) : min(line_end, at + len(mark) + 200)].strip()
        if rest in (b"", b"--"):
            yield at, min(line_end + 1, end), rest == b"--"
        at = data.find(b"\n" + mark, at + len(mark), end) + 1


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding; damaged input gives as much as can be read of it."""
    encoding = encoding.strip().lower()
    if encoding.startswith("base64"):
        return _decode_base64(data)
    if encoding.startswith("quoted-printable"):
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _decode_uu(data)
    return data


def _leaf(pending: _Pending, headers: Headers, content_type: str, parameters: dict[str, str]) -> Leaf:
    if content_type.startswith("multipart/"):
        # A multipart without a usable boundary is shown as the text that it is.
        content_type = "text/plain"
    return Leaf(headers, content_type, parameters, pending.start, pending.end, pending.parents, pending.group)


def _before_line_end(data: bytes, floor: int, at: int) -> int:
    # The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
    if at > floor and data[at - 1] == 0x0A:
        at -= 1
    if at > floor and data[at - 1] == 0x0D:
        at -= 1
    return at


def _decode_base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = _NOT_BASE64.sub(b"", data)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _decode_uu(data: bytes) -> bytes:
    out = []
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end")):
            continue
        try:
            out.append(binascii.a2b_uu(line[:100]))
        except binascii.Error:
            continue
    return b"".join(out)
