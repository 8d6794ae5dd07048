"""Opening an organisation spans features: its admin, first queue with an address, and statuses."""

import re
import secrets
import unicodedata

import sqlalchemy as sa

from app.auth.models import User
from app.extensions import db, new_id
from app.mail.ours import fresh_address
from app.organisations.models import Membership, Organisation, Partner
from app.policy import Role
from app.tenancy import acting_for
from app.tickets.settings import Mailbox, Queue, QueueMember, Status, StatusCategory

STATUSES = (
    ("New", StatusCategory.NEW),
    ("Open", StatusCategory.OPEN),
    ("Waiting for requester", StatusCategory.PENDING),
    ("On hold", StatusCategory.ON_HOLD),
    ("Resolved", StatusCategory.RESOLVED),
    ("Closed", StatusCategory.CLOSED),
)
FIRST_QUEUE = "Support"
RESERVED = frozenset(
    "admin api app assets auth billing docs help mail o root static status support system webhooks www".split()
)


def open_organisation(
    name: str, *, admin: User | None = None, partner: Partner | None = None, slug: str | None = None
) -> Organisation:
    """Open an organisation ready for its first mail: a queue, an inbound address, statuses, its admin."""
    organisation = Organisation(
        id=new_id(), name=name, slug=slug or free_slug(name), partner_id=partner.id if partner else None
    )
    db.session.add(organisation)
    db.session.flush()
    with acting_for(organisation.id):
        for position, (label, category) in enumerate(STATUSES):
            db.session.add(Status(name=label, category=category, position=position))
        queue = add_queue(FIRST_QUEUE, organisation)
        if admin is not None:
            add_member(organisation, admin, Role.ADMIN, queue)
    return organisation


def add_queue(name: str, organisation: Organisation) -> Queue:
    """A queue with an address of its own."""
    queue = Queue(id=new_id(), name=name, slug=_slug(name) or "queue")
    db.session.add(queue)
    db.session.flush()
    db.session.add(Mailbox(queue_id=queue.id, address=fresh_address(organisation.slug, queue.slug)))
    return queue


def add_member(organisation: Organisation, user: User, role: Role, *queues: Queue) -> Membership:
    """Make the user a member who works these queues. Whoever calls has the user's consent."""
    membership = Membership(id=new_id(), user_id=user.id, role=role)
    db.session.add(membership)
    db.session.flush()
    for queue in queues:
        db.session.add(QueueMember(queue_id=queue.id, membership_id=membership.id))
    return membership


def free_slug(name: str) -> str:
    """A slug from the name that no organisation has. It says nothing of who has the plain one."""
    base = _slug(name)[:30].strip("-") or "team"
    taken = db.session.scalar(sa.select(Organisation.id).where(Organisation.slug == base))
    if taken is None and base not in RESERVED and len(base) > 1:
        return base
    return f"{base}-{secrets.token_hex(2)}"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
