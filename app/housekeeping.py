"""Once an hour: what has served its time goes. Run by the cron process; running it twice does no harm."""

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
import structlog

from app.auth.models import Session
from app.extensions import db, now
from app.mail.models import ProviderReceipt
from app.organisations.models import Organisation
from app.signup.models import Registration
from app.tenancy import acting_for
from app.tickets.attaching import discard
from app.tickets.conversation import Attachment

RECEIPTS = timedelta(days=3)  # longer than any provider repeats itself (Mailgun: 8 hours)
SESSIONS = timedelta(days=90)  # ended ones stay this long for the list of past sign-ins
DRAFTS = timedelta(days=7)  # a file uploaded for a message that was never sent
BATCH = 500

log = structlog.get_logger()


def tidy() -> None:
    """Do every chore; one that fails does not keep the others from their turn."""
    for chore in (forget_receipts, forget_registrations, forget_sessions, discard_drafts):
        _alone(chore)


def forget_receipts() -> None:
    """Forget the tokens of webhooks that can no longer come again."""
    db.session.execute(sa.delete(ProviderReceipt).where(ProviderReceipt.received_at < now() - RECEIPTS))


def forget_registrations() -> None:
    """Forget who wanted to register and never confirmed it."""
    db.session.execute(sa.delete(Registration).where(Registration.expires_at < now()))


def forget_sessions() -> None:
    """Forget sessions that ended or ran out long ago."""
    over = sa.func.coalesce(Session.ended_at, Session.expires_at)
    db.session.execute(sa.delete(Session).where(over < now() - SESSIONS))


def discard_drafts() -> None:
    """Discard files that never became part of a message."""
    for tenant_id in list(db.session.scalars(sa.select(Organisation.id))):
        with acting_for(tenant_id):
            old = sa.select(Attachment).where(
                Attachment.tenant_id == tenant_id,
                Attachment.comment_id.is_(None),
                Attachment.created_at < now() - DRAFTS,
            )
            for draft in db.session.scalars(old.limit(BATCH)).all():
                discard(draft)
        db.session.commit()


def _alone(chore: Callable[[], None]) -> None:
    try:
        chore()
        db.session.commit()
    except sa.exc.DBAPIError:
        db.session.rollback()
        log.exception("housekeeping.failed", chore=chore.__name__)
