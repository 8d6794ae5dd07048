"""What pages say of mail: how a reply's sending went, where an original is seen, why a mail was held."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from app.extensions import db
from app.mail.models import InboundMessage, OutboundKind, OutboundMessage, OutboundState
from app.policy import Actor
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.timeline import Mailing, mailings


def mailing_of(ticket: Ticket, comments: Sequence[Comment]) -> Mapping[UUID, Mailing]:
    """What mail knows of a ticket's messages, in one query."""
    came: Any = sa.select(InboundMessage.comment_id, sa.literal("in"), sa.literal("")).where(
        InboundMessage.tenant_id == ticket.tenant_id, InboundMessage.ticket_id == ticket.id
    )
    went: Any = sa.select(
        OutboundMessage.comment_id, sa.cast(OutboundMessage.state, sa.Text), OutboundMessage.reason
    ).where(
        OutboundMessage.tenant_id == ticket.tenant_id,
        OutboundMessage.ticket_id == ticket.id,
        OutboundMessage.kind == OutboundKind.REPLY,
    )
    rows = db.session.execute(sa.union_all(came, went)).all()
    return {
        comment_id: _mailing(comment_id, state, reason) for comment_id, state, reason in rows if comment_id
    }


mailings.append(mailing_of)


def _mailing(comment_id: UUID, state: str, reason: str) -> Mailing:
    if state == "in":
        return Mailing(original_url=url_for("mail.original", comment_id=comment_id))
    return Mailing(delivery=_delivery(OutboundState(state), reason))


def _delivery(state: OutboundState, reason: str) -> dict[str, str]:
    words = {
        OutboundState.QUEUED: _("Waiting to be sent"),
        OutboundState.SENDING: _("Being sent"),
        OutboundState.SENT: _("Sent"),
        OutboundState.DELIVERED: _("Delivered"),
        OutboundState.FAILED: _("Not delivered: %(reason)s", reason=reason or _("no reason given")),
        OutboundState.COMPLAINED: _("The recipient marked this as spam"),
    }
    trouble = state in (OutboundState.FAILED, OutboundState.COMPLAINED)
    return {"state": "failed" if trouble else state.value, "words": words[state]}


def why_held(message: InboundMessage) -> str:
    """The reason a mail waits, for a person."""
    words = {
        "not_a_participant": _("The sender is not part of the conversation this mail answers."),
        "agent_not_proven": _("It says it is from a colleague, but their mail server does not vouch for it."),
        "agent_not_allowed": _("This colleague may not answer on that ticket."),
        "automatic_reply_of_a_stranger": _("An automatic reply from somebody we never wrote to."),
        "automatic_reply": _("An automatic reply that answers nothing of ours."),
        "mailing_list": _("It came through a mailing list, and this queue takes none."),
        "too_many_from_sender": _("This sender wrote unusually many mails within an hour."),
        "our_error": _("We could not file it. Release it to try again."),
        "spam": _("The mail provider marked it as spam."),
        "blocked": _("This sender is blocked."),
        "no_from": _("It does not say who it is from."),
    }
    code = message.reason.partition(":")[0].partition(",")[0].strip()
    if code == "unreadable":
        return _("It could not be read within safe limits. The original is kept.")
    return words.get(code, message.reason.replace("_", " "))


def visible_original(member: Actor, comment_id: UUID) -> "sa.Select[InboundMessage]":
    """The mail that became this message, if it is on a ticket the member may see."""
    tickets = Ticket.visible_to(member).with_only_columns(Ticket.id)
    return (
        sa.select(InboundMessage)
        .where(
            InboundMessage.tenant_id == member.tenant_id,
            InboundMessage.comment_id == comment_id,
            InboundMessage.ticket_id.in_(tickets),
        )
        .order_by(InboundMessage.received_at)
        .limit(1)
    )
