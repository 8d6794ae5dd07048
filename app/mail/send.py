"""Sending one outgoing message: at every moment its row says whether the far end may already have it."""

import time
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
import structlog
from flask import Flask, current_app

from app.events import EventKind, record
from app.extensions import db, now
from app.jobs import Lane, TryAgain, checkpoint, job, later
from app.jobs.dead import forget
from app.mail import transports
from app.mail.compose import compose
from app.mail.letter import BadAddress
from app.mail.models import OutboundKind, OutboundMessage, OutboundState
from app.mail.rendering import envelope_of, letter_of
from app.mail.transports import Delivery, Permanent, Temporary, Transport, Uncertain
from app.organisations.models import Organisation
from app.policy import Actor, ActorKind
from app.storage import StorageUnavailable

log = structlog.get_logger()

# An outage of a day is waited out; its end is noticed within ten minutes.
PATIENCE = timedelta(hours=24)
WAITS = (1.0, 10.0, 60.0, 300.0, 600.0)  # seconds before the second, third … attempt
NOTE_AGAIN = 0.5  # seconds
SUSPENDED = "the organisation is suspended"
GONE = (OutboundState.SENT, OutboundState.DELIVERED, OutboundState.COMPLAINED)


def init_app(app: Flask) -> None:
    """Give the application its one way out for mail."""
    app.extensions["mail_transport"] = transports.from_config(app.config["WORKTRACKR"])


def give_up(message_id: str) -> None:
    """The job died of errors of our own. Said on the ticket; an operator may start it again."""
    message = _load(message_id)
    if message is not None and message.state not in GONE:
        fail(message, message.reason or "every attempt ended in an error of ours")


@job(lane=Lane.MAIL, attempts=7, timeout=60, on_dead=give_up)
def send(message_id: str) -> None:
    """Send the message unless it has gone. Safe to run again after a crash at any point."""
    message = _load(message_id)
    if message is None or message.state in GONE:
        return
    if message.expires_at is not None and message.expires_at <= now():
        fail(message, "dropped: it would have come too late")
        return
    _hold_if_suspended(message)
    transport: Transport = current_app.extensions["mail_transport"]
    try:
        if not _has_gone(message, transport):
            _hand_over(message, transport)
    except (BadAddress, Permanent) as error:
        fail(message, str(error))
    except Temporary as error:
        _come_back(message, error, error.retry_after)
    except StorageUnavailable as error:
        _come_back(message, error)
    except Uncertain as error:
        _come_back(message, error, transport.settles or None)


def can_send_again(message: OutboundMessage) -> bool:
    """Whether it failed and can still be made. An account mail's words are gone; its person asks anew."""
    return message.state is OutboundState.FAILED and message.kind is not OutboundKind.ACCOUNT


def send_again(message: OutboundMessage) -> None:
    """Try a failed message once more, by a person's wish. One that may have arrived is asked after first."""
    if not can_send_again(message):
        return
    message.state = OutboundState.SENDING if message.is_uncertain else OutboundState.QUEUED
    message.attempts, message.settled_at = 0, None
    forget(send, message.id)
    later(send, message.id)


def fail(message: OutboundMessage, reason: str) -> None:
    """The message will not arrive: its row and the ticket say why."""
    message.sealed = None
    message.is_uncertain = message.is_uncertain or message.state is OutboundState.SENDING
    message.state, message.reason, message.settled_at = OutboundState.FAILED, reason[:500], now()
    _tell(message)


def _has_gone(message: OutboundMessage, transport: Transport) -> bool:
    """Whether an attempt that ended without an answer was taken. Where nobody can tell, it is sent once more."""
    if message.state is not OutboundState.SENDING:
        return False
    settled_at = (message.attempted_at or message.created_at) + timedelta(seconds=transport.settles)
    rest = settled_at - now()
    if rest > timedelta():
        raise TryAgain("an attempt ended without an answer", rest.total_seconds(), counts=False)
    accepted = transport.was_accepted(message.message_id)
    if accepted:
        _sent(message, Delivery(message.provider_id or ""))
    elif accepted is None and message.is_uncertain:
        raise Permanent("it may have arrived: twice the server took it without a word")
    else:
        message.is_uncertain = accepted is None
    return bool(accepted)


def _hand_over(message: OutboundMessage, transport: Transport) -> None:
    raw = compose(letter_of(message))
    sender, recipients = envelope_of(message)
    message.state, message.attempted_at = OutboundState.SENDING, now()
    message.attempts += 1
    checkpoint()  # from here until the answer is noted, a crash leaves "perhaps taken" behind
    try:
        delivery = transport.deliver(raw, sender, recipients)
    except (Temporary, Permanent):
        message.state = OutboundState.QUEUED  # certainly not taken
        raise
    _note(message, delivery)


def _note(message: OutboundMessage, delivery: Delivery) -> None:
    """Write down that it was taken, and wait for a database that is away: who forgets it sends it twice."""
    while True:
        try:
            _sent(message, delivery)
            return checkpoint()
        except sa.exc.OperationalError as error:
            db.session.rollback()
            log.warning("mail.not_noted_yet", error=type(error.orig).__name__)
            time.sleep(NOTE_AGAIN)  # the job's own time limit ends this


def _sent(message: OutboundMessage, delivery: Delivery) -> None:
    # The provider may report a delivery before we have noted that it took the mail.
    db.session.refresh(message, with_for_update=True)
    if message.state in GONE:
        return
    message.state, message.sent_at, message.sealed = OutboundState.SENT, now(), None
    message.provider_id = delivery.provider_id or None
    message.reason = "; ".join(f"{who}: {why}" for who, why in delivery.refused.items())[:500]
    if delivery.refused:
        _tell(message)


def _come_back(message: OutboundMessage, error: Exception, asked: float | None = None) -> None:
    """Try again when the far end said, or after a while that grows; after a day, fail."""
    if now() - message.created_at > PATIENCE and message.attempts >= len(WAITS):
        return fail(message, f"gave up after a day: {error}")
    message.reason = str(error)[:500]
    wait = WAITS[min(message.attempts, len(WAITS)) - 1] if message.attempts else WAITS[0]
    checkpoint()  # TryAgain undoes what is not committed
    raise TryAgain(message.reason, wait if asked is None else asked, counts=False) from error


def _hold_if_suspended(message: OutboundMessage) -> None:
    if db.session.get_one(Organisation, message.tenant_id).is_suspended:
        raise TryAgain(SUSPENDED, 3600, counts=False)


def _tell(message: OutboundMessage) -> None:
    if message.ticket_id is None:
        return
    record(
        EventKind.EMAIL_FAILED,
        by=Actor(ActorKind.SYSTEM, message.tenant_id),
        ticket_id=message.ticket_id,
        comment_id=message.comment_id,
        changes={"reason": [None, message.reason]},
    )


def _load(message_id: str) -> OutboundMessage | None:
    return db.session.scalar(sa.select(OutboundMessage).where(OutboundMessage.id == UUID(message_id)))
