"""What became of a mail after it left: reports in any order and any number end in the same state."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app import richtext
from app.events import EventKind
from app.events import record as record_event
from app.extensions import db
from app.mail.models import OutboundMessage, OutboundState, ProviderReceipt
from app.policy import Actor, ActorKind
from app.tenancy import Scope, across_tenants, acting_for
from app.tickets.settings import Contact

PROVIDER = "mailgun event"
RANK = {state: rank for rank, state in enumerate(OutboundState)}
LONGEST_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Report:
    """What a provider's event or a bounce says. `state` is None for a temporary failure: they go on trying.

    `is_mailbox_dead` says that the recipient is out of reach for good, not only for this mail.
    """

    message_id: str
    state: OutboundState | None
    at: datetime
    recipient: str
    reason: str
    is_mailbox_dead: bool = False
    id: str = ""


def record(event: Any) -> bool:
    """Take in one verified `event-data`. False when it is of no use: unknown kind, another's mail, or seen before.

    Does not commit. The event's id is claimed in the same transaction, so a repeat changes nothing.
    """
    report = read(event)
    if report is None or not _claim(report.id):
        return False
    found = _find(report.message_id)
    if found is None:
        return False
    tenant_id, message_id = found
    with acting_for(tenant_id):
        message = db.session.get_one(OutboundMessage, (tenant_id, message_id), with_for_update=True)
        apply(message, report)
    return True


def read(event: Any) -> Report | None:
    """The parts of `event-data` that matter (Mailgun, "Event structure"), or None if it is not such a thing."""
    try:
        kind, status = str(event["event"]), event.get("delivery-status") or {}
        words = str(status.get("message") or status.get("description") or event.get("reason") or "")
        return Report(
            id=richtext.printable(str(event["id"]))[:200],
            message_id=richtext.printable(str(event["message"]["headers"]["message-id"])).strip("<>")[:300],
            state=_state(kind, str(event.get("severity", ""))),
            is_mailbox_dead=kind == "failed",
            at=datetime.fromtimestamp(float(event["timestamp"]), UTC),
            recipient=richtext.printable(str(event.get("recipient", "")))[:254],
            reason=richtext.snippet(f"{status.get('code', '')} {words}", 400),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        return None


def apply(message: OutboundMessage, report: Report) -> None:
    """Move the message on to what the report says, unless a stronger or later report has been heard already."""
    state = report.state or OutboundState.SENT
    if state is OutboundState.FAILED and len(_recipients(message)) > 1:
        state = OutboundState.SENT  # one of several is out of reach: the mail as a whole has gone out
    reason = "" if state is OutboundState.DELIVERED else _words(report)
    known = (RANK[message.state], message.settled_at or LONGEST_AGO, message.reason)
    if (RANK[state], report.at, reason) > known:
        message.state, message.settled_at, message.reason = state, report.at, reason
    message.sent_at = min(message.sent_at or report.at, report.at)
    if report.state in (OutboundState.FAILED, OutboundState.COMPLAINED) and message.ticket_id is not None:
        _tell(message, report)


def _state(kind: str, severity: str) -> OutboundState | None:
    if kind == "failed":
        return None if severity == "temporary" else OutboundState.FAILED
    states = {"delivered": OutboundState.DELIVERED, "complained": OutboundState.COMPLAINED}
    if kind not in states:
        raise ValueError(f"no use for {kind[:40]}")
    return states[kind]


def _claim(event_id: str) -> bool:
    claimed = insert(ProviderReceipt).values(provider=PROVIDER, token=event_id).on_conflict_do_nothing()
    return db.session.scalar(claimed.returning(ProviderReceipt.token)) is not None


def _find(message_id: str) -> tuple[UUID, UUID] | None:
    """Whose mail it is. The Message-ID carries our signature, so only a mail of ours can match."""
    with across_tenants(Scope.ROUTING):
        row = db.session.execute(
            sa.select(OutboundMessage.tenant_id, OutboundMessage.id).where(
                OutboundMessage.message_id == f"<{message_id}>"
            )
        ).first()
    return (row[0], row[1]) if row else None


def _tell(message: OutboundMessage, report: Report) -> None:
    """Say it on the ticket; and mark a requester whose mailbox refuses mail for good."""
    is_complaint = report.state is OutboundState.COMPLAINED
    record_event(
        EventKind.EMAIL_FAILED if is_complaint else EventKind.EMAIL_BOUNCED,
        by=Actor(ActorKind.SYSTEM, message.tenant_id),
        ticket_id=message.ticket_id,
        comment_id=message.comment_id,
        changes={"recipient": [None, report.recipient], "reason": [None, _words(report)]},
    )
    recipient = report.recipient.lower()
    if not report.is_mailbox_dead or recipient not in _recipients(message):
        return
    db.session.execute(
        sa.update(Contact)
        .where(
            Contact.tenant_id == message.tenant_id,
            Contact.email == recipient,
            sa.or_(Contact.undeliverable_at.is_(None), Contact.undeliverable_at < report.at),
        )
        .values(undeliverable_at=report.at)
        .execution_options(synchronize_session=False)
    )


def _recipients(message: OutboundMessage) -> set[str]:
    return {address.lower() for _, address in [*message.to, *message.cc]}


def _words(report: Report) -> str:
    if report.state is OutboundState.COMPLAINED:
        return "marked as spam by the recipient"
    return report.reason
