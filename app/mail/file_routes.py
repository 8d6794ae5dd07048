"""The page behind a signed link to a file of a public comment; for readers without a login."""

from flask import Blueprint, Response, abort, send_file

from app.mail.file_links import public_file, read_token
from app.tenancy import Acting, enter
from app.tickets.attaching import open_file
from app.web import load_or_404, public

bp = Blueprint("files", __name__)


@bp.get("/files/<token>")
@public
def download(token: str) -> Response:
    """The file, always as a download: nothing that a stranger wrote runs at our address."""
    found = read_token(token)
    if found is None:
        abort(404)
    tenant_id, attachment_id = found
    enter(Acting(tenant_id))
    attachment = load_or_404(public_file(attachment_id))
    response = send_file(
        open_file(attachment),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=attachment.name,
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
