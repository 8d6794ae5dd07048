"""What a notification says, in the bell and in mails."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from app.events import Event, EventKind
from app.notifications.choosing import Channel, Reason
from app.policy import ActorKind


@dataclass(frozen=True)
class Label:
    """A reason as the settings page names it."""

    reason: Reason
    name: str
    help: str


def labels() -> list[Label]:
    """Every reason, in the order of the settings page."""
    return [
        Label(Reason.NEW_TICKET, _("A new ticket in a queue of mine"), _("Also one that is moved there")),
        Label(Reason.ASSIGNED, _("A ticket is assigned to me"), ""),
        Label(Reason.ANSWER, _("A requester answers"), _("On my tickets, and those I watch")),
        Label(Reason.MENTION, _("Somebody mentions me"), _("With @ and my name, in a note or a reply")),
        Label(Reason.WATCHED, _("A note or reply by a colleague"), _("On tickets I watch")),
        Label(Reason.UNDELIVERED, _("A mail could not be delivered"), _("On my tickets")),
    ]


def channel_name(channel: Channel) -> str:
    """A channel as the settings page names it."""
    return {Channel.APP: _("In WorkTrackr"), Channel.MAIL: _("By mail")}[channel]


def sentence(reason: Reason, event: Event, tickets: int = 1) -> str:
    """Who did what, as one sentence without the ticket. `tickets` says how many a bulk edit concerned."""
    if tickets > 1:
        return _many(reason, event, tickets)
    name = event.actor_name
    match reason:
        case Reason.MENTION:
            return _("%(name)s mentioned you", name=name)
        case Reason.ASSIGNED:
            return _("%(name)s assigned this to you", name=name) if name else _("This was assigned to you")
        case Reason.ANSWER:
            return _("%(name)s answered", name=name)
        case Reason.UNDELIVERED:
            return _undelivered(event)
        case Reason.NEW_TICKET:
            return _new(event)
    if event.kind is EventKind.COMMENT_INTERNAL:
        return _("%(name)s wrote a note", name=name)
    return _("%(name)s replied", name=name)


def _new(event: Event) -> str:
    name = event.actor_name
    if event.kind is EventKind.TICKET_QUEUE_CHANGED:
        queue = str(event.changes.get("queue", [None, ""])[1] or "")
        if not name:
            return _("This was moved to %(queue)s", queue=queue)
        return _("%(name)s moved this to %(queue)s", name=name, queue=queue)
    if not name:
        return _("A new ticket")
    if event.actor_kind is ActorKind.CONTACT:
        return _("A new ticket from %(name)s", name=name)
    return _("%(name)s opened a ticket", name=name)


def _many(reason: Reason, event: Event, tickets: int) -> str:
    name = event.actor_name
    if reason is Reason.ASSIGNED and name:
        return _("%(name)s assigned %(tickets)d tickets to you", name=name, tickets=tickets)
    if reason is Reason.ASSIGNED:
        return _("%(tickets)d tickets were assigned to you", tickets=tickets)
    if event.kind is EventKind.TICKET_QUEUE_CHANGED and name:
        return _("%(name)s moved %(tickets)d tickets to your queues", name=name, tickets=tickets)
    return ngettext("%(num)d new ticket", "%(num)d new tickets", tickets)


def _undelivered(event: Event) -> str:
    recipient = event.changes.get("recipient", [None, None])[1]
    if recipient:
        return _("A mail to %(recipient)s could not be delivered", recipient=recipient)
    return _("A mail could not be delivered")
