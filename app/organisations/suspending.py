"""Suspending a partner or an organisation, and opening it again: the one place where either is written.

A suspended organisation keeps everything. Its members see why they cannot work, its mail is taken and held, and
nothing is sent for it.
"""

import sqlalchemy as sa

from app.events import EventKind, record
from app.extensions import db, now
from app.organisations.models import Organisation, Partner
from app.policy import Actor, ActorKind
from app.tenancy import acting_for


def suspend(organisation: Organisation, because: str) -> None:
    """Close the organisation; `because` is what its members read. Once suspended, only the words change."""
    was_open = not organisation.is_suspended
    organisation.suspended_at = organisation.suspended_at or now()
    organisation.suspended_because = because
    if was_open:
        _say(EventKind.ORGANISATION_SUSPENDED, organisation, because)


def reopen(organisation: Organisation) -> None:
    """Open the organisation again. While its partner is suspended it stays closed."""
    was_open = not organisation.is_suspended
    organisation.suspended_at, organisation.suspended_because = None, ""
    if not was_open and not organisation.is_suspended:
        _say(EventKind.ORGANISATION_REOPENED, organisation)


def suspend_partner(partner: Partner) -> list[Organisation]:
    """Close every organisation of the partner. Answers those that were open."""
    closed = [each for each in _organisations(partner) if not each.is_suspended]
    partner.suspended_at = partner.suspended_at or now()
    for organisation in closed:
        _say(EventKind.ORGANISATION_SUSPENDED, organisation)
    return closed


def reopen_partner(partner: Partner) -> list[Organisation]:
    """Open the partner's organisations again, but for those suspended by themselves. Answers those opened."""
    if partner.suspended_at is None:
        return []
    partner.suspended_at = None
    opened = [each for each in _organisations(partner) if not each.is_suspended]
    for organisation in opened:
        _say(EventKind.ORGANISATION_REOPENED, organisation)
    return opened


def _organisations(partner: Partner) -> list[Organisation]:
    found = sa.select(Organisation).where(Organisation.partner_id == partner.id).order_by(Organisation.slug)
    return list(db.session.scalars(found))


def _say(kind: EventKind, organisation: Organisation, because: str = "") -> None:
    with acting_for(organisation.id):
        record(
            kind,
            by=Actor(ActorKind.SYSTEM, organisation.id),
            changes={"because": [None, because]} if because else {},
        )
