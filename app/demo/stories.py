"""Tells the demo's tickets through the product's own verbs, and sets each step back to when it is said to be."""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.demo.pictures import picture
from app.events import Event
from app.extensions import db, now
from app.organisations.models import Membership
from app.policy import Actor, ActorKind
from app.tickets import attaching, changing
from app.tickets.commenting import Message, note, reply
from app.tickets.conversation import Attachment, Comment
from app.tickets.models import Priority, Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Contact, Queue, StatusCategory

MOMENTS = ("created_at", "last_message_at", "waiting_since", "first_response_at", "resolved_at", "closed_at")


@dataclass(frozen=True)
class Cast:
    """Who and what a story can name: queues by name, members by key."""

    queues: dict[str, Queue]
    members: dict[str, Membership]


def stories(slug: str) -> list[dict[str, Any]]:
    """What tickets.toml tells of the organisation, oldest first."""
    told = tomllib.loads((Path(__file__).parent / "tickets.toml").read_text())["ticket"]
    return sorted((each for each in told if each["organisation"] == slug), key=lambda each: -each["days"])


def tell(story: dict[str, Any], cast: Cast) -> Ticket:
    """Make the ticket with everything that was said and done on it."""
    name, email = parseaddr(story["from"])
    requester = find_or_add_contact(email, name)
    requester_actor = Actor(ActorKind.CONTACT, requester.tenant_id, name, contact_id=requester.id)
    clock = Clock(now() - timedelta(days=story["days"]))
    ticket = _open(story, cast, requester, requester_actor)
    clock.stamp(ticket)
    member = cast.members.get(story.get("assignee", ""))
    if member:
        changing.assign(ticket, member, by=member.as_actor())
    if story.get("tags"):
        changing.tag_with(ticket, story["tags"], by=(member.as_actor() if member else _system(ticket)))
    if "due" in story:
        due = (now() + timedelta(days=story["due"])).replace(minute=0, second=0, microsecond=0)
        changing.set_due(ticket, due, by=member.as_actor() if member else _system(ticket))
    clock.pass_by(0.1, ticket)
    for line in story.get("say", ()):
        _say(ticket, line, requester_actor, cast)
        clock.pass_by(line["after"], ticket)
    changing.move_to_category(
        ticket, StatusCategory(story["status"]), by=member.as_actor() if member else _system(ticket)
    )
    clock.pass_by(0.2, ticket)
    clock.write(ticket)
    return ticket


def _open(story: dict[str, Any], cast: Cast, requester: Contact, by: Actor) -> Ticket:
    files: list[Attachment] = []
    if "picture" in story:
        files.append(
            attaching.store(attaching.File(story["picture"], "image/png", picture(story["picture"])))
        )
    return open_ticket(
        Request(
            subject=story["subject"],
            queue=cast.queues[story.get("queue", "Support")],
            requester=requester,
            message=Message.plain(story["text"], files),
            priority=Priority[story.get("priority", "medium").upper()],
            origin="email",
        ),
        by=by,
    )


def _say(ticket: Ticket, line: dict[str, Any], requester: Actor, cast: Cast) -> None:
    by = requester if line["by"] == "requester" else cast.members[line["by"]].as_actor()
    (note if line.get("note") else reply)(ticket, Message.plain(line["text"]), by=by)


def _system(ticket: Ticket) -> Actor:
    return Actor(ActorKind.SYSTEM, ticket.tenant_id)


class Clock:
    """Goes through the story's hours. What a step changed is written down with that step's time at the end."""

    def __init__(self, begins: datetime) -> None:
        self.at = begins
        self.moments: dict[str, datetime | None] = {}
        self.before: dict[str, datetime | None] = dict.fromkeys(MOMENTS)
        self.rows: dict[UUID, datetime] = {}

    def pass_by(self, hours: float, ticket: Ticket) -> None:
        """So long later, but never in the future, the step was done."""
        self.at = min(self.at + timedelta(hours=hours), now() - timedelta(minutes=1))
        self.stamp(ticket)

    def stamp(self, ticket: Ticket) -> None:
        """Note the present time for every moment and row that the last step made."""
        db.session.flush()
        for name in MOMENTS:
            value = getattr(ticket, name)
            if value != self.before[name]:
                self.before[name] = value
                self.moments[name] = self.at if value else None
        for kind in (Comment, Event):
            for row_id in db.session.scalars(sa.select(kind.id).where(kind.ticket_id == ticket.id)):
                self.rows.setdefault(row_id, self.at)

    def write(self, ticket: Ticket) -> None:
        """Set everything back."""
        for kind in (Comment, Event):
            for row_id, at in self.rows.items():
                _set(
                    sa.update(kind).where(kind.tenant_id == ticket.tenant_id, kind.id == row_id),
                    created_at=at,
                )
        self.moments["updated_at"] = self.at
        _set(
            sa.update(Ticket).where(Ticket.tenant_id == ticket.tenant_id, Ticket.id == ticket.id),
            **self.moments,
        )
        db.session.expire(ticket)


def _set(statement: sa.Update, **values: datetime | None) -> None:
    db.session.execute(statement.values(values).execution_options(synchronize_session=False))
