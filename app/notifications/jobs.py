"""Jobs of notifications: one-line shells around their verbs."""

from uuid import UUID

from app.jobs import Lane, job
from app.notifications.mailing import mail_what_waits


@job(lane=Lane.MAIL)
def mail(membership_id: str) -> None:
    """Write the mails that are due to one member. Safe to run twice: written rows wait no longer."""
    mail_what_waits(UUID(membership_id))
