"""What pages say of mail: how a reply's sending went, and where an original is seen."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _

from app.extensions import db
from app.mail.looking import Look
from app.mail.models import InboundMessage, OutboundKind, OutboundMessage, OutboundState
from app.policy import Actor
from app.tenancy import current_tenant_id
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox
from app.tickets.timeline import Mailing, mailings
from app.web import Page


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


def out_states() -> dict[OutboundState, str]:
    """Every state of a mail out as one calls it."""
    return {
        OutboundState.QUEUED: _("Waiting to be sent"),
        OutboundState.SENDING: _("Being sent"),
        OutboundState.SENT: _("Sent"),
        OutboundState.DELIVERED: _("Delivered"),
        OutboundState.FAILED: _("Not delivered"),
        OutboundState.COMPLAINED: _("Marked as spam"),
    }


def out_kinds() -> dict[str, str]:
    """Every kind of mail out as one calls it."""
    return {
        OutboundKind.REPLY: _("Reply"),
        OutboundKind.ACKNOWLEDGEMENT: _("Acknowledgement"),
        OutboundKind.NOTICE: _("Notice"),
        OutboundKind.ACCOUNT: _("About a login"),
    }


def work_words(name: str) -> str:
    """What a job does, for a person who wonders what was given up."""
    words = {
        "mail.receive.receive": _("Filing a mail that came"),
        "mail.send.send": _("Sending a mail"),
        "events.react": _("What follows something that happened on a ticket"),
    }
    return words.get(name, name.replace(".", " ").replace("_", " "))


def mailbox_choices() -> Sequence[tuple[UUID, str]]:
    """Every address of the organisation, for a filter."""
    select = sa.select(Mailbox.id, Mailbox.address).where(Mailbox.tenant_id == current_tenant_id())
    return [(row.id, row.address) for row in db.session.execute(select.order_by(Mailbox.address))]


def pages_of(endpoint: str, look: Look, page: Page) -> dict[str, Any]:
    """What the links beneath a list need."""
    asked = look.arguments()
    return {
        "count": page.pages,
        "first": page.first,
        "last": page.last,
        "total": page.total,
        "previous": url_for(endpoint, **asked, page=page.number - 1) if page.has_previous else None,
        "next": url_for(endpoint, **asked, page=page.number + 1) if page.has_next else None,
    }


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
