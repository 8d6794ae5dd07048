"""Loads the demo, once; throws everything away and loads it anew; says who can sign in."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app.auth import passwords
from app.auth.models import User
from app.demo.people import COMPANIES, PARTNERS, Company, Someone
from app.demo.stories import Cast, stories, tell
from app.extensions import db, new_id
from app.jobs import Job
from app.organisations.models import Organisation, Partner, PartnerMembership
from app.signup import add_member, add_queue, open_organisation
from app.tenancy import acting_for
from app.tickets.attaching import storage
from app.tickets.conversation import Attachment
from app.tickets.settings import Joining, Queue
from config import ROOT

PASSWORD_FILE = ROOT / "var" / "demo-password"


@dataclass(frozen=True)
class Login:
    """Somebody of the demo who can sign in."""

    name: str
    email: str
    what: str


def logins() -> list[Login]:
    """Who can sign in to the demo, and as what: one for each role, for `bin/dev` to print."""
    found = {who.email: f"partner admin of {name}" for name, who in PARTNERS.values()}
    names = {who.email: who.name for _, who in PARTNERS.values()}
    for company in COMPANIES:
        for who, role in company.staff.items():
            names[who.email] = who.name
            found.setdefault(who.email, f"{role.value} at {company.name}")
    return [Login(names[email], email, what) for email, what in found.items()]


def password(kept: Path = PASSWORD_FILE) -> str:
    """The demo's password on this installation: made by chance the first time, and kept."""
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("-".join(secrets.token_hex(2) for _ in range(3)))
    return kept.read_text()


def is_loaded() -> bool:
    """Whether the demo is there already."""
    slugs = [company.slug for company in COMPANIES]
    return (
        db.session.scalar(sa.select(Organisation.id).where(Organisation.slug.in_(slugs)).limit(1)) is not None
    )


def load(password: str) -> int:
    """Make everything, in the caller's transaction. Answers how many tickets; none where the demo is there."""
    if is_loaded():
        return 0
    stored = passwords.hashed(password)
    users: dict[Someone, User] = {}
    partners = {key: _partner(key, name, who, users, stored) for key, (name, who) in PARTNERS.items()}
    return sum(_company(each, partners.get(each.partner or ""), users, stored) for each in COMPANIES)


def clear() -> None:
    """Empty every table and delete every file of a ticket. For development only: the caller sees to that."""
    keys: list[str] = []
    for organisation_id in db.session.scalars(sa.select(Organisation.id)).all():
        with acting_for(organisation_id):
            keys += db.session.scalars(sa.select(Attachment.storage_key))
    tables = ", ".join(table.name for table in db.metadata.sorted_tables)
    db.session.execute(sa.text(f"TRUNCATE {tables}"))
    db.session.commit()
    for key in keys:
        storage().delete(key)


def _partner(slug: str, name: str, who: Someone, users: dict[Someone, User], stored: str) -> Partner:
    partner = Partner(id=new_id(), name=name, slug=slug)
    db.session.add(partner)
    db.session.flush()
    db.session.add(PartnerMembership(partner_id=partner.id, user_id=_user(who, users, stored).id))
    return partner


def _user(who: Someone, users: dict[Someone, User], stored: str) -> User:
    if who not in users:
        users[who] = User(id=new_id(), email=who.email, name=who.name, password_hash=stored)
        db.session.add(users[who])
        db.session.flush()
    return users[who]


def _company(company: Company, partner: Partner | None, users: dict[Someone, User], stored: str) -> int:
    organisation = open_organisation(company.name, partner=partner, slug=company.slug)
    with acting_for(organisation.id):
        queues = {queue.name: queue for queue in db.session.scalars(sa.select(Queue))}
        for name in company.queues:
            queues[name] = add_queue(name, organisation)
            queues[name].members_only = name in company.private
            if name in company.public_lists:
                queues[name].joining, queues[name].accepts_lists = Joining.ANYONE, True
        members = {}
        for who, role in company.staff.items():
            works = [q for q in queues.values() if who.key in company.private.get(q.name, (who.key,))]
            members[who.key] = add_member(organisation, _user(who, users, stored), role, *works)
        told = [tell(story, Cast(queues, members)) for story in stories(company.slug)]
        # What follows from these events would mail people who do not exist.
        db.session.flush()
        db.session.execute(sa.delete(Job).where(Job.tenant_id == organisation.id))
    return len(told)
