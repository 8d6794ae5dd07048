"""The mail desk: mail that is held, and every mail as it came."""

from base64 import b64encode
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from app import richtext
from app.extensions import db
from app.mail import settling
from app.mail.inbound import Inbound, Unreadable
from app.mail.models import InboundMessage, InboundState
from app.mail.sandbox import parse_safely
from app.mail.showing import visible_original, why_held
from app.policy import Permission, can
from app.tickets.models import Ticket
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("mail", __name__)

LONGEST_HEADER = 64_000  # bytes
# The mail's own styling is wanted in the frame; scripts, forms and our origin are not.
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:{remote}; frame-ancestors 'self'; sandbox {may}"
MAY = "allow-popups allow-popups-to-escape-sandbox"


@bp.get("/mail/held")
@allow(Permission.MAIL_READ)
def held() -> str:
    page = paginate(_held().order_by(InboundMessage.received_at.desc()), _held_count())
    return render_template("mail/held.html", page=page, why_held=why_held)


@bp.post("/mail/held/<uuid:message_id>/release")
@allow(Permission.MAIL_RELEASE)
def release(message_id: UUID) -> Answer:
    settling.release(_waiting(message_id), by=current_member)
    db.session.commit()
    flash(_("Released: it is filed in a moment"), "success")
    return redirect(url_for(".held"), 303)


@bp.post("/mail/held/<uuid:message_id>/reject")
@allow(Permission.MAIL_RELEASE)
def reject(message_id: UUID) -> Answer:
    settling.discard(_waiting(message_id), by=current_member)
    db.session.commit()
    flash(_("Rejected: it stays out"), "success")
    return redirect(url_for(".held"), 303)


@bp.get("/mail/held/<uuid:message_id>")
@allow(Permission.MAIL_READ)
def held_original(message_id: UUID) -> Response:
    return _as_it_came(load_or_404(_held().where(InboundMessage.id == message_id)))


@bp.get("/messages/<uuid:comment_id>/original")
@allow(Permission.TICKET_READ)
def original(comment_id: UUID) -> Response:
    return _as_it_came(load_or_404(visible_original(current_member, comment_id)))


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """What of mail the rail leads to."""
    return {"mail_pages": mail_pages}


def mail_pages() -> dict[str, Any]:
    """Held mail for those who may see it, and the outgoing mails of a development server."""
    pages: dict[str, Any] = {}
    if "member" in g and can(g.member, Permission.MAIL_READ):
        count = db.session.scalar(_held_count())
        pages["held"] = {
            "url": url_for("mail.held"),
            "count": count,
            "current": request.endpoint == "mail.held",
        }
    if "sink" in current_app.blueprints:
        pages["sink"] = {"url": url_for("sink.index"), "current": request.blueprint == "sink"}
    return pages


def _held() -> "sa.Select[InboundMessage]":
    """Held mail the member may see: what would go to a ticket hidden from them is hidden too."""
    tickets = Ticket.visible_to(current_member).with_only_columns(Ticket.id)
    return sa.select(InboundMessage).where(
        InboundMessage.tenant_id == current_member.tenant_id,
        InboundMessage.state == InboundState.HELD,
        sa.or_(InboundMessage.ticket_id.is_(None), InboundMessage.ticket_id.in_(tickets)),
    )


def _held_count() -> "sa.Select[int]":
    return _held().with_only_columns(sa.func.count(), maintain_column_froms=True)


def _waiting(message_id: UUID) -> InboundMessage:
    return load_or_404(_held().where(InboundMessage.id == message_id), lock=True)


def _as_it_came(message: InboundMessage) -> Response:
    """The mail in a page of its own that can run nothing; pictures from elsewhere only when asked for."""
    remote = request.args.get("pictures") == "show"
    mail = parse_safely(message.raw, message.received_at)
    page = render_template(
        "mail/original.html",
        message=message,
        mail=None if isinstance(mail, Unreadable) else mail,
        html="" if isinstance(mail, Unreadable) else _body(mail, remote),
        header=message.raw[:LONGEST_HEADER]
        .replace(b"\r\n", b"\n")
        .partition(b"\n\n")[0]
        .decode("utf-8", "replace"),
        remote=remote,
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAMED.format(
        remote=" https: http:" if remote else "", may=MAY
    )
    return response


def _body(mail: Inbound, remote: bool) -> str:
    """The sanitised body, its own pictures inside it."""
    pictures = {
        part.content_id: f"data:{part.content_type};base64,{b64encode(part.data).decode()}"
        for part in mail.attachments
        if part.content_id and part.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}
    }
    html = richtext.rewrite_cids(mail.html or richtext.linkify(mail.text), pictures)
    return richtext.show_remote(html, lambda address: address) if remote else html
