"""The files of a comment in a mail: pictures inline, files attached up to a limit, signed links beyond it."""

import re
from dataclasses import dataclass, field
from html import unescape

from flask import current_app

from app import richtext
from app.mail.file_links import file_url
from app.mail.letter import File
from app.storage import Missing
from app.tickets.attaching import open_file
from app.tickets.conversation import Attachment, Comment

# Bytes of files in one mail. Encoded they are a third larger, and many servers stop at 20 or 25 MB.
LARGEST_MAIL = 10_000_000
_CONTENT_ID = re.compile(r'<img[^>]*? src="cid:([^"]+)"')


@dataclass(frozen=True)
class Link:
    """A file that the reader downloads instead."""

    name: str
    size: int
    url: str


@dataclass
class Enclosed:
    """What a comment becomes in a mail; `missing` names files that storage no longer has."""

    html: str
    files: tuple[File, ...] = ()
    links: list[Link] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def enclose(comment: Comment) -> Enclosed:
    """The comment's HTML with its pictures' content ids made ours, and its files. Raises StorageUnavailable."""
    shown = {unescape(found) for found in _CONTENT_ID.findall(comment.html)}
    pictures = {a.content_id: a for a in comment.attachments if a.content_id in shown}
    rest = [a for a in comment.attachments if a.content_id not in shown]
    enclosed = Enclosed("")
    files: list[File] = []
    room = LARGEST_MAIL
    names: dict[str, str] = {}
    for attachment in [*pictures.values(), *rest]:
        if attachment.size > room:
            enclosed.links.append(Link(attachment.name, attachment.size, file_url(attachment)))
            continue
        file = _read(attachment, is_picture=attachment.content_id in shown)
        if file is None:
            enclosed.missing.append(attachment.name)
            continue
        room -= len(file.data)
        files.append(file)
        if file.content_id:
            names[attachment.content_id or ""] = f"cid:{file.content_id}"
    enclosed.files = tuple(files)
    enclosed.html = richtext.rewrite_cids(comment.html, names)
    return enclosed


def _read(attachment: Attachment, *, is_picture: bool) -> File | None:
    try:
        with open_file(attachment) as file:
            data = file.read()
    except Missing:
        return None
    content_id = f"{attachment.id.hex}@{current_app.config['MAIL_DOMAIN']}" if is_picture else None
    return File(attachment.name, attachment.content_type, data, content_id)
