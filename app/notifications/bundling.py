"""Which notices go into which mail, so that nobody is buried in them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

HOUR = timedelta(hours=1)
SINGLE_MAILS = 3  # tickets that get a mail of their own when several are due at once
CAP_PER_HOUR = 12  # mails to one member


@dataclass(frozen=True)
class Notice:
    """One thing to tell: its id, its ticket, and the fold it shares with others of a bulk edit."""

    id: UUID
    ticket_id: UUID
    fold: UUID


@dataclass(frozen=True)
class Sent:
    """What a member was sent within the last hour."""

    mails: int = 0
    last_digest_at: datetime | None = None


@dataclass(frozen=True)
class Bundle:
    """One mail: about one ticket, or a digest of many."""

    notices: tuple[Notice, ...]
    is_digest: bool


@dataclass(frozen=True)
class Plan:
    """The mails to write now, and what waits until when."""

    mails: tuple[Bundle, ...]
    waiting: tuple[Notice, ...] = ()
    until: datetime | None = None


def plan(notices: Sequence[Notice], sent: Sent, moment: datetime, *, wants_digest: bool) -> Plan:
    """What to write of these notices (oldest first).

    A digest where the member wants one, where somebody edited in bulk, or where more than SINGLE_MAILS tickets
    are due. Beyond CAP_PER_HOUR the rest becomes a digest, and of those there is then one an hour.
    """
    groups: dict[UUID, list[Notice]] = {}
    for notice in notices:
        groups.setdefault(notice.ticket_id, []).append(notice)
    if wants_digest:
        return Plan(_digest(notices))
    room = max(0, CAP_PER_HOUR - sent.mails)
    alone = list(groups.values()) if len(groups) <= SINGLE_MAILS and not _is_bulk(notices) else []
    singles = tuple(Bundle(tuple(group), is_digest=False) for group in alone[:room])
    written = {notice.id for bundle in singles for notice in bundle.notices}
    rest = [notice for notice in notices if notice.id not in written]
    again = sent.last_digest_at + HOUR if sent.last_digest_at else moment
    if rest and room <= len(singles) and again > moment:
        return Plan(singles, tuple(rest), again)
    return Plan((*singles, *_digest(rest)))


def _digest(notices: Sequence[Notice]) -> tuple[Bundle, ...]:
    return (Bundle(tuple(notices), is_digest=True),) if notices else ()


def _is_bulk(notices: Sequence[Notice]) -> bool:
    folds: dict[UUID, UUID] = {}
    return any(folds.setdefault(each.fold, each.ticket_id) != each.ticket_id for each in notices)
