"""Settings, Addresses: a wizard from a queue to an address that mail comes in at, with a test there and back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, flash, g, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import contains_eager, selectinload
from werkzeug.wrappers import Response

from app.extensions import db, new_id
from app.mail import checking, ours
from app.mail.address_forms import NewAddressForm, OwnAddressForm, QueueOptionsForm
from app.mail.check_models import AddressCheck, CheckKind
from app.mail.letter import BadAddress, Person
from app.mail.models import InboundMessage
from app.policy import Permission
from app.tickets.settings import Mailbox, Queue
from app.web import allow, current_member, load_or_404

bp = Blueprint("addresses", __name__)

SHOWN = 5  # checks on an address's page
MOST = 200  # queues on the list


@bp.route("/settings/addresses", methods=["GET", "POST"])
@allow(Permission.SETTINGS_MANAGE)
def index() -> Response:
    """The queues with their addresses, and a new address for one of them."""
    queues = _queues()
    form = NewAddressForm().offer(list(queues))
    if not form.validate_on_submit():
        page = render_template("mail/addresses.html", queues=queues, form=form, is_ours=ours.is_ours)
        return make_response(page, 422 if form.is_submitted() else 200)
    queue = next(each for each in queues if str(each.id) == form.queue.data)
    mailbox = Mailbox(
        id=new_id(), queue_id=queue.id, address=ours.fresh_address(g.organisation.slug, queue.slug)
    )
    db.session.add(mailbox)
    db.session.commit()
    return redirect(url_for(".show", mailbox_id=mailbox.id), 303)


@bp.get("/settings/addresses/<uuid:mailbox_id>")
@allow(Permission.SETTINGS_MANAGE)
def show(mailbox_id: UUID) -> str:
    mailbox = _load(mailbox_id)
    options = QueueOptionsForm(formdata=None, obj=mailbox.queue)
    return _page(mailbox, OwnAddressForm(formdata=None), options)


@bp.get("/settings/addresses/<uuid:mailbox_id>/progress")
@allow(Permission.SETTINGS_MANAGE)
def progress(mailbox_id: UUID) -> str:
    """How the checks stand, for the page to put in place while it waits."""
    mailbox = _load(mailbox_id)
    return render_template("mail/_progress.html", **_progress(mailbox))


@bp.post("/settings/addresses/<uuid:mailbox_id>/tests")
@allow(Permission.SETTINGS_MANAGE)
def test(mailbox_id: UUID) -> Response:
    """A mail to the address itself and back."""
    mailbox = _load(mailbox_id)
    _start(CheckKind.ROUND_TRIP, mailbox, mailbox.address)
    return redirect(url_for(".show", mailbox_id=mailbox.id, _anchor="test"), 303)


@bp.post("/settings/addresses/<uuid:mailbox_id>/own")
@allow(Permission.SETTINGS_MANAGE)
def own(mailbox_id: UUID) -> Response:
    """Check an address at the customer's own domain; it is registered when the mail comes through it."""
    mailbox = _load(mailbox_id)
    form = OwnAddressForm()
    if not form.validate_on_submit():
        return make_response(_page(mailbox, form, QueueOptionsForm(formdata=None, obj=mailbox.queue)), 422)
    _start(CheckKind.FORWARDING, mailbox, form.address.data)
    return redirect(url_for(".show", mailbox_id=mailbox.id, _anchor="own"), 303)


@bp.post("/settings/addresses/<uuid:mailbox_id>/options")
@allow(Permission.SETTINGS_MANAGE)
def options(mailbox_id: UUID) -> Response:
    mailbox = _load(mailbox_id)
    form = QueueOptionsForm()
    if not form.validate_on_submit():
        return make_response(_page(mailbox, OwnAddressForm(formdata=None), form), 422)
    form.populate_obj(mailbox.queue)
    db.session.commit()
    flash(_("Saved"), "success")
    return redirect(url_for(".show", mailbox_id=mailbox.id, _anchor="options"), 303)


def _start(kind: CheckKind, mailbox: Mailbox, address: str) -> None:
    try:
        checking.start(kind, mailbox, address, Person.of(current_user.name, current_user.email))
        db.session.commit()
    except checking.TooMany:
        flash(_("That was enough for a day. Try again tomorrow."), "warning")
    except BadAddress:
        flash(_("Mail cannot be sent to that address."), "warning")


def _page(mailbox: Mailbox, own_form: OwnAddressForm, options_form: QueueOptionsForm) -> str:
    return render_template(
        "mail/address.html",
        own_form=own_form,
        options_form=options_form,
        **_progress(mailbox),
    )


def _progress(mailbox: Mailbox) -> dict[str, Any]:
    mine = (AddressCheck.tenant_id == mailbox.tenant_id, AddressCheck.mailbox_id == mailbox.id)
    checks = db.session.scalars(
        sa.select(AddressCheck).where(*mine).order_by(AddressCheck.created_at.desc()).limit(SHOWN)
    ).all()
    asked = db.session.scalars(
        sa.select(InboundMessage)
        .where(
            InboundMessage.tenant_id == mailbox.tenant_id,
            InboundMessage.mailbox_id == mailbox.id,
            InboundMessage.reason == "forwarding_confirmation",
        )
        .order_by(InboundMessage.received_at.desc())
        .limit(1)
    ).first()
    waits = any(not check.is_over for check in checks) and bool(checks)
    return {"mailbox": mailbox, "checks": checks, "question": asked, "waits": waits}


def _queues() -> Sequence[Queue]:
    open_ones = sa.select(Queue).where(
        Queue.tenant_id == current_member.tenant_id, Queue.retired_at.is_(None)
    )
    ordered = open_ones.options(selectinload(Queue.mailboxes)).order_by(Queue.position, Queue.name)
    return db.session.scalars(ordered.limit(MOST)).all()


def _load(mailbox_id: UUID) -> Mailbox:
    return load_or_404(
        sa.select(Mailbox)
        .join(Mailbox.queue)
        .options(contains_eager(Mailbox.queue))
        .where(Mailbox.tenant_id == current_member.tenant_id, Mailbox.id == mailbox_id)
    )
