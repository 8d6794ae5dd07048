"""Read a form as bytes: a raw mail in a field may be in any charset, and Flask would replace what is not UTF-8."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import FileStorage, Headers
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import MultiPartParser

# A mail of 25 MB, its files in base64, in a form that may be percent-encoded.
MAX_BYTES = 80_000_000
MAX_PARTS = 2_000
_BYTES = "latin-1"  # maps each byte to one character and back


class _Parser(MultiPartParser):
    def get_part_charset(self, headers: Headers) -> str:
        return _BYTES


@dataclass(frozen=True)
class Upload:
    """One file of a form: the field it came in, and what its sender says it is."""

    field: str
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class Form:
    """The fields and files of a form; of a field sent twice the first counts."""

    fields: dict[str, bytes]
    files: list[Upload]

    def text(self, name: str) -> str:
        """Give a field as text, '' if it is missing."""
        return self.fields.get(name, b"").decode("utf-8", "replace")


def read_form(request: Request) -> Form:
    """Read a request's form up to 80 MB, whatever limits other routes have. Raises BadRequest."""
    request.max_content_length = MAX_BYTES
    if request.mimetype != "multipart/form-data":
        return _read_urlencoded(request)
    boundary = request.mimetype_params.get("boundary", "").encode(_BYTES)
    if not boundary:
        raise BadRequest("a multipart form without a boundary")
    parser = _Parser(max_form_memory_size=MAX_BYTES, max_form_parts=MAX_PARTS)
    try:
        fields, files = parser.parse(request.stream, boundary, request.content_length)
    except ValueError as error:
        raise BadRequest("a malformed form") from error
    first = {
        name: value.encode(_BYTES, "replace") for name, value in reversed(list(fields.items(multi=True)))
    }
    return Form(first, [_read_file(field, file) for field, file in files.items(multi=True)])


def _read_file(field: str, file: FileStorage) -> Upload:
    with file.stream:
        return Upload(field, file.filename or "", file.content_type or "", file.read())


def _read_urlencoded(request: Request) -> Form:
    data = request.get_data(cache=False).decode(_BYTES)
    try:
        pairs = parse_qsl(data, keep_blank_values=True, encoding=_BYTES, max_num_fields=MAX_PARTS)
    except ValueError as error:
        raise BadRequest("a form of too many fields") from error
    return Form({name: value.encode(_BYTES, "replace") for name, value in reversed(pairs)}, [])
