"""What follows an event. Read this file to know every side effect there is."""

from app.events import Event, EventKind, on
from app.extensions import db
from app.mail import acknowledge, posting, reopening
from app.notifications import jobs as jobs  # declares the job that writes mail
from app.notifications import letters as letters  # declares who writes notices
from app.notifications import telling
from app.tickets.conversation import Comment
from app.tickets.models import Ticket


@on(EventKind.COMMENT_PUBLIC_BY_AGENT)
def mail_the_reply(event: Event) -> None:
    """What the organisation says in public goes to the requester and participants."""
    posting.post_reply(_ticket(event), _comment(event))


@on(EventKind.TICKET_CREATED)
def acknowledge_the_mail(event: Event) -> None:
    """Whoever opened a ticket by mail learns that it has arrived, where that is safe."""
    acknowledge.acknowledge(_ticket(event), _comment(event))


@on(EventKind.ORGANISATION_REOPENED)
def let_its_mail_in(event: Event) -> None:
    """What came and what was to leave while the organisation was suspended takes its way."""
    reopening.let_in()


@on(
    EventKind.TICKET_CREATED,
    EventKind.TICKET_ASSIGNED,
    EventKind.TICKET_QUEUE_CHANGED,
    EventKind.COMMENT_PUBLIC_BY_REQUESTER,
    EventKind.COMMENT_PUBLIC_BY_AGENT,
    EventKind.COMMENT_INTERNAL,
    EventKind.EMAIL_BOUNCED,
    EventKind.EMAIL_FAILED,
)
def tell_members(event: Event) -> None:
    """Members whom it concerns see it in the bell and, as each likes, get a mail."""
    telling.tell(event)


def _ticket(event: Event) -> Ticket:
    return db.session.get_one(Ticket, (event.tenant_id, event.ticket_id))


def _comment(event: Event) -> Comment:
    return db.session.get_one(Comment, (event.tenant_id, event.comment_id))
