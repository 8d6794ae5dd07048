"""Make the file names that mails give safe to show and to offer for download."""

from __future__ import annotations

import re
import unicodedata

from app.mail.headers import clean_line, decode_words

MAX_NAME = 150
_SEPARATORS = re.compile(r"[/\\]|%2f|%5c", re.I)
_FORBIDDEN = re.compile(r'[<>:"|?*%]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.I)
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "message/rfc822": ".eml",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
}


def display_name(raw: str, content_type: str) -> str:
    """Give a file name without path, controls, reordering marks or reserved words, at most 150 letters."""
    name = clean_line(decode_words(raw[:4_000]))
    name = _SEPARATORS.split(name)[-1]
    name = unicodedata.normalize("NFC", _FORBIDDEN.sub("_", name)).strip().lstrip(".").rstrip(". ")
    if not name:
        return "attachment" + _EXTENSIONS.get(content_type, "")
    if _RESERVED.fullmatch(name):
        name = "_" + name
    return _shorten(name)


def _shorten(name: str) -> str:
    if len(name) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return name[:MAX_NAME]
    return stem[: MAX_NAME - len(extension) - 1] + "." + extension
