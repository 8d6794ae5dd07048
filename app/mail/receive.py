"""Taking charge of a mail: stored raw in one transaction, then read and filed by a job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db, new_id
from app.jobs import Lane, job, later
from app.mail import deciding, headers, mailboxes, settling
from app.mail.inbound import Unreadable
from app.mail.models import InboundMessage, InboundState, ProviderReceipt
from app.mail.routing import find_routes
from app.mail.sandbox import parse_safely
from app.tenancy import acting_for

log = structlog.get_logger()

HEAD = 64_000  # bytes of an unreadable mail that are looked at for its sender and subject


class UnknownRecipient(Exception):
    """None of the recipients is an address of ours."""


@dataclass(frozen=True)
class Accepted:
    """How many organisations the mail was stored for; 0 of a mail that was taken before."""

    stored: int
    is_duplicate: bool = False


def accept(
    recipients: Iterable[str],
    sender: str,
    raw: bytes,
    provider: str | None = None,
    token: str | None = None,
) -> Accepted:
    """Store a mail for each organisation among its envelope's recipients; the caller commits.

    A provider's token is claimed in the same transaction, so a mail is taken once however often it is sent,
    and again if the transaction fails. Raises UnknownRecipient; database errors pass through.
    """
    routes = find_routes(recipients)
    if not routes:
        raise UnknownRecipient
    if provider and token and not _claim(provider, token):
        return Accepted(0, is_duplicate=True)
    for route in routes:
        with acting_for(route.tenant_id):
            message = InboundMessage(
                id=new_id(),
                mailbox_id=route.mailbox_id,
                recipient=route.recipient[:500],
                envelope_from=sender.strip().lower()[:500],
                raw=raw,
                size=len(raw),
                findings={"provider": provider or ""},
            )
            db.session.add(message)
            db.session.flush()
            later(receive, message.id)
            log.info("mail.accepted", message=str(message.id), tenant=str(route.tenant_id), size=len(raw))
    return Accepted(len(routes))


def give_up(message_id: str) -> None:
    """Hold a mail whose job failed at every attempt: somebody can see it and try again."""
    message = _load(message_id)
    if message is not None and message.state is InboundState.RECEIVED:
        settling.hold(message, "our_error")


@job(lane=Lane.MAIL, attempts=6, timeout=60, on_dead=give_up)
def receive(message_id: str) -> None:
    """Read one stored mail and bring it to its end state. Safe to run twice."""
    message = _load(message_id)
    if message is None or message.state is not InboundState.RECEIVED:
        return
    parsed = parse_safely(message.raw, message.received_at)
    if isinstance(parsed, Unreadable):
        _describe_head(message)
        settling.hold(message, f"unreadable: {parsed.reason}")
    else:
        deciding.decide(message, parsed)


def _describe_head(message: InboundMessage) -> None:
    """Say of a mail that cannot be read what its first lines show, so that somebody can tell what it is."""
    block, _ = headers.read_block(message.raw[:HEAD])
    found, _ = mailboxes.read_mailboxes(block.first("From"), 1)
    message.subject = block.line("Subject", 500)
    message.from_name, message.from_address = found[0] if found else ("", "")


def _load(message_id: str) -> InboundMessage | None:
    return db.session.scalar(
        sa.select(InboundMessage)
        .where(InboundMessage.id == UUID(message_id))
        .options(sa.orm.undefer(InboundMessage.raw))
        .with_for_update()
    )


def _claim(provider: str, token: str) -> bool:
    """Claim a token. A second claim waits for the first one's transaction, and stands if that fails."""
    statement = insert(ProviderReceipt).values(provider=provider, token=token).on_conflict_do_nothing()
    return db.session.scalar(statement.returning(ProviderReceipt.token)) is not None
