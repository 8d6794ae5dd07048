"""What an organisation's mail does when it is open again: each mail held for the suspension is decided on, once."""

from datetime import timedelta

import sqlalchemy as sa

from app.extensions import db, now
from app.jobs import Job, JobState, Lane, job, later
from app.mail import send, settling
from app.mail.models import InboundMessage, InboundState
from app.organisations.models import Organisation
from app.tenancy import current_tenant_id

BATCH = 200
SOON = timedelta(minutes=2)  # a job due later than this is no worker's at the moment


@job(lane=Lane.BULK)
def let_in() -> None:
    """Have the mail held for the suspension decided on, oldest first, and what waited to be sent leave now."""
    if db.session.get_one(Organisation, current_tenant_id()).is_suspended:
        return
    held = db.session.scalars(
        sa.select(InboundMessage)
        .where(
            InboundMessage.tenant_id == current_tenant_id(),
            InboundMessage.state == InboundState.HELD,
            InboundMessage.reason == "suspended",
        )
        .order_by(InboundMessage.received_at)
        .limit(BATCH)
        .with_for_update()
    ).all()
    for message in held:
        settling.reconsider(message)
    if len(held) == BATCH:
        later(let_in)
    else:
        _hurry()


def _hurry() -> None:
    """What was put off for the suspension need not wait out its hour."""
    db.session.execute(
        sa.update(Job)
        .where(
            Job.tenant_id == current_tenant_id(),
            Job.state == JobState.DUE,
            Job.run_at > now() + SOON,
            Job.last_error.endswith(send.SUSPENDED),
        )
        .values(run_at=now())
    )
