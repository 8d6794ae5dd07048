"""The mail desk, what came in: every mail with its end and the reason, as it came, and what to do with it."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response as Answer

from app.extensions import db
from app.headers import safe_next
from app.mail import desk, findings
from app.mail.framing import body_of, framed
from app.mail.inbound import Unreadable
from app.mail.looking import counted, inbound, inbound_look, visible_inbound
from app.mail.models import InboundMessage
from app.mail.reasons import STATES, explain
from app.mail.sandbox import parse_safely
from app.mail.showing import mailbox_choices, pages_of, visible_original
from app.mail.trouble import trouble_of
from app.policy import Permission, can
from app.tickets.models import Ticket
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("mail", __name__)

LONGEST_HEADER = 64_000  # bytes


@bp.get("/mail")
@allow(Permission.MAIL_READ)
def index() -> str:
    look = inbound_look(request.args)
    select = inbound(look, current_member)
    ticket = joinedload(InboundMessage.ticket).load_only(Ticket.number, Ticket.subject)
    newest = select.options(ticket).order_by(InboundMessage.received_at.desc(), InboundMessage.id.desc())
    page = paginate(newest, counted(select))
    return render_template(
        "mail/index.html",
        look=look,
        page=page,
        pages=pages_of(".index", look, page),
        states=STATES,
        kinds=findings.kinds(),
        mailboxes=mailbox_choices(),
        explain=explain,
    )


@bp.get("/mail/<uuid:message_id>")
@allow(Permission.MAIL_READ)
def show(message_id: UUID) -> str:
    message = _load(message_id)
    mail = parse_safely(message.raw, message.received_at)
    return render_template(
        "mail/show.html",
        message=message,
        mail=None if isinstance(mail, Unreadable) else mail,
        header=_header(message),
        reason=explain(message.state, message.reason),
        state=STATES[message.state],
        found=findings,
        acts=[act.value for act in desk.Act if not desk.may(act, message)],
        is_blocked=desk.is_blocked(message),
    )


@bp.post("/mail/acts")
@allow(Permission.MAIL_RELEASE)
def act() -> Answer:
    """Do one thing to one mail or many, and say what was and was not done."""
    wanted = request.form.get("act", "")
    if wanted in set(desk.Act):
        ids = request.form.getlist("message", type=UUID)
        outcome = desk.carry_out(desk.Act(wanted), ids, by=current_member)
        db.session.commit()
        flash(outcome.words, "warning" if outcome.left else "success")
    return redirect(safe_next(request.form.get("back"), url_for(".index")), 303)


@bp.get("/mail/<uuid:message_id>/original")
@allow(Permission.MAIL_READ)
def mail_original(message_id: UUID) -> Response:
    return _as_it_came(_load(message_id))


@bp.get("/mail/<uuid:message_id>/raw")
@allow(Permission.MAIL_READ)
def raw(message_id: UUID) -> Response:
    """The mail as it came, byte for byte, for another program: a browser only ever stores it."""
    message = _load(message_id)
    response = Response(message.raw, content_type="application/octet-stream")
    name = f"mail-{message.received_at:%Y%m%d-%H%M%S}.eml"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/messages/<uuid:comment_id>/original")
@allow(Permission.TICKET_READ)
def original(comment_id: UUID) -> Response:
    return _as_it_came(load_or_404(visible_original(current_member, comment_id)))


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """What of mail the rail leads to."""
    return {"mail_pages": mail_pages, "mail_trouble": lambda: trouble_of(current_member.tenant_id)}


def mail_pages() -> dict[str, Any]:
    """The mail desk for those who may see it, and the outgoing mails of a development server."""
    pages: dict[str, Any] = {}
    if "member" in g and can(g.member, Permission.MAIL_READ):
        trouble = trouble_of(g.member.tenant_id)
        here = request.blueprint in ("mail", "mail_out") and request.endpoint != "mail.original"
        pages["desk"] = {"url": url_for("mail.index"), "count": trouble.held, "current": here}
        if can(g.member, Permission.SETTINGS_MANAGE):
            here_too = request.blueprint == "addresses"
            pages["addresses"] = {"url": url_for("addresses.index"), "current": here_too}
        pages["trouble"] = trouble if can(g.member, Permission.SETTINGS_MANAGE) and not here else None
    if "sink" in current_app.blueprints:
        pages["sink"] = {"url": url_for("sink.index"), "current": request.blueprint == "sink"}
    return pages


def _load(message_id: UUID) -> InboundMessage:
    return load_or_404(visible_inbound(current_member).where(InboundMessage.id == message_id))


def _header(message: InboundMessage) -> str:
    top = message.raw[:LONGEST_HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return top.decode("utf-8", "replace")


def _as_it_came(message: InboundMessage) -> Response:
    """The mail in a page of its own; pictures from elsewhere only when asked for."""
    remote = request.args.get("pictures") == "show"
    mail = parse_safely(message.raw, message.received_at)
    page = render_template(
        "mail/original.html",
        message=message,
        mail=None if isinstance(mail, Unreadable) else mail,
        html="" if isinstance(mail, Unreadable) else body_of(mail, remote=remote),
        header=_header(message),
        remote=remote,
    )
    return framed(page, remote=remote)
