"""Who is told of an event, why, and by which channel. Pure: ids and words in, ids and reasons out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.events import EventKind

MOST_MENTIONS = 50  # `@` signs of one message that are looked at; more is no conversation


class Reason(StrEnum):
    """Why somebody is told, the strongest first: of several, it is the one that is said."""

    MENTION = "mention"
    ASSIGNED = "assigned"
    ANSWER = "answer"
    UNDELIVERED = "undelivered"
    NEW_TICKET = "new_ticket"
    WATCHED = "watched"


class Channel(StrEnum):
    """How somebody is told."""

    APP = "app"
    MAIL = "mail"


Choices = Mapping[Reason, frozenset[Channel]]

_BOTH = frozenset(Channel)
# Colleagues' talk on a watched ticket is mostly read while working; all else may need somebody to come back.
DEFAULTS: Choices = {
    reason: frozenset({Channel.APP}) if reason is Reason.WATCHED else _BOTH for reason in Reason
}
STRENGTH = {reason: rank for rank, reason in enumerate(Reason)}
# Told of many at once when somebody edits in bulk, so that they fold into one line and one mail.
FOLDS = frozenset({Reason.ASSIGNED, Reason.NEW_TICKET})


@dataclass(frozen=True)
class Happening:
    """An event and the memberships it may concern. `is_first` says that its comment opened the ticket."""

    kind: EventKind
    is_first: bool = False
    assignee: UUID | None = None
    queue_members: frozenset[UUID] = frozenset()
    watchers: frozenset[UUID] = frozenset()
    mentioned: frozenset[UUID] = frozenset()


def who(happening: Happening) -> dict[UUID, frozenset[Reason]]:
    """The memberships to tell, each with all its reasons. Authors and what one may see are the caller's matter."""
    found: dict[UUID, set[Reason]] = {}
    for reason, members in _concerned(happening):
        for member in members:
            found.setdefault(member, set()).add(reason)
    return {member: frozenset(reasons) for member, reasons in found.items()}


def strongest(reasons: Iterable[Reason]) -> Reason:
    """The one of several reasons that is said."""
    return min(reasons, key=STRENGTH.__getitem__)


def channels(choices: Choices, reasons: Iterable[Reason]) -> frozenset[Channel]:
    """By which channels to tell: each that is on for any of the reasons. What is not chosen is as by default."""
    return frozenset().union(*(choices.get(reason, DEFAULTS[reason]) for reason in reasons))


def mentioned(text: str, names: Mapping[UUID, str]) -> frozenset[UUID]:
    """Whom `@Full Name` in a plain text means, or `@First` where only one has that first name.

    Case does not matter; of several names that fit, the longest does. An address (`bob@ada.example`) is none.
    """
    people = _callable_names(names)
    lowered = text.casefold()
    found: set[UUID] = set()
    for number, sign in enumerate(re.finditer(r"(?<![\w.@+-])@", lowered)):
        if number == MOST_MENTIONS:
            break
        found |= _named_at(lowered, sign.end(), people)
    return frozenset(found)


def _concerned(happening: Happening) -> list[tuple[Reason, frozenset[UUID]]]:
    assignee = frozenset({happening.assignee}) if happening.assignee else frozenset()
    match happening.kind:
        case EventKind.TICKET_CREATED:
            return [(Reason.MENTION, happening.mentioned), (Reason.NEW_TICKET, happening.queue_members)]
        case EventKind.TICKET_QUEUE_CHANGED:
            return [(Reason.NEW_TICKET, happening.queue_members)]
        case EventKind.TICKET_ASSIGNED:
            return [(Reason.ASSIGNED, assignee)]
        case EventKind.COMMENT_PUBLIC_BY_REQUESTER:
            return [(Reason.ANSWER, (assignee or happening.queue_members) | happening.watchers)]
        case EventKind.COMMENT_INTERNAL | EventKind.COMMENT_PUBLIC_BY_AGENT if not happening.is_first:
            return [(Reason.MENTION, happening.mentioned), (Reason.WATCHED, happening.watchers)]
        case EventKind.EMAIL_BOUNCED | EventKind.EMAIL_FAILED:
            return [(Reason.UNDELIVERED, assignee)]
    return []


def _callable_names(names: Mapping[UUID, str]) -> list[tuple[str, frozenset[UUID]]]:
    """Names by which somebody can be called, the longest first, and whom each means."""
    full: dict[str, set[UUID]] = {}
    first: dict[str, set[UUID]] = {}
    for identity, name in names.items():
        words = name.casefold().split()
        if words:
            full.setdefault(" ".join(words), set()).add(identity)
            first.setdefault(words[0], set()).add(identity)
    alone = {name: who for name, who in first.items() if len(who) == 1 and name not in full}
    return sorted(
        ((name, frozenset(who)) for name, who in (full | alone).items()), key=lambda each: -len(each[0])
    )


def _named_at(text: str, at: int, people: list[tuple[str, frozenset[UUID]]]) -> frozenset[UUID]:
    for name, who in people:
        end = at + len(name)
        if text.startswith(name, at) and not (end < len(text) and (text[end].isalnum() or text[end] == "_")):
            return who
    return frozenset()
