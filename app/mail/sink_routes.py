"""Outside production only: the mails of the sink transport, as their recipients would see them."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from flask import Blueprint, Flask, Response, abort, current_app, render_template, url_for

from app.mail.framing import body_as_sent, framed, text_as_sent
from app.mail.transports import SinkTransport
from app.policy import Permission
from app.web import allow

bp = Blueprint("sink", __name__)

SHOWN = 200


@dataclass(frozen=True)
class Row:
    """One mail in the list."""

    name: str
    to: list[str]
    at: datetime
    subject: str


@bp.get("/outgoing")
@allow(Permission.TICKET_READ)
def index() -> str:
    return render_template("mail/sink.html", mails=_rows(), mail=None)


@bp.get("/outgoing/<name>")
@allow(Permission.TICKET_READ)
def show(name: str) -> str:
    return render_template("mail/sink.html", mails=_rows(), mail=_mail(name, _read(name)))


@bp.get("/outgoing/<name>/body")
@allow(Permission.TICKET_READ)
def body(name: str) -> Response:
    """The HTML alone, for the frame, its pictures inside it."""
    return framed(body_as_sent(_read(name)))


def init_app(app: Flask) -> None:
    """Register the pages, unless this is production or mail really leaves."""
    if not app.config["WORKTRACKR"].is_production and app.config["MAIL_TRANSPORT"] == "sink":
        app.register_blueprint(bp)


def _sink() -> SinkTransport:
    sink: SinkTransport = current_app.extensions["mail_transport"]
    return sink


def _rows() -> list[Row]:
    rows = []
    for name, at in _sink().names()[:SHOWN]:
        message = _read(name)
        rows.append(Row(name, _addresses(message, "To"), at, str(message["Subject"] or "")))
    return rows


def _mail(name: str, message: EmailMessage) -> dict[str, object]:
    return {
        "name": name,
        "subject": message["Subject"],
        "from_": str(message["From"]),
        "to": _addresses(message, "To"),
        "cc": _addresses(message, "Cc"),
        "reply_to": str(message["Reply-To"] or ""),
        "headers": [(header, str(value)) for header, value in message.items()],
        "html_url": url_for("sink.body", name=name),
        "text": text_as_sent(message),
        "files": [
            {"name": part.get_filename() or "", "size": len(part.get_payload(decode=True) or b"")}
            for part in message.iter_attachments()
        ],
    }


def _read(name: str) -> EmailMessage:
    raw = _sink().read(name)
    if raw is None:
        abort(404)
    return message_from_bytes(raw, policy=policy.default)


def _addresses(message: EmailMessage, header: str) -> list[str]:
    found = message[header]
    return [str(address) for address in found.addresses] if found else []
