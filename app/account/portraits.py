"""Pictures of people: made anew, small, and shown to those who share an organisation with them."""

import hashlib
from uuid import UUID

import sqlalchemy as sa
from flask import g

from app.auth.models import Portrait, User
from app.extensions import db
from app.organisations.models import Membership, PartnerMembership
from app.policy import Actor
from app.thumbnails import thumbnail

LARGEST = 10_000_000  # bytes of what is given
SIDE = 256  # pixels; twice what the largest place shows


def give(user: User, data: bytes) -> None:
    """Make the picture the user's. Raises NotAPicture."""
    picture = thumbnail(data, SIDE)
    row = db.session.get(Portrait, user.id) or Portrait(user_id=user.id)
    row.data, row.content_type = picture.data, picture.content_type
    db.session.add(row)
    user.picture_mark = hashlib.sha256(picture.data).hexdigest()[:12]


def take_away(user: User) -> None:
    """Back to initials."""
    db.session.execute(sa.delete(Portrait).where(Portrait.user_id == user.id))
    user.picture_mark = None


def visible_portrait(user_id: UUID, viewer: User, member: Actor | None) -> "sa.Select[Portrait]":
    """The user's picture for a viewer: their own, or inside an organisation one of somebody who is or was in it."""
    select = sa.select(Portrait).where(Portrait.user_id == user_id)
    if user_id == viewer.id:
        return select
    if member is None:
        return select.where(sa.false())
    members = sa.select(Membership.user_id).where(Membership.tenant_id == member.tenant_id)
    partner_id = g.organisation.partner_id
    partners = sa.select(PartnerMembership.user_id).where(PartnerMembership.partner_id == partner_id)
    return select.where(sa.or_(Portrait.user_id.in_(members), Portrait.user_id.in_(partners)))
