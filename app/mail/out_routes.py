"""The mail desk, what went out: every mail with its state, as its recipient sees it; and work that was given up."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response as Answer

from app.extensions import db
from app.headers import safe_next
from app.jobs import dead as dead_letters
from app.mail.compose import compose
from app.mail.framing import body_as_sent, framed, text_as_sent
from app.mail.letter import BadAddress
from app.mail.looking import Look, counted, outbound, outbound_look, visible_outbound
from app.mail.models import OutboundMessage
from app.mail.rendering import letter_of
from app.mail.send import can_send_again, send_again
from app.mail.showing import mailbox_choices, out_kinds, out_states, pages_of, work_words
from app.mail.transports import Permanent
from app.policy import Permission
from app.storage import StorageUnavailable
from app.tickets.models import Ticket
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("mail_out", __name__)

MOST = 200


@bp.get("/mail/out")
@allow(Permission.MAIL_READ)
def index() -> str:
    look = outbound_look(request.args)
    select = outbound(look, current_member)
    ticket = joinedload(OutboundMessage.ticket).load_only(Ticket.number, Ticket.subject)
    newest = select.options(ticket).order_by(OutboundMessage.created_at.desc(), OutboundMessage.id.desc())
    page = paginate(newest, counted(select))
    return render_template(
        "mail/out.html",
        look=look,
        page=page,
        pages=pages_of(".index", look, page),
        states=out_states(),
        kinds=out_kinds(),
        mailboxes=mailbox_choices(),
    )


@bp.get("/mail/out/<uuid:outbound_id>")
@allow(Permission.MAIL_READ)
def show(outbound_id: UUID) -> str:
    message = _load(outbound_id)
    mail, fault = _as_sent(message)
    return render_template(
        "mail/out_show.html",
        message=message,
        text=text_as_sent(mail) if mail else "",
        headers=list(mail.items()) if mail else [],
        fault=fault,
        state=out_states()[message.state],
        kind=out_kinds().get(message.kind, ""),
        can_retry=can_send_again(message),
    )


@bp.get("/mail/out/<uuid:outbound_id>/body")
@allow(Permission.MAIL_READ)
def body(outbound_id: UUID) -> Response:
    mail, fault = _as_sent(_load(outbound_id))
    return framed(body_as_sent(mail) if mail else f"<p>{fault}</p>")


@bp.post("/mail/out/retries")
@allow(Permission.MAIL_RELEASE)
def retry() -> Answer:
    """Send failed mails once more."""
    wanted = request.form.getlist("message", type=UUID)[:MOST]
    chosen = visible_outbound(current_member).where(OutboundMessage.id.in_(wanted))
    found = db.session.scalars(chosen.order_by(OutboundMessage.id).with_for_update(of=OutboundMessage)).all()
    failed = [message for message in found if can_send_again(message)]
    for message in failed:
        send_again(message)
    db.session.commit()
    _say(
        ngettext("%(num)d is tried again now", "%(num)d are tried again now", len(failed)),
        len(wanted) - len(failed),
    )
    return redirect(safe_next(request.form.get("back"), url_for(".index")), 303)


@bp.get("/mail/dead")
@allow(Permission.MAIL_READ)
def dead() -> str:
    jobs = dead_letters.dead_jobs()
    page = paginate(jobs, counted(jobs.order_by(None)))
    return render_template(
        "mail/dead.html", page=page, pages=pages_of(".dead", Look(), page), work_words=work_words
    )


@bp.post("/mail/dead/acts")
@allow(Permission.MAIL_RELEASE)
def revive() -> Answer:
    """Start work that was given up again, or drop it for good."""
    wanted = request.form.getlist("job", type=UUID)[:MOST]
    if request.form.get("act") == "drop":
        count = dead_letters.drop(wanted)
        words = ngettext("%(num)d dropped", "%(num)d dropped", count)
    else:
        count = dead_letters.revive(wanted)
        words = ngettext("%(num)d started again", "%(num)d started again", count)
    db.session.commit()
    _say(words, len(wanted) - count)
    return redirect(url_for(".dead"), 303)


def _load(outbound_id: UUID) -> OutboundMessage:
    return load_or_404(visible_outbound(current_member).where(OutboundMessage.id == outbound_id))


def _as_sent(message: OutboundMessage) -> tuple[EmailMessage | None, str]:
    """The mail as it leaves or left, or why it cannot be shown."""
    if message.ticket_id is None:
        return None, _("This mail may hold a link that signs somebody in, so it is not shown.")
    if message.mailbox_id is None:
        return None, _("It was never made: the queue had no address to write from.")
    try:
        return message_from_bytes(compose(letter_of(message)), policy=policy.default), ""
    except (BadAddress, Permanent, StorageUnavailable) as error:
        return None, _("It cannot be made: %(why)s", why=str(error))


def _say(words: str, left: int) -> None:
    if left:
        words += ". " + ngettext("%(num)d left as it was", "%(num)d left as they were", left)
    flash(words, "warning" if left else "success")
