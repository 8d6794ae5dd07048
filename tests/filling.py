"""A row of every tenant-owned table in an organisation, so that a leak of any of them shows."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import sqlalchemy as sa
from PIL import Image

from app.auth.models import Portrait, Session
from app.events import Event
from app.extensions import db, new_id, now
from app.jobs import Job
from app.mail.check_models import AddressCheck, CheckKind
from app.mail.models import InboundMessage, MessageReference, OutboundKind, OutboundMessage
from app.notifications.choosing import Reason
from app.notifications.models import MailState, Notification, Preferences
from app.notifications.watching import watch
from app.organisations.models import Invitation, Membership
from app.policy import Actor, ActorKind, Role
from app.tenancy import acting_for, tenanted_models
from app.tickets import attaching, changing
from app.tickets.commenting import Message, note, reply
from app.tickets.conversation import Comment
from app.tickets.models import Counters, Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Mailbox, Queue, Status, Tag
from tests.world import House


@dataclass(frozen=True)
class Filled:
    """What a foreigner could name of the organisation."""

    house: House
    number: int
    ticket_id: UUID
    comment_id: UUID
    attachment_id: UUID
    draft_id: UUID
    storage_key: str
    event_id: UUID
    inbound_id: UUID
    outbound_id: UUID
    status_id: UUID
    queue_id: UUID
    contact_id: UUID
    tag: str
    session_id: UUID
    invitation_id: UUID
    notification_id: UUID
    mailbox_id: UUID
    check_id: UUID


def fill(house: House, *, number: int = 1) -> Filled:
    """Put a row into every tenant-owned table, commit, and say what is there. The ticket gets the number."""
    with acting_for(house.id):
        db.session.add(Counters(last_number=number - 1))
        ticket = _ticket(house)
        draft = attaching.store(_picture(), by=house.admin.actor)
        inbound, outbound = _mails(house, ticket)
        notification = _tell(house, ticket, outbound)
        db.session.execute(
            sa.update(Job).values(run_at=now() + timedelta(hours=1))
        )  # what is to follow stays where it is
        db.session.add(Job(name="events.react", lane="bulk", args=[], run_at=now() + timedelta(hours=1)))
        db.session.flush()
        filled = Filled(
            house,
            ticket.number,
            ticket.id,
            inbound.comment_id,
            db.session.scalars(
                sa.select(attaching.Attachment.id).where(attaching.Attachment.comment_id.is_not(None))
            ).first(),
            draft.id,
            draft.storage_key,
            db.session.scalar(sa.text("SELECT id FROM events ORDER BY id LIMIT 1")),
            inbound.id,
            outbound.id,
            ticket.status_id,
            ticket.queue_id,
            ticket.requester_id,
            db.session.scalars(sa.select(Tag.name)).first(),
            _session(house),
            _invitation(house),
            notification,
            *_address(house),
        )
    db.session.commit()
    return filled


def _ticket(house: House) -> Ticket:
    queue = db.session.get_one(Queue, (house.id, house.queue_id))
    requester = find_or_add_contact(f"rita@{house.slug}.example", "Rita")
    by = Actor(ActorKind.CONTACT, house.id, "Rita", contact_id=requester.id)
    message = Message.plain(f"a secret of {house.name}", [attaching.store(_picture())])
    ticket = open_ticket(Request(f"A matter of {house.name}", queue, requester, message), by=by)
    staff = house.staff.actor
    changing.assign(ticket, db.session.get_one(Membership, (house.id, house.staff.membership_id)), by=staff)
    changing.tag_with(ticket, [f"tag of {house.slug}"], by=staff)
    changing.add_participant(ticket, find_or_add_contact(f"carl@{house.slug}.example"), by=staff)
    reply(ticket, Message.plain("an answer"), by=staff)
    note(ticket, Message.plain("a note"), by=staff)
    return ticket


def _address(house: House) -> tuple[UUID, UUID]:
    """The queue's mailbox, and a check of its address."""
    mailbox = db.session.scalars(sa.select(Mailbox.id)).first()
    check = AddressCheck(
        id=new_id(),
        kind=CheckKind.ROUND_TRIP,
        mailbox_id=mailbox,
        address=house.address,
        code=str(new_id()),
        asker=["x", "x@example.com"],
    )
    db.session.add(check)
    db.session.flush()
    return mailbox, check.id


def _session(house: House) -> UUID:
    """The staff member's browser, and their picture."""
    session = Session(
        id=new_id(),
        token_hash=str(new_id()),
        user_id=house.staff.user_id,
        host="x",
        expires_at=now() + timedelta(1),
    )
    db.session.add(session)
    db.session.add(Portrait(user_id=house.staff.user_id, data=b"x", content_type="image/png"))
    db.session.flush()
    return session.id


def _invitation(house: House) -> UUID:
    invitation = Invitation(
        id=new_id(),
        email=f"ina@{house.slug}.example",
        role=Role.STAFF,
        queue_ids=[],
        token_hash=str(new_id()),
        invited_by_id=house.admin.user_id,
        expires_at=now() + timedelta(days=7),
    )
    db.session.add(invitation)
    db.session.flush()
    return invitation.id


def _mails(house: House, ticket: Ticket) -> tuple[InboundMessage, OutboundMessage]:
    mailbox = db.session.scalars(sa.select(Mailbox)).first()
    first = db.session.scalars(sa.select(Comment.id).where(Comment.is_first)).one()
    inbound = InboundMessage(
        id=new_id(),
        mailbox_id=mailbox.id,
        recipient=mailbox.address,
        raw=b"Subject: x\r\n\r\nx",
        size=15,
        ticket_id=ticket.id,
        comment_id=first,
    )
    outbound = OutboundMessage(
        id=new_id(),
        kind=OutboundKind.REPLY,
        purpose="filled",
        ticket_id=ticket.id,
        message_id=f"<{new_id()}@mail.example.com>",
        to=[["Rita", "rita@example.com"]],
        subject="x",
    )
    reference = MessageReference(message_hash=str(new_id()), ticket_id=ticket.id)
    db.session.add_all([inbound, outbound, reference])
    db.session.flush()
    return inbound, outbound


def _tell(house: House, ticket: Ticket, outbound: OutboundMessage) -> UUID:
    member = house.staff.membership_id
    watch(ticket, by=house.staff.actor)
    own_id = new_id()
    told = Notification(
        id=own_id,
        membership_id=member,
        event_id=db.session.scalar(sa.select(Event.id).limit(1)),
        ticket_id=ticket.id,
        reason=Reason.NEW_TICKET,
        fold=own_id,
        is_shown=True,
        mail=MailState.WRITTEN,
        outbound_id=outbound.id,
    )
    db.session.add_all([told, Preferences(membership_id=member)])
    return own_id


def _picture() -> attaching.File:
    written = BytesIO()
    Image.new("RGB", (8, 8), "red").save(written, "PNG")
    return attaching.File("picture.png", "image/png", written.getvalue())


def fingerprint(house: House) -> dict[str, str]:
    """A digest of every row the organisation has, by table: equal before and after means nothing changed."""
    with acting_for(house.id):
        return {
            model.__tablename__: db.session.scalar(
                sa.text(
                    f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t.id)), '')"
                    f" FROM {model.__tablename__} t"
                )
            )
            for model in tenanted_models()
        }


def statuses(house: House) -> list[Status]:
    with acting_for(house.id):
        return list(db.session.scalars(sa.select(Status).order_by(Status.position)))
