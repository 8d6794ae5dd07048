"""Who may do what: roles, permissions and the table between them, as data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class Role(StrEnum):
    """What a member is in one organisation. A partner admin acts as admin in its partner's organisations."""

    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"
    PARTNER_ADMIN = "partner_admin"


class Permission(StrEnum):
    """One thing a member may be allowed to do."""

    TICKET_READ = "ticket.read"
    TICKET_CREATE = "ticket.create"
    TICKET_COMMENT = "ticket.comment"
    TICKET_EDIT = "ticket.edit"
    TEAM_READ = "team.read"
    CONTACT_EDIT = "contact.edit"
    CONTACT_MERGE = "contact.merge"
    CONTACT_BLOCK = "contact.block"
    MAIL_READ = "mail.read"
    MAIL_RELEASE = "mail.release"
    MEMBERS_MANAGE = "members.manage"
    SETTINGS_MANAGE = "settings.manage"
    BRANDING_MANAGE = "branding.manage"
    BILLING_MANAGE = "billing.manage"
    PARTNER_MANAGE = "partner.manage"


_STAFF = frozenset(
    {
        Permission.TICKET_READ,
        Permission.TICKET_CREATE,
        Permission.TICKET_COMMENT,
        Permission.TICKET_EDIT,
        Permission.CONTACT_EDIT,
    }
)
_MANAGER = _STAFF | {
    Permission.TEAM_READ,
    Permission.CONTACT_MERGE,
    Permission.CONTACT_BLOCK,
    Permission.MAIL_READ,
    Permission.MAIL_RELEASE,
}
_ADMIN = _MANAGER | {
    Permission.MEMBERS_MANAGE,
    Permission.SETTINGS_MANAGE,
    Permission.BRANDING_MANAGE,
    Permission.BILLING_MANAGE,
}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.STAFF: _STAFF,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.PARTNER_ADMIN: _ADMIN | {Permission.PARTNER_MANAGE},
}

# From the least to the most: nobody gives a role above their own.
RANKS = {role: rank for rank, role in enumerate(Role)}
# What a membership can be; a partner's admins are made with the partner.
GRANTABLE = (Role.STAFF, Role.MANAGER, Role.ADMIN)

SEES_ALL_QUEUES = frozenset({Role.MANAGER, Role.ADMIN, Role.PARTNER_ADMIN})


class ActorKind(StrEnum):
    """What sort of author an act has."""

    AGENT = "agent"
    CONTACT = "contact"
    SYSTEM = "system"
    WORKFLOW = "workflow"


@dataclass(frozen=True)
class Actor:
    """The author of an act: a member, a contact who wrote a mail, or the system itself."""

    kind: ActorKind
    tenant_id: UUID
    name: str = ""
    user_id: UUID | None = None
    contact_id: UUID | None = None
    membership_id: UUID | None = None
    role: Role | None = None

    @property
    def sees_all_queues(self) -> bool:
        return self.role in SEES_ALL_QUEUES


def may_give(actor: Actor, role: Role) -> bool:
    """Whether the actor may make somebody this, or change somebody who is: only up to the actor's own role."""
    return (
        can(actor, Permission.MEMBERS_MANAGE)
        and actor.role is not None
        and role in GRANTABLE
        and RANKS[role] <= RANKS[actor.role]
    )


class NotAllowed(Exception):
    """The actor may see the thing but not do this to it."""


class Conflict(Exception):
    """Somebody else changed the thing meanwhile; carries what each side has."""

    def __init__(self, field: str, yours: str, theirs: str) -> None:
        super().__init__(f"{field} was changed meanwhile")
        self.field, self.yours, self.theirs = field, yours, theirs


class LimitReached(Exception):
    """A plan's or a safety limit stands in the way; the message says what, how far and what to do."""


def can(actor: Actor, permission: Permission, thing: Any = None) -> bool:
    """Whether the actor may do this, to this thing where one is given."""
    if actor.kind is not ActorKind.AGENT or actor.role is None:
        return False
    if thing is not None and getattr(thing, "tenant_id", actor.tenant_id) != actor.tenant_id:
        return False
    return permission in ROLES[actor.role]
