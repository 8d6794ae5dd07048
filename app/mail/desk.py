"""What members do with mail that came: release, reject, block its sender, have it filed anew; one or many."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext

from app.extensions import db, now
from app.mail import settling
from app.mail.looking import visible_inbound
from app.mail.models import InboundMessage, InboundState
from app.mail.reasons import NEVER, STATES, code_of
from app.policy import Actor
from app.tickets.opening import find_or_add_contact
from app.tickets.settings import Contact

MOST = 200  # mails that one act takes on
WAITING = (InboundState.HELD, InboundState.DROPPED)


class Act(StrEnum):
    """What can be done with a mail."""

    RELEASE = "release"
    REJECT = "reject"
    BLOCK = "block"
    UNBLOCK = "unblock"
    REPROCESS = "reprocess"


@dataclass
class Outcome:
    """What became of an act: how many mails it was done to, and why others were left as they were."""

    act: Act
    done: int = 0
    left: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> str:
        """The outcome in a sentence or two."""
        done = {
            Act.RELEASE: ngettext(
                "%(num)d released: it is filed now", "%(num)d released: they are filed now", self.done
            ),
            Act.REJECT: ngettext(
                "%(num)d rejected: it stays out", "%(num)d rejected: they stay out", self.done
            ),
            Act.BLOCK: ngettext(
                "The sender is blocked", "The senders of %(num)d mails are blocked", self.done
            ),
            Act.UNBLOCK: ngettext(
                "The sender is no longer blocked",
                "The senders of %(num)d mails are no longer blocked",
                self.done,
            ),
            Act.REPROCESS: ngettext("%(num)d is filed anew now", "%(num)d are filed anew now", self.done),
        }[self.act]
        left = [
            ngettext("%(num)d left as it was: %(why)s", "%(num)d left as they were: %(why)s", count, why=why)
            for why, count in self.left.items()
        ]
        return ". ".join([done, *left] if self.done or not left else left)


def may(act: Act, message: InboundMessage) -> str:
    """Why the act cannot be done to the mail; nothing if it can."""
    code = code_of(message.reason)
    if act in (Act.BLOCK, Act.UNBLOCK):
        return "" if message.from_address else _("nobody knows who sent it")
    if act is Act.REJECT and message.state is InboundState.HELD:
        return ""
    if act is not Act.REJECT and message.state in WAITING:
        if code == "suspended" and settling.is_suspended(message):
            return _("the organisation is suspended")
        never = act is Act.RELEASE and code in NEVER
        return _("it has no author who could be answered") if never else ""
    return _("it is not held but: %(state)s", state=str(STATES[message.state]).lower())


def carry_out(act: Act, ids: Iterable[UUID], *, by: Actor) -> Outcome:
    """Do it to each of the mails that it can be done to. The caller commits."""
    wanted = list(dict.fromkeys(ids))[:MOST]
    found = db.session.scalars(
        visible_inbound(by)
        .where(InboundMessage.id.in_(wanted))
        .order_by(InboundMessage.id)
        .with_for_update(of=InboundMessage)
    ).all()
    outcome = apply(act, found, by=by)
    if len(found) < len(wanted):
        outcome.left[_("it is not here")] = len(wanted) - len(found)
    return outcome


def apply(act: Act, messages: Iterable[InboundMessage], *, by: Actor) -> Outcome:
    """Do it to each of these locked mails that it can be done to. The caller commits."""
    outcome = Outcome(act)
    for message in messages:
        if why := may(act, message):
            outcome.left[why] += 1
        else:
            _do(act, message, by)
            outcome.done += 1
    return outcome


def is_blocked(message: InboundMessage) -> bool:
    """Whether the mail's sender is blocked now."""
    blocked = sa.select(Contact.id).where(
        Contact.tenant_id == message.tenant_id,
        Contact.email == message.from_address,
        Contact.blocked_at.is_not(None),
    )
    return message.from_address is not None and db.session.scalar(blocked) is not None


def _do(act: Act, message: InboundMessage, by: Actor) -> None:
    match act:
        case Act.RELEASE:
            settling.release(message, by=by)
        case Act.REJECT:
            settling.discard(message, by=by)
        case Act.REPROCESS:
            settling.note(message, reconsidered_by=by.name)
            settling.reconsider(message)
        case Act.BLOCK:
            sender = find_or_add_contact(message.from_address or "", message.from_name or "")
            sender.blocked_at = sender.blocked_at or now()
            settling.discard(message, by=by)
        case Act.UNBLOCK:
            find_or_add_contact(message.from_address or "").blocked_at = None
