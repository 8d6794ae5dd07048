"""From what somebody wrote in a form to a message: the editor's HTML or plain text, and the files that go with it."""

import re
from collections.abc import Sequence
from uuid import UUID

from flask import request, url_for
from werkzeug.datastructures import FileStorage

from app import richtext
from app.policy import Actor
from app.tickets.attaching import File, drafts, store
from app.tickets.commenting import Message
from app.tickets.conversation import Attachment
from app.tickets.forms import CommentForm, WritingForm
from app.tickets.models import Ticket

MOST_FILES = 50
# Under a picture from the editor: the name and size of its file, which nobody wants to read in a mail.
_CAPTION = re.compile(r"<figcaption>(?:(?!</?figcaption).)*+</figcaption>", re.DOTALL)


def message_from(form: WritingForm, *, by: Actor, ticket: Ticket | None = None) -> Message | None:
    """The message of the form with its files, or None where there is nothing in it."""
    files = [*drafts(_draft_ids(), by=by, ticket=ticket), *_posted(by, ticket)]
    if not form.html.data:
        text = (form.text.data or "").strip()
        html = richtext.linkify(text)
    else:
        html = _with_pictures(form.html.data, files)
        text = richtext.to_text(html).strip()
    if not text and not files:
        return None
    return Message((html or "<p></p>") + _signature(form), attachments=files, id=form.once_id)


def _signature(form: WritingForm) -> str:
    """Under a reply, the signature as it was left in the composer; never under a note.

    The dashes are the mark that mail programs know a signature by (RFC 3676 section 4.3).
    """
    words = (form.signature.data or "").strip() if isinstance(form, CommentForm) else ""
    if not words or form.kind.data != "reply":
        return ""
    return richtext.linkify(f"-- \n{words}")


def received_file(posted: FileStorage) -> File:
    """A posted file as one of ours. Its name is only ever shown."""
    name = (posted.filename or "").replace("\x00", "").replace("\\", "/").rpartition("/")[2][:200]
    return File(name or "file", posted.mimetype, posted.read())


def _with_pictures(html: str, files: Sequence[Attachment]) -> str:
    """The editor's HTML with its pictures pointing at the message's own files, wherever it is read."""
    known = {}
    for file in files:
        address = url_for("attachments.picture", attachment_id=file.id)
        if file.is_raster and address in html:
            file.content_id = file.content_id or f"{file.id}@worktrackr"
            file.is_inline = True
            known[address] = file.content_id
    clean = _CAPTION.sub("", richtext.sanitise(html, pictures=known))
    return clean.replace("<figure>", "<div>").replace("</figure>", "</div>")  # mail clients indent figures


def _draft_ids() -> list[UUID]:
    found = []
    for text in request.form.getlist("attachment")[:MOST_FILES]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _posted(by: Actor, ticket: Ticket | None) -> list[Attachment]:
    """Files that came with the form itself: the way without script."""
    posted = [each for each in request.files.getlist("files")[:MOST_FILES] if each.filename]
    return [store(received_file(each), by=by, ticket=ticket) for each in posted]
