"""Changing what a ticket is, one property at a time, in place. What somebody else changed meanwhile is shown."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.events import Event
from app.extensions import db
from app.policy import Conflict, Permission
from app.tickets import changing
from app.tickets.finding import choices, colleague, queue, status, ticket_numbered
from app.tickets.forms import (
    AssigneeForm,
    DueForm,
    ParticipantForm,
    PriorityForm,
    PropertyForm,
    QueueForm,
    StatusForm,
    SubjectForm,
    TagForm,
    present_words,
)
from app.tickets.models import Ticket
from app.tickets.opening import find_or_add_contact
from app.web import allow, current_member

bp = Blueprint("properties", __name__, url_prefix="/tickets/<int:number>")


class Stale(Conflict):
    """The property was changed since the form's page was made."""

    def __init__(self, ticket: Ticket, form: Any) -> None:
        super().__init__(form.column, form.seen.data or "", present_words(form, ticket))
        self.ticket, self.form = ticket, form


@bp.post("/status")
@allow(Permission.TICKET_EDIT)
def move(number: int) -> Response:
    ticket, form = _asked(number, StatusForm().offer(choices().statuses))
    changing.move_to(ticket, status(form.chosen_id), by=current_member)
    return _saved(ticket, form, _("Status: %(name)s", name=form.chosen_words))


@bp.post("/assignee")
@allow(Permission.TICKET_EDIT)
def assign(number: int) -> Response:
    ticket, form = _asked(number, AssigneeForm().offer(choices().colleagues, nobody=_("Nobody")))
    changing.assign(ticket, colleague(form.chosen_id), by=current_member)
    return _saved(ticket, form, _("Assignee: %(name)s", name=form.chosen_words))


@bp.post("/queue")
@allow(Permission.TICKET_EDIT)
def requeue(number: int) -> Response:
    ticket, form = _asked(number, QueueForm().offer(choices().queues))
    changing.move_to_queue(ticket, queue(form.chosen_id), by=current_member)
    return _saved(ticket, form, _("Queue: %(name)s", name=form.chosen_words))


@bp.post("/priority")
@allow(Permission.TICKET_EDIT)
def prioritise(number: int) -> Response:
    ticket, form = _asked(number, PriorityForm())
    changing.prioritise(ticket, form.chosen, by=current_member)
    return _saved(ticket, form, _("Priority: %(name)s", name=form.chosen_words))


@bp.post("/due")
@allow(Permission.TICKET_EDIT)
def set_due(number: int) -> Response:
    ticket, form = _asked(number, DueForm())
    changing.set_due(ticket, form.chosen, by=current_member)
    return _saved(ticket, form, _("Due: %(name)s", name=form.chosen_words), undo=False)


@bp.post("/subject")
@allow(Permission.TICKET_EDIT)
def rename(number: int) -> Response:
    ticket, form = _asked(number, SubjectForm())
    changing.rename(ticket, form.chosen_words, by=current_member)
    return _saved(ticket, form, _("Subject saved"))


@bp.post("/tags")
@allow(Permission.TICKET_EDIT)
def tag(number: int) -> Response:
    ticket, form = _filled(number, TagForm())
    changing.tag_with(ticket, [*(each.name for each in ticket.tags), form.tag.data], by=current_member)
    return _saved(ticket)


@bp.post("/tags/remove")
@allow(Permission.TICKET_EDIT)
def untag(number: int) -> Response:
    ticket, form = _filled(number, TagForm())
    kept = [each.name for each in ticket.tags if each.name != form.tag.data.lower()]
    changing.tag_with(ticket, kept, by=current_member)
    return _saved(ticket)


@bp.post("/participants")
@allow(Permission.TICKET_EDIT)
def add_participant(number: int) -> Response:
    ticket, form = _filled(number, ParticipantForm())
    changing.add_participant(ticket, find_or_add_contact(form.email.data), by=current_member)
    return _saved(ticket, words=_("%(email)s gets every public reply from now on", email=form.email.data))


@bp.post("/participants/remove")
@allow(Permission.TICKET_EDIT)
def remove_participant(number: int) -> Response:
    ticket, form = _filled(number, ParticipantForm())
    for each in changing.participants(ticket):
        if each.contact.email == form.email.data.lower():
            changing.remove_participant(ticket, each.contact, by=current_member)
    return _saved(ticket, words=_("%(email)s gets no further replies", email=form.email.data))


@bp.errorhandler(Stale)
def changed_meanwhile(stale: Stale) -> tuple[str, int]:
    """Both values side by side; nothing is overwritten until the person has chosen."""
    last = db.session.scalar(
        sa.select(Event)
        .where(Event.ticket_id == stale.ticket.id, Event.kind.in_(stale.form.kinds))
        .order_by(Event.created_at.desc(), Event.id.desc())
        .limit(1)
    )
    present = _carried(getattr(stale.ticket, stale.form.column))
    page = render_template(
        "tickets/conflict.html", ticket=stale.ticket, form=stale.form, stale=stale, last=last, present=present
    )
    db.session.rollback()
    return page, 409


def _asked(number: int, form: Any) -> tuple[Ticket, Any]:
    """The ticket, locked, and the form filled in; Stale where its user saw another value than there is now."""
    ticket, form = _filled(number, form)
    try:
        changing.expect(ticket, form.column, form.seen.data)
    except Conflict:
        raise Stale(ticket, form) from None
    return ticket, form


def _filled(number: int, form: Any) -> tuple[Ticket, Any]:
    ticket = ticket_numbered(number, lock=True)
    if not form.validate_on_submit():
        abort(422)
    return ticket, form


def _saved(
    ticket: Ticket, form: PropertyForm | None = None, words: str = "", *, undo: bool = True
) -> Response:
    """Commit, say so where one looks, offer the way back, and show the ticket as it is now."""
    db.session.flush()
    if form is not None and words:
        now_is = _carried(getattr(ticket, form.column))
        back = {
            "url": request.script_root + request.path,
            "fields": {"value": form.seen.data or "", "seen": now_is},
        }
        changed = now_is != (form.seen.data or "")
        flash({"text": words, "undo": back if undo and changed else None}, "success")  # type: ignore[arg-type]
    elif words:
        flash(words, "success")
    db.session.commit()
    return redirect(url_for("tickets.show", number=ticket.number), 303)


def _carried(value: Any) -> str:
    """A property's value as a form carries it."""
    return str(getattr(value, "word", value) or "")
