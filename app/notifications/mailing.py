"""Writing what waits into mails: looked at once more, bundled, each an outbound message with its own purpose."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from app.auth.models import User
from app.extensions import db, now
from app.mail.models import OutboundMessage
from app.mail.posting import post_to_member
from app.mail.wording import bare_subject
from app.notifications.bundling import HOUR, Bundle, Notice, Sent, plan
from app.notifications.choosing import Reason
from app.notifications.models import MailState, Notification, Preferences
from app.notifications.noting import ask_for_mail, lock
from app.notifications.recipients import Recipient
from app.notifications.timing import WINDOW, Digest, end_of_quiet
from app.organisations.models import Membership, Organisation
from app.tickets.models import Ticket

MOST_AT_ONCE = 10_000


class Waiting(NamedTuple):
    """A notification whose mail is due."""

    id: UUID
    membership_id: UUID
    ticket_id: UUID
    fold: UUID
    reason: Reason
    read_at: datetime | None


def mail_what_waits(membership_id: UUID) -> None:
    """Write the mails that are due to the member. What they have read, or may no longer see, is left out."""
    lock([membership_id])
    rows = _due_rows(membership_id)
    found = _member(membership_id)
    if not rows:
        return
    if found is None:
        _mark(rows, MailState.DROPPED)
        return
    membership, recipient = found
    kept = _still_wanted(rows, membership, recipient)
    if not kept:
        return
    wait_until = end_of_quiet(now(), recipient.rhythm)
    if wait_until > now():
        _postpone(kept, wait_until)
        return
    planned = plan(
        [Notice(each.id, each.ticket_id, each.fold) for each in kept],
        _sent(membership_id),
        now(),
        wants_digest=recipient.rhythm.digest is not Digest.AT_ONCE,
    )
    by_id = {each.id: each for each in kept}
    for bundle in planned.mails:
        _post(bundle, [by_id[notice.id] for notice in bundle.notices], membership, recipient)
    if planned.until:
        _postpone([by_id[notice.id] for notice in planned.waiting], planned.until)
    if len(rows) == MOST_AT_ONCE:
        ask_for_mail(membership_id, now() + WINDOW)


def _due_rows(membership_id: UUID) -> list[Waiting]:
    columns = (Notification.id, Notification.membership_id, Notification.ticket_id, Notification.fold)
    rows = db.session.execute(
        sa.select(*columns, Notification.reason, Notification.read_at)
        .where(
            Notification.membership_id == membership_id,
            Notification.mail == MailState.WAITING,
            Notification.mail_due_at <= now() + WINDOW,
        )
        .order_by(Notification.id)
        .limit(MOST_AT_ONCE)
    )
    return [Waiting(*row) for row in rows]


def _member(membership_id: UUID) -> tuple[Membership, Recipient] | None:
    """The member with their preferences as they are now; None once they left or may not sign in."""
    found = db.session.execute(
        sa.select(Membership, User, Preferences)
        .join(User, User.id == Membership.user_id)
        .outerjoin(
            Preferences,
            sa.and_(
                Preferences.tenant_id == Membership.tenant_id, Preferences.membership_id == Membership.id
            ),
        )
        .where(Membership.id == membership_id, Membership.ended_at.is_(None), User.disabled_at.is_(None))
        .execution_options(populate_existing=True)
    ).first()
    return (found[0], Recipient.of(*found)) if found else None


def _still_wanted(rows: list[Waiting], membership: Membership, recipient: Recipient) -> list[Waiting]:
    visible = set(
        db.session.scalars(
            Ticket.visible_to(membership.as_actor())
            .with_only_columns(Ticket.id)
            .where(Ticket.id.in_({each.ticket_id for each in rows}))
        )
    )
    allowed = [row for row in rows if row.ticket_id in visible and recipient.wants_mail]
    _mark(set(rows) - set(allowed), MailState.DROPPED)
    _mark([row for row in allowed if row.read_at], MailState.SEEN)
    return [row for row in allowed if not row.read_at]


def _sent(membership_id: UUID) -> Sent:
    is_digest = OutboundMessage.purpose.startswith("digest:")
    mails, last = db.session.execute(
        sa.select(
            sa.func.count(OutboundMessage.id), sa.func.max(OutboundMessage.created_at).filter(is_digest)
        ).where(
            OutboundMessage.created_at > now() - HOUR,
            OutboundMessage.id.in_(
                sa.select(Notification.outbound_id).where(Notification.membership_id == membership_id)
            ),
        )
    ).one()
    return Sent(mails, last)


def _post(bundle: Bundle, rows: list[Waiting], membership: Membership, recipient: Recipient) -> None:
    kind = "digest" if bundle.is_digest else "notice"
    with force_locale(recipient.locale):
        ticket = db.session.get_one(Ticket, (membership.tenant_id, rows[-1].ticket_id))
        subject = _subject(bundle, ticket)
    posted = post_to_member(
        f"{kind}:{membership.id}:{rows[-1].id}", to=(recipient.name, recipient.email), subject=subject
    )
    _mark(rows, MailState.WRITTEN if posted else MailState.DROPPED, posted)


def _subject(bundle: Bundle, ticket: Ticket) -> str:
    if not bundle.is_digest:
        return f"[#{ticket.number}] {bare_subject(ticket.subject, ticket.number)}"
    name = db.session.get_one(Organisation, ticket.tenant_id).name
    count = len({notice.ticket_id for notice in bundle.notices})
    if count == 1:
        return gettext("%(organisation)s: news on one ticket", organisation=name)
    return gettext("%(organisation)s: news on %(count)d tickets", organisation=name, count=count)


def _postpone(rows: Iterable[Waiting], until: datetime) -> None:
    rows = list(rows)
    _update(rows, mail_due_at=until)
    ask_for_mail(rows[0].membership_id, until)


def _mark(rows: Iterable[Waiting], state: MailState, outbound_id: UUID | None = None) -> None:
    _update(rows, mail=state, outbound_id=outbound_id)


def _update(rows: Iterable[Waiting], **values: object) -> None:
    ids = [each.id for each in rows]
    if ids:
        db.session.execute(
            sa.update(Notification)
            .where(Notification.id.in_(ids))
            .values(values)
            .execution_options(synchronize_session=False)
        )
