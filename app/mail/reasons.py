"""Why a mail ended where it did, and what one can do about it: a sentence of each for every reason there is."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from app.mail.models import InboundState


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do, if anything."""

    what: str
    todo: str = ""


_RELEASE = _("Release it if you know what it is; reject it otherwise.")
_NOTHING = _("Nothing needs doing.")

# Keyed by the reason up to its first colon. tests/mail_desk/test_reasons.py holds that none is missing.
_WORDS: dict[str, tuple[Any, Any]] = {
    "not_a_participant": (
        _("The sender is not part of the conversation this mail answers."),
        _("Release it and the sender joins the conversation; reject it if they have no business there."),
    ),
    "agent_not_proven": (
        _("It says it is from a colleague, but nothing proves that they wrote it."),
        _(
            "Ask your colleague, then let them answer here. Released, it becomes an internal note:"
            " it is never sent under their name."
        ),
    ),
    "agent_not_allowed": (
        _("It is from a colleague who may not answer on that ticket."),
        _("Give them access to the queue, then try again; released as it is, it becomes an internal note."),
    ),
    "automatic_reply_of_a_stranger": (
        _("An automatic reply from somebody this ticket never wrote to."),
        _("Reject it, unless you expected it."),
    ),
    "automatic_reply": (
        _("An automatic reply that answers nothing of ours."),
        _("Reject it, or release it."),
    ),
    "mailing_list": (
        _("It came through a mailing list, and this queue takes none."),
        _("Release this one, or let the queue take mailing lists in Settings, Addresses."),
    ),
    "too_many_from_sender": (
        _("This sender opened unusually many tickets within an hour."),
        _("Look at what they sent. Release what is wanted; block the sender if it is a flood."),
    ),
    "spam": (_("The mail provider marked it as spam."), _RELEASE),
    "blocked_sender": (
        _("This sender is blocked."),
        _("Unblock the sender, then release it; or reject it."),
    ),
    "multiple_from": (
        _("It names more than one author, so nobody can say who wrote it."),
        _("It cannot be released. Ask whoever sent it to write again."),
    ),
    "unreadable_from": (
        _("Its sender is written so that it cannot be told."),
        _("It cannot be released. Look at the original, and write to the sender if you know them."),
    ),
    "no_from": (
        _("It does not say who it is from."),
        _("It cannot be released. Look at the original, and write to the sender if you know them."),
    ),
    "unreadable": (
        _("It could not be read within safe limits. The original is kept."),
        _("Try again; if that does not help, download the original and open it with care."),
    ),
    "our_error": (
        _("We could not file it, and it is our fault."),
        _("Try again. If it comes back here, tell whoever runs this service."),
    ),
    "suspended": (
        _("It came while the organisation was suspended."),
        _("It is filed by itself when the organisation is open again."),
    ),
    "loop": (
        _("It goes in a circle: it was sent by us, by an address of ours, or over too many servers."),
        _("Nothing needs doing, unless you know that a person wrote it: then release it."),
    ),
    "automatic reply of a colleague": (_("The automatic reply of a colleague."), _NOTHING),
    "address_check": (_("A mail by which we check an address of yours."), _NOTHING),
    "forwarding_confirmation": (
        _("A mail provider asks whether it may forward mail to this address."),
        _("Its link and code are shown at the address, in Settings, Addresses."),
    ),
    "discarded": (_("Somebody rejected it."), _("Release it if that was a mistake.")),
    "bounce": (
        _("A mail server reports that a mail could not be delivered."),
        _("If it is about a mail of ours, the ticket and the contact say so."),
    ),
    "delay": (_("A mail server reports that a mail of ours is late."), _("Nothing yet: it is still trying.")),
    "complaint": (
        _("A recipient marked a mail of ours as spam."),
        _("Think before writing to them again."),
    ),
    "automatic reply": (
        _("An automatic reply, kept on the ticket where only members see it."),
        _NOTHING,
    ),
    "unproven colleague": (
        _("It says it is from a colleague. It was let in, and kept as an internal note."),
        _("If the words were theirs, they can be sent as a reply on the ticket."),
    ),
    "the same as": (_("It came before: this is a second copy."), _NOTHING),
}

_STATES: dict[InboundState, tuple[Any, Any]] = {
    InboundState.RECEIVED: (_("It has arrived and is about to be filed."), ""),
    InboundState.TICKETED: (_("It opened a ticket."), ""),
    InboundState.THREADED: (_("It was added to a ticket."), ""),
}
STATES: dict[InboundState, Any] = {
    InboundState.RECEIVED: _("Arriving"),
    InboundState.TICKETED: _("New ticket"),
    InboundState.THREADED: _("Added"),
    InboundState.DUPLICATE: _("Duplicate"),
    InboundState.HELD: _("Held"),
    InboundState.DROPPED: _("Dropped"),
}
# Not even a release helps these: nobody can be said to have written them.
NEVER = ("multiple_from", "unreadable_from", "no_from")


def code_of(reason: str) -> str:
    """The word that stands for the reason, without what it says of this one mail."""
    if reason.startswith("the same as"):
        return "the same as"
    return reason.partition(":")[0].partition(",")[0].strip()


def explain(state: InboundState, reason: str) -> Explanation:
    """What happened to a mail in this state for this reason, and what to do. A reason nobody knows is said as it is."""
    words = _WORDS.get(code_of(reason)) if reason else _STATES.get(state)
    if words is None:
        return Explanation(reason.replace("_", " "))
    return Explanation(str(words[0]), str(words[1]))
