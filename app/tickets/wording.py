"""A ticket's history in words: one sentence for each kind of event."""

from datetime import datetime
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from app.events import Event, EventKind
from app.policy import ActorKind


def what_happened(event: Event) -> str:
    """The event as one would say it: "Ana assigned this to Ben"."""
    name = event.actor_name or (
        _("An automatic rule") if event.actor_kind is ActorKind.WORKFLOW else _("The system")
    )
    old, new = _changed(event.changes)
    match event.kind:
        case EventKind.TICKET_STATUS_CHANGED:
            return _("%(name)s changed the status from %(old)s to %(new)s", name=name, old=old, new=new)
        case EventKind.TICKET_PRIORITY_CHANGED:
            return _("%(name)s changed the priority from %(old)s to %(new)s", name=name, old=old, new=new)
        case EventKind.TICKET_QUEUE_CHANGED:
            return _("%(name)s moved this from %(old)s to %(new)s", name=name, old=old, new=new)
        case EventKind.TICKET_ASSIGNED:
            return _assigned(name, new)
        case EventKind.TICKET_UNASSIGNED:
            return _("%(name)s took this from %(old)s", name=name, old=old)
        case EventKind.TICKET_TAGGED:
            return _("%(name)s added the tag %(new)s", name=name, new=new)
        case EventKind.TICKET_UNTAGGED:
            return _("%(name)s removed the tag %(old)s", name=name, old=old)
        case EventKind.TICKET_DUE_CHANGED:
            return _due(name, new)
        case EventKind.TICKET_SUBJECT_CHANGED:
            return _("%(name)s renamed this from “%(old)s”", name=name, old=old)
        case EventKind.COMMENT_TAKEN_BACK:
            return _("%(name)s took back a reply before it was sent", name=name)
        case EventKind.PARTICIPANT_ADDED:
            return _("%(name)s put %(new)s in copy", name=name, new=new)
        case EventKind.PARTICIPANT_REMOVED:
            return _("%(name)s took %(old)s out of the copies", name=name, old=old)
    return _mail(event.kind, name)


def _assigned(name: str, new: str) -> str:
    if name == new:
        return _("%(name)s took this", name=name)
    return _("%(name)s assigned this to %(new)s", name=name, new=new)


def _due(name: str, new: str) -> str:
    if not new:
        return _("%(name)s removed the due date", name=name)
    return _(
        "%(name)s set it due on %(day)s",
        name=name,
        day=format_date(datetime.fromisoformat(new), "d MMMM yyyy"),
    )


def _mail(kind: EventKind, name: str) -> str:
    words = {
        EventKind.EMAIL_BOUNCED: _("A mail to the requester came back undelivered"),
        EventKind.EMAIL_AUTO_REPLY: _("%(name)s answered automatically", name=name),
        EventKind.EMAIL_HELD: _("A mail was held"),
        EventKind.EMAIL_RELEASED: _("%(name)s released a held mail", name=name),
        EventKind.EMAIL_FAILED: _("A mail could not be sent"),
    }
    return words.get(kind, kind.value)


def _changed(changes: dict[str, Any]) -> tuple[str, str]:
    """Old and new of the one field an event speaks of, as words."""
    old, new = next(iter(changes.values()), (None, None))
    return str(old or ""), str(new or "")


def what_happened_to_contact(event: Event) -> str:
    """What was done to a contact, as one would say it."""
    name = event.actor_name or _("The system")
    old, _new = _changed(event.changes)
    match event.kind:
        case EventKind.CONTACT_MERGED:
            return _("%(name)s merged %(old)s into this contact", name=name, old=old)
        case EventKind.CONTACT_BLOCKED:
            return _("%(name)s blocked this sender", name=name)
        case EventKind.CONTACT_UNBLOCKED:
            return _("%(name)s let this sender’s mail in again", name=name)
    if "name" in event.changes:
        return _(
            "%(name)s changed the name to %(new)s", name=name, new=event.changes["name"][1] or _("nothing")
        )
    if "phone" in event.changes:
        return _("%(name)s changed the phone number", name=name)
    return _("%(name)s changed the notes", name=name)
