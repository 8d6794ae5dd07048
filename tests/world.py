"""A small named world: two organisations of two partners, and one member for each role in each of them.

Everybody's password is `PASSWORD`. The world holds names and ids only, so it can be used in any session.
"""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher

from app.auth.models import User
from app.extensions import db, new_id
from app.organisations.models import Organisation, Partner, PartnerMembership
from app.policy import Actor, ActorKind, Role
from app.signup import add_member, open_organisation
from app.tenancy import acting_for
from app.tickets.settings import Mailbox, Queue

PASSWORD = "a long walk by the grey canal"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True)
class Person:
    """A member: who signs in, and as what."""

    tenant_id: UUID
    user_id: UUID
    membership_id: UUID | None  # none for a partner's admin
    role: Role
    name: str
    email: str

    @property
    def actor(self) -> Actor:
        return Actor(
            ActorKind.AGENT,
            self.tenant_id,
            self.name,
            user_id=self.user_id,
            membership_id=self.membership_id,
            role=self.role,
        )


@dataclass(frozen=True)
class House:
    """An organisation with its partner, its one queue and that queue's address."""

    id: UUID
    partner_id: UUID
    name: str
    slug: str
    queue_id: UUID
    address: str
    people: dict[Role, Person]

    @property
    def staff(self) -> Person:
        return self.people[Role.STAFF]

    @property
    def manager(self) -> Person:
        return self.people[Role.MANAGER]

    @property
    def admin(self) -> Person:
        return self.people[Role.ADMIN]

    @property
    def partner_admin(self) -> Person:
        return self.people[Role.PARTNER_ADMIN]

    def path(self, rest: str = "/") -> str:
        return f"/o/{self.slug}{rest}"


@dataclass(frozen=True)
class World:
    """Acme is looked after by Northwind, Globex by Southgate; nobody belongs to both."""

    acme: House
    globex: House

    @property
    def houses(self) -> tuple[House, House]:
        return self.acme, self.globex


def build() -> World:
    """Make the world and commit it. Needs an application context."""
    acme = _house("Acme", "Northwind", ("Ada Acme", "Mo Acme", "Alma Acme", "Nora Northwind"))
    globex = _house("Globex", "Southgate", ("Gus Globex", "Mia Globex", "Gita Globex", "Saul Southgate"))
    db.session.commit()
    return World(acme, globex)


def a_user(name: str) -> User:
    """A person who may sign in and belongs nowhere yet."""
    user = User(
        id=new_id(), name=name, email=f"{name.lower().replace(' ', '.')}@example.com", password_hash=HASHED
    )
    db.session.add(user)
    db.session.flush()
    return user


def _house(name: str, partner_name: str, names: tuple[str, str, str, str]) -> House:
    partner = Partner(id=new_id(), name=partner_name, slug=partner_name.lower())
    db.session.add(partner)
    db.session.flush()
    organisation = open_organisation(name, partner=partner, slug=name.lower())
    with acting_for(organisation.id):
        queue = db.session.scalars(sa.select(Queue)).one()
        address = db.session.scalars(sa.select(Mailbox.address)).one()
        people = {
            role: _person(organisation, partner, queue, role, each)
            for role, each in zip(Role, names, strict=True)
        }
        return House(organisation.id, partner.id, name, organisation.slug, queue.id, address, people)


def _person(organisation: Organisation, partner: Partner, queue: Queue, role: Role, name: str) -> Person:
    user = a_user(name)
    membership_id = None
    if role is Role.PARTNER_ADMIN:
        db.session.add(PartnerMembership(partner_id=partner.id, user_id=user.id))
        db.session.flush()
    else:
        membership_id = add_member(organisation, user, role, queue).id
    return Person(organisation.id, user.id, membership_id, role, name, user.email)
