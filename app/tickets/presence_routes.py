"""What an open ticket asks every few seconds: who else is here, and whether it has changed since it was shown."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.policy import Permission
from app.tickets.finding import ticket_numbered
from app.tickets.models import Ticket
from app.tickets.presence import Present, look
from app.web import allow, current_member

bp = Blueprint("presence", __name__)


@bp.get("/tickets/<int:number>/presence")
@allow(Permission.TICKET_READ)
def show(number: int) -> str:
    ticket = ticket_numbered(number)
    others = look(ticket, current_member, is_writing=request.args.get("writing") == "1")
    return render_template(
        "tickets/_presence.html", ticket=ticket, others=others, writing=_writing(others), news=_news(ticket)
    )


def _writing(others: list[Present]) -> str:
    """ "Ana is writing", or nothing."""
    names = [each.name for each in others if each.is_writing]
    if not names:
        return ""
    if len(names) == 1:
        return _("%(name)s is writing", name=names[0])
    return _("%(names)s and %(name)s are writing", names=", ".join(names[:-1]), name=names[-1])


def _news(ticket: Ticket) -> str:
    """What has happened since the page that asks was made, or nothing."""
    said = ticket.comment_count - request.args.get("said", ticket.comment_count, type=int)
    if said > 0:
        return ngettext("%(num)d new message", "%(num)d new messages", said)
    changed = ticket.version != request.args.get("version", ticket.version, type=int)
    return _("This ticket has changed") if changed else ""
