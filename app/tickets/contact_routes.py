"""Contacts: the list, one contact's page, editing, merging and blocking."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.policy import Permission
from app.tickets import contact_pages as pages
from app.tickets import contacts
from app.tickets.contact_forms import ContactForm, MergeForm
from app.tickets.settings import Contact
from app.tickets.wording import what_happened_to_contact
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("contacts", __name__)


@bp.get("/contacts")
@allow(Permission.TICKET_READ)
def index() -> str:
    words = request.args.get("q", "").strip()[: pages.LONGEST_WORDS]
    select = pages.contacts_of(current_member, words)
    page = paginate(select.order_by(Contact.last_seen_at.desc(), Contact.id.desc()), pages.counted(select))
    numbers = {"previous": page.number - 1, "next": page.number + 1}
    links = {name: url_for(".index", q=words or None, page=number) for name, number in numbers.items()}
    return render_template(
        "contacts/index.html",
        contacts=page.rows,
        words=words,
        open_tickets=pages.open_tickets(page.rows, current_member),
        page={
            "count": page.pages,
            "first": page.first,
            "last": page.last,
            "total": page.total,
            "previous": links["previous"] if page.has_previous else None,
            "next": links["next"] if page.has_next else None,
        },
    )


@bp.get("/contacts/<uuid:contact_id>")
@allow(Permission.TICKET_READ)
def show(contact_id: UUID) -> Response | str:
    contact = _contact(contact_id)
    if contact.merged_into_id:
        return redirect(url_for(".show", contact_id=contact.merged_into_id))
    return render_template(
        "contacts/show.html",
        contact=contact,
        addresses=pages.addresses_of(contact),
        open=pages.tickets_of(contact, current_member),
        done=pages.tickets_of(contact, current_member, pages.DONE),
        history=[(each, what_happened_to_contact(each)) for each in pages.history_of(contact)],
    )


@bp.route("/contacts/<uuid:contact_id>/edit", methods=["GET", "POST"])
@allow(Permission.CONTACT_EDIT)
def edit(contact_id: UUID) -> Any:
    contact = _contact(contact_id, lock=request.method == "POST", whole=True)
    form = ContactForm(obj=contact)
    if not form.validate_on_submit():
        return render_template("contacts/edit.html", contact=contact, form=form), 422 if form.errors else 200
    contacts.edit(
        contact,
        name=form.name.data or "",
        phone=form.phone.data or "",
        notes=form.notes.data or "",
        by=current_member,
    )
    db.session.commit()
    flash(_("Saved"), "success")
    return redirect(url_for(".show", contact_id=contact_id), 303)


@bp.route("/contacts/<uuid:contact_id>/merge", methods=["GET", "POST"])
@allow(Permission.CONTACT_MERGE)
def merge(contact_id: UUID) -> Any:
    """Choose the other, look at what would move, and confirm."""
    contact = _contact(contact_id, whole=True)
    form = MergeForm()
    if form.validate_on_submit():
        survivor, duplicate = _both({form.survivor.data, form.duplicate.data}, contact, form)
        contacts.merge(survivor, duplicate, by=current_member)
        db.session.commit()
        flash(_("Merged into %(name)s", name=survivor.display_name), "success")
        return redirect(url_for(".show", contact_id=survivor.id), 303)
    words = request.args.get("q", "").strip()[: pages.LONGEST_WORDS]
    other = _contact(_uuid(request.args["with"]), whole=True) if request.args.get("with") else None
    if other is not None and other.id == contact.id:
        abort(404)
    return render_template(
        "contacts/merge.html",
        contact=contact,
        other=other,
        words=words,
        moving={each.id: contacts.moving(each) for each in (contact, other) if each},
        candidates=[] if other else pages.candidates(contact, current_member, words),
    )


@bp.post("/contacts/<uuid:contact_id>/block")
@allow(Permission.CONTACT_BLOCK)
def block(contact_id: UUID) -> Response:
    contact = _contact(contact_id, lock=True, whole=True)
    contacts.block(contact, by=current_member)
    db.session.commit()
    flash(_("Mail from %(name)s is held from now on", name=contact.display_name), "success")
    return redirect(url_for(".show", contact_id=contact_id), 303)


@bp.post("/contacts/<uuid:contact_id>/unblock")
@allow(Permission.CONTACT_BLOCK)
def unblock(contact_id: UUID) -> Response:
    contact = _contact(contact_id, lock=True, whole=True)
    contacts.unblock(contact, by=current_member)
    db.session.commit()
    flash(_("Mail from %(name)s comes in again", name=contact.display_name), "success")
    return redirect(url_for(".show", contact_id=contact_id), 303)


def _contact(contact_id: UUID, *, lock: bool = False, whole: bool = False) -> Contact:
    """A contact of the organisation; `whole` refuses one that was merged into another."""
    select = sa.select(Contact).where(Contact.tenant_id == current_member.tenant_id, Contact.id == contact_id)
    return load_or_404(select.where(Contact.merged_into_id.is_(None)) if whole else select, lock=lock)


def _both(ids: set[str | None], contact: Contact, form: MergeForm) -> tuple[Contact, Contact]:
    """The two contacts of the form, locked in one order, survivor first; one of them is the page's."""
    if str(contact.id) not in ids or len(ids) != 2:
        abort(422)
    found = {str(each): _contact(each, lock=True, whole=True) for each in sorted(_uuid(each) for each in ids)}
    return found[str(form.survivor.data)], found[str(form.duplicate.data)]


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        abort(404)
