"""Files on tickets: uploaded while one writes, downloaded by those who see the ticket, pictures shown small."""

from uuid import UUID

from flask import Blueprint, Response, abort, jsonify, request, send_file, url_for

from app import thumbnails
from app.extensions import db
from app.policy import Permission
from app.storage import Missing
from app.tickets.attaching import LARGEST, open_file, store, visible_attachment
from app.tickets.conversation import Attachment
from app.tickets.finding import ticket_numbered
from app.tickets.models import Ticket
from app.tickets.writing import received_file
from app.web import allow, current_member, load_or_404

bp = Blueprint("attachments", __name__)

# A file opened by itself runs nothing, loads nothing and is framed by nobody.
SEALED = "default-src 'none'; sandbox; frame-ancestors 'none'"
FOR_A_DAY = "private, max-age=86400"
PICTURE, THUMBNAIL = 1600, 160  # pixels of the longer side


@bp.post("/tickets/<int:number>/attachments")
@allow(Permission.TICKET_COMMENT)
def upload(number: int) -> Response:
    return _uploaded(ticket_numbered(number))


@bp.post("/attachments")
@allow(Permission.TICKET_CREATE)
def upload_for_new() -> Response:
    return _uploaded(None)


def _uploaded(ticket: Ticket | None) -> Response:
    posted = request.files.get("file")
    if posted is None:
        abort(422)
    file = received_file(posted)
    if len(file.data) > LARGEST:
        abort(413)
    attachment = store(file, by=current_member, ticket=ticket)
    db.session.commit()
    address = url_for(
        "attachments.picture" if attachment.is_raster else "attachments.download", attachment_id=attachment.id
    )
    return jsonify(id=str(attachment.id), url=address, name=attachment.name, size=attachment.size)


@bp.get("/attachments/<uuid:attachment_id>")
@allow(Permission.TICKET_READ)
def download(attachment_id: UUID) -> Response:
    """The file as it is, always as a download."""
    attachment = _visible(attachment_id)
    try:
        stream = open_file(attachment)
    except Missing:
        abort(404)
    response = send_file(stream, attachment.content_type, as_attachment=True, download_name=attachment.name)
    return _sealed(response)


@bp.get("/attachments/<uuid:attachment_id>/picture")
@allow(Permission.TICKET_READ)
def picture(attachment_id: UUID) -> Response:
    return _drawn(_visible(attachment_id), PICTURE)


@bp.get("/attachments/<uuid:attachment_id>/thumbnail")
@allow(Permission.TICKET_READ)
def thumbnail(attachment_id: UUID) -> Response:
    return _drawn(_visible(attachment_id), THUMBNAIL)


def _visible(attachment_id: UUID) -> Attachment:
    return load_or_404(visible_attachment(current_member, attachment_id))


def _drawn(attachment: Attachment, longest: int) -> Response:
    """A raster picture drawn anew, so that only its pixels reach the page."""
    if not attachment.is_raster:
        abort(404)
    try:
        with open_file(attachment) as stream:
            drawn = thumbnails.thumbnail(stream.read(), longest)
    except (Missing, thumbnails.NotAPicture):
        abort(404)
    response = Response(drawn.data, content_type=drawn.content_type)
    response.headers["Cache-Control"] = FOR_A_DAY
    return _sealed(response)


def _sealed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = SEALED
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
