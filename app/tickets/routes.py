"""The inbox, a ticket's page, a new ticket, and what is said on one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from app.extensions import db, now
from app.policy import Permission
from app.tickets import bulk_routes, inbox, listing, presence_routes, taking_back
from app.tickets.changing import assign, move_to, move_to_category, participants
from app.tickets.commenting import Message, note, reply
from app.tickets.conversation import Comment
from app.tickets.finding import choices, colleague, queue, status, ticket_numbered
from app.tickets.forms import PRIORITIES, CommentForm, NewTicketForm
from app.tickets.models import Priority, Ticket
from app.tickets.opening import Request, find_or_add_contact, open_ticket
from app.tickets.settings import Mailbox, StatusCategory
from app.tickets.taking_back import Draft
from app.tickets.timeline import timeline_of
from app.tickets.writing import message_from
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("tickets", __name__)
for below in (bulk_routes, presence_routes):
    bp.register_blueprint(below.bp)


@bp.get("/tickets")
@allow(Permission.TICKET_READ)
def index() -> Response | str:
    view = g.view = inbox.read_view(request.args, choices())
    if view.q:
        return redirect(inbox.address_of(view, choices()))
    select = listing.tickets_in(view, current_member)
    page = paginate(listing.ordered(select, view.sort), listing.count(select))
    return render_template(
        "tickets/index.html",
        page=inbox.page_of(view, choices(), page, now()),
        tickets=page.rows,
        addresses=[] if page.rows else _addresses(),
    )


def _addresses() -> list[str]:
    return list(
        db.session.scalars(
            sa.select(Mailbox.address)
            .where(Mailbox.tenant_id == current_member.tenant_id, Mailbox.retired_at.is_(None))
            .order_by(Mailbox.created_at)
            .limit(3)
        )
    )


@bp.get("/tickets/arrivals")
@allow(Permission.TICKET_READ)
def arrivals() -> str:
    """How many tickets of the view have news since the moment the page was made."""
    try:
        moment = datetime.fromisoformat(request.args.get("since", ""))
    except ValueError:
        abort(400)
    view = inbox.read_view(request.args, choices())
    count = listing.changed_since(current_member, view, moment if moment.tzinfo else now())
    return render_template("tickets/_arrivals.html", count=count, url=inbox.address_of(view, choices()))


@bp.get("/tickets/<int:number>")
@allow(Permission.TICKET_READ)
def show(number: int) -> str:
    return ticket_page(ticket_numbered(number), CommentForm(formdata=None))


def ticket_page(ticket: Ticket, form: CommentForm, draft: Draft | None = None) -> str:
    """The page of a ticket with what somebody is writing on it, or has taken back."""
    return render_template(
        "tickets/show.html",
        ticket=ticket,
        form=form,
        draft=draft,
        once=form.once.data or uuid4(),
        timeline=timeline_of(ticket),
        participants=participants(ticket),
        choices=choices(),
        resolved=choices().status_in(StatusCategory.RESOLVED),
        reopened=choices().status_in(StatusCategory.OPEN),
        priorities=PRIORITIES,
    )


@bp.get("/tickets/<int:number>/others")
@allow(Permission.TICKET_READ)
def others(number: int) -> str:
    """What else the requester asked, fetched once the page is there."""
    ticket = ticket_numbered(number)
    view = listing.View(status=listing.ANY, requester=ticket.requester_id)
    select = listing.tickets_in(view, current_member).where(Ticket.id != ticket.id)
    found = db.session.scalars(listing.ordered(select, "recent").limit(5)).all()
    return render_template("tickets/_others.html", tickets=found)


@bp.post("/tickets/<int:number>/comments")
@allow(Permission.TICKET_COMMENT)
def comment(number: int) -> Response | tuple[str, int]:
    ticket = ticket_numbered(number, lock=True)
    form = CommentForm()
    page = url_for("tickets.show", number=number)
    if form.once_id and db.session.get(Comment, (ticket.tenant_id, form.once_id)):
        return redirect(page, 303)  # the same form, sent twice
    message = message_from(form, by=current_member, ticket=ticket) if form.validate_on_submit() else None
    if message is None:
        form.form_errors.append(_("Write something first."))
        return ticket_page(ticket, form), 422
    before = ticket.status_id
    said = _say(form, ticket, message)
    if form.then.data == "resolve":
        move_to_category(ticket, StatusCategory.RESOLVED, by=current_member)
    db.session.commit()
    flash(_words_after(said, ticket, before), "success")
    return redirect(f"{page}#comment-{said.id}", 303)


def _say(form: CommentForm, ticket: Ticket, message: Message) -> Comment:
    if form.kind.data == "note":
        return note(ticket, message, by=current_member)
    seconds = current_app.config["UNDO_SEND_SECONDS"]
    held_until = now() + timedelta(seconds=seconds) if seconds else None
    return reply(ticket, message, by=current_member, held_until=held_until)


def _words_after(said: Comment, ticket: Ticket, before: UUID) -> Any:
    """What follows on the page, with the way back while a reply waits; `before` is the status the ticket had."""
    seconds = current_app.config["UNDO_SEND_SECONDS"]
    if said.is_internal or not seconds:
        return _("Note added") if said.is_internal else _("Reply sent")
    url = url_for("tickets.take_back", number=ticket.number, comment_id=said.id)
    fields = {"value": str(before), "seen": str(ticket.status_id)}
    words = ngettext("Sending in %(num)d second", "Sending in %(num)d seconds", seconds)
    return {"text": words, "undo": {"url": url, "fields": fields, "whole": True}, "stays": seconds}


@bp.post("/tickets/<int:number>/comments/<uuid:comment_id>/take-back")
@allow(Permission.TICKET_COMMENT)
def take_back(number: int, comment_id: UUID) -> Response | str:
    """A reply that has not left yet goes back into the composer; the status goes back with it."""
    ticket = ticket_numbered(number, lock=True)
    comment = load_or_404(taking_back.own_reply(current_member, ticket, comment_id))
    if request.form.get("value") and request.form.get("seen") == str(ticket.status_id):
        move_to(ticket, status(request.form["value"]), by=current_member)
    try:
        draft = taking_back.take_back(ticket, comment, by=current_member)
    except taking_back.TooLate:
        db.session.rollback()
        flash(_("Too late to undo: the reply has left."), "danger")
        return redirect(url_for("tickets.show", number=number), 303)
    db.session.commit()
    flash(_("Not sent. Your reply is back where you wrote it."), "success")
    return ticket_page(
        ticket_numbered(number), CommentForm(text=draft.text, signature=draft.signature), draft
    )


@bp.route("/tickets/new", methods=["GET", "POST"])
@allow(Permission.TICKET_CREATE)
def new() -> Any:
    form = NewTicketForm().offer(choices())
    message = message_from(form, by=current_member) if form.validate_on_submit() else None
    if message is None:
        if form.is_submitted() and not form.errors:
            form.form_errors.append(_("Write what it is about."))
        code = 422 if form.is_submitted() else 200
        return render_template("tickets/new.html", form=form, once=form.once.data or uuid4()), code
    try:
        ticket = open_ticket(_asked(form, message), by=current_member)
        assign(ticket, colleague(form.assignee.data), by=current_member)
        db.session.commit()
    except IntegrityError:  # the same form, sent twice: its first message is there already
        db.session.rollback()
        return redirect(url_for("tickets.index"), 303)
    flash(_("Ticket #%(number)d is open", number=ticket.number), "success")
    return redirect(url_for("tickets.show", number=ticket.number), 303)


def _asked(form: NewTicketForm, message: Any) -> Request:
    return Request(
        subject=form.subject.data or "",
        queue=queue(form.queue.data),
        requester=find_or_add_contact(form.email.data or "", form.name.data or ""),
        message=message,
        priority=Priority[form.priority.data.upper()],
        is_mailed=form.kind.data == "mail",
    )


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """What the frame shows of an organisation."""
    return {"organisation": g.get("organisation"), "inbox_folders": inbox_folders}


def inbox_folders() -> Any:
    """The rail's folders, counted once a request."""
    if "folders" not in g:
        g.folders = inbox.folders_of(g.get("view"), choices(), listing.folders(current_member))
    return g.folders
