"""Invitations: one address, one organisation, one row; accepted once, by whoever has that address."""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from app.account import letters
from app.auth import throttling
from app.auth.links import LinkEnded, hash_of
from app.auth.models import User
from app.auth.signing_in import normal_email
from app.events import EventKind, record
from app.extensions import db, new_id, now
from app.mail.posting import post_notice
from app.members.queues import add_to_queues
from app.organisations.models import Invitation, Membership, Organisation
from app.policy import Actor, NotAllowed, Role, may_give
from app.signup import add_member
from app.tenancy import acting_for
from app.tickets.settings import Queue

LASTS = timedelta(days=7)
TOKEN = re.compile(r"([0-9a-f]{32})\.[\w-]{43}")


class AlreadyMember(Exception):
    """Whoever has the address belongs to the organisation."""


class AlreadyInvited(Exception):
    """There is an open invitation for the address; it can be sent again."""


def invite(organisation: Organisation, email: str, role: Role, queues: Sequence[Queue], *, by: Actor) -> None:
    """Invite the address and mail it a link. Raises NotAllowed, AlreadyMember, AlreadyInvited or Throttled."""
    if not may_give(by, role):
        raise NotAllowed("a role above one's own")
    email = normal_email(email)
    if _is_member(email):
        raise AlreadyMember
    invitation = Invitation(
        id=new_id(),
        email=email,
        role=role,
        queue_ids=[str(queue.id) for queue in queues],
        token_hash="",
        invited_by_id=by.user_id,
        expires_at=now() + LASTS,
    )
    _close_expired(email)
    token = _new_token(invitation, organisation)
    try:
        with db.session.begin_nested():
            db.session.add(invitation)
    except sa.exc.IntegrityError as error:
        raise AlreadyInvited from error
    throttling.count_invitation(organisation.id, email)
    _mail(invitation, organisation, token, by)
    record(EventKind.MEMBER_INVITED, by=by, changes={"email": [None, email], "role": [None, role.value]})


def resend(invitation: Invitation, organisation: Organisation, *, by: Actor) -> None:
    """Mail a new link for another week; the one mailed before stops working. Raises NotAllowed or Throttled."""
    if not may_give(by, invitation.role):
        raise NotAllowed("a role above one's own")
    throttling.count_invitation(organisation.id, invitation.email)
    token = _new_token(invitation, organisation)
    invitation.sent_at, invitation.expires_at = now(), now() + LASTS
    _mail(invitation, organisation, token, by)


def withdraw(invitation: Invitation, *, by: Actor) -> None:
    """The link stops working."""
    if not may_give(by, invitation.role):
        raise NotAllowed("a role above one's own")
    invitation.revoked_at = now()
    record(EventKind.MEMBER_INVITATION_WITHDRAWN, by=by, changes={"email": [invitation.email, None]})


def open_invitations(tenant_id: UUID) -> "sa.Select[Invitation]":
    """Those neither accepted nor withdrawn, newest first; expired ones too: they can be sent again."""
    return (
        sa.select(Invitation)
        .where(
            Invitation.tenant_id == tenant_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .order_by(Invitation.sent_at.desc(), Invitation.id.desc())
    )


@contextmanager
def invitation_of(token: str) -> Iterator[tuple[Invitation, Organisation]]:
    """The invitation behind a link, the session acting for its organisation meanwhile. Raises LinkEnded.

    The organisation is part of the token, so that a row is looked for in that one and nowhere else.
    """
    found = TOKEN.fullmatch(token)
    organisation = db.session.get(Organisation, UUID(hex=found.group(1))) if found else None
    if organisation is None or organisation.suspended_at is not None:
        raise LinkEnded
    with acting_for(organisation.id):
        good = sa.select(Invitation).where(Invitation.token_hash == hash_of(token), *_good(organisation.id))
        invitation = db.session.scalar(good)
        if invitation is None:
            raise LinkEnded
        yield invitation, organisation


def accept(invitation: Invitation, organisation: Organisation, user: User) -> Membership:
    """Make the user a member, once: of any number at once, one gets through. Raises LinkEnded or NotAllowed."""
    if user.email != invitation.email:
        raise NotAllowed("invited is another address")
    mine = sa.update(Invitation).where(Invitation.id == invitation.id, *_good(organisation.id))
    if db.session.scalar(mine.values(accepted_at=now()).returning(Invitation.id)) is None:
        raise LinkEnded
    membership = _membership(user, invitation, organisation)
    db.session.flush()
    changes = {"role": [None, membership.role.value]}
    record(EventKind.MEMBER_JOINED, by=membership.as_actor(), changes=changes)
    return membership


def _membership(user: User, invitation: Invitation, organisation: Organisation) -> Membership:
    """A new membership, or the one that had ended, with the invitation's role and queues."""
    wanted = {UUID(each) for each in invitation.queue_ids}
    queues = db.session.scalars(
        sa.select(Queue).where(Queue.tenant_id == organisation.id, Queue.id.in_(wanted))
    ).all()
    before = db.session.scalar(
        sa.select(Membership)
        .where(Membership.tenant_id == organisation.id, Membership.user_id == user.id)
        .with_for_update(of=Membership)
    )
    if before is None:
        return add_member(organisation, user, invitation.role, *queues)
    if before.ended_at is not None:
        before.ended_at, before.role = None, invitation.role
        add_to_queues(before, queues)
    return before


def _is_member(email: str) -> bool:
    return bool(
        db.session.scalar(
            sa.select(Membership.id)
            .join(Membership.user)
            .where(User.email == email, Membership.ended_at.is_(None))
        )
    )


def _close_expired(email: str) -> None:
    """An invitation that ran out does not stand in the way of a new one."""
    old = sa.update(Invitation).where(Invitation.email == email, Invitation.expires_at <= now())
    open_ones = old.where(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))
    db.session.execute(open_ones.values(revoked_at=now()))


def _new_token(invitation: Invitation, organisation: Organisation) -> str:
    token = f"{organisation.id.hex}.{secrets.token_urlsafe(32)}"
    invitation.token_hash = hash_of(token)
    return token


def _mail(invitation: Invitation, organisation: Organisation, token: str, by: Actor) -> None:
    with force_locale(organisation.locale):
        words = letters.Words(
            gettext("Join %(organisation)s on WorkTrackr", organisation=organisation.name),
            gettext(
                "%(name)s invites you to %(organisation)s, which answers its customers with WorkTrackr. "
                "Accept within a week:",
                name=by.name,
                organisation=organisation.name,
            ),
            gettext("If you do not know them, do nothing: no account is made."),
            f"{letters.base()}/invitations/{token}",
        )
    notice = letters.notice_of(invitation.email, words, organisation.locale)
    purpose = f"invitation:{invitation.token_hash[:32]}"
    post_notice(notice, purpose=purpose, expires_at=invitation.expires_at)


def _good(tenant_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Invitation.tenant_id == tenant_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > sa.func.now(),
    )
