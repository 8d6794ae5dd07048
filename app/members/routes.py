"""Settings > Members: who belongs here, as what, and who is asked to."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import contains_eager
from werkzeug.wrappers import Response

from app.auth.models import User
from app.auth.proving import recently_proved
from app.errors import answer
from app.extensions import db
from app.members import changing, inviting
from app.members.changing import LastAdmin
from app.members.forms import EndForm, InviteForm, QueuesForm, RoleForm, SecondFactorForm
from app.members.queues import queues_of
from app.members.wording import PERMISSION_WORDS, ROLE_WORDS
from app.organisations.models import Invitation, Membership, PartnerMembership
from app.policy import GRANTABLE, ROLES, Permission
from app.tickets.listing import colleagues_of, queues_for
from app.web import allow, current_member, load_or_404, paginate

bp = Blueprint("members", __name__)


@bp.get("/settings/members")
@allow(Permission.MEMBERS_MANAGE)
def index() -> str:
    select = _members().join(Membership.user).options(contains_eager(Membership.user))
    page = paginate(select.order_by(sa.func.lower(User.name), Membership.id), _count(_members()))
    asked = inviting.open_invitations(current_member.tenant_id)
    return render_template(
        "members/index.html",
        page=page,
        works=queues_of(page.rows),
        queues=queues_for(current_member),
        invitations=db.session.scalars(asked.limit(100)).all(),
        partners=_partner_admins(),
        lacking=_lacking(),
        require=SecondFactorForm(required=g.organisation.requires_second_factor),
        grantable=GRANTABLE,
        role_words=ROLE_WORDS,
        permission_words=PERMISSION_WORDS,
        roles=ROLES,
    )


@bp.route("/settings/members/invite", methods=["GET", "POST"])
@allow(Permission.MEMBERS_MANAGE)
@recently_proved
def invite() -> Any:
    form = InviteForm()
    form.offer_roles(current_member)
    form.offer_queues(queues_for(current_member))
    if form.validate_on_submit() and _invited(form):
        return _back(_("We have written to %(email)s.", email=form.email.data))
    return render_template("members/invite.html", form=form), 422 if form.is_submitted() else 200


def _invited(form: InviteForm) -> bool:
    try:
        inviting.invite(g.organisation, form.email.data or "", form.role.data, form.chosen, by=current_member)
    except inviting.AlreadyMember:
        form.form_errors.append(_("Whoever has this address is a member already."))
        return False
    except inviting.AlreadyInvited:
        form.form_errors.append(_("This address is invited already. Send that invitation again instead."))
        return False
    db.session.commit()
    return True


@bp.post("/settings/members/invitations/<uuid:invitation_id>/resend")
@allow(Permission.MEMBERS_MANAGE)
def resend(invitation_id: UUID) -> Response:
    invitation = _invitation(invitation_id)
    inviting.resend(invitation, g.organisation, by=current_member)
    db.session.commit()
    return _back(_("We have written to %(email)s again. The earlier link has ended.", email=invitation.email))


@bp.post("/settings/members/invitations/<uuid:invitation_id>/withdraw")
@allow(Permission.MEMBERS_MANAGE)
def withdraw(invitation_id: UUID) -> Response:
    invitation = _invitation(invitation_id)
    inviting.withdraw(invitation, by=current_member)
    db.session.commit()
    return _back(_("The invitation to %(email)s is withdrawn.", email=invitation.email))


@bp.post("/settings/members/<uuid:membership_id>/role")
@allow(Permission.MEMBERS_MANAGE)
@recently_proved
def change_role(membership_id: UUID) -> Response:
    membership = _membership(membership_id)
    form = RoleForm()
    if not form.offer_roles(current_member).validate_on_submit():
        return answer(422)
    changing.change_role(membership, form.role.data, by=current_member)
    db.session.commit()
    words = {"name": membership.name, "role": ROLE_WORDS[membership.role]}
    if membership.user_id == current_member.user_id:
        return redirect("/", 303)  # this page may be closed to them now
    return _back(_("%(name)s is now: %(role)s. They have to sign in again.", **words))


@bp.post("/settings/members/<uuid:membership_id>/queues")
@allow(Permission.MEMBERS_MANAGE)
def set_queues(membership_id: UUID) -> Response:
    membership = _membership(membership_id)
    form = QueuesForm()
    if not form.offer_queues(queues_for(current_member)).validate_on_submit():
        return answer(422)
    changing.set_queues(membership, form.chosen, by=current_member)
    db.session.commit()
    return _back(_("Saved: the queues of %(name)s.", name=membership.name))


@bp.route("/settings/members/<uuid:membership_id>/end", methods=["GET", "POST"])
@allow(Permission.MEMBERS_MANAGE)
@recently_proved
def end(membership_id: UUID) -> Any:
    membership = _membership(membership_id)
    others = [each for each in colleagues_of(current_member) if each.id != membership.id]
    form = EndForm().offer_heirs(others, _("Nobody: back to Unassigned"))
    if not form.validate_on_submit():
        open_tickets = db.session.scalar(_count(changing.open_tickets_of(membership)))
        page = render_template(
            "members/end.html", form=form, membership=membership, open_tickets=open_tickets
        )
        return page, 422 if form.is_submitted() else 200
    heir = next((each for each in others if str(each.id) == form.heir.data), None)
    moved = changing.end(membership, heir, by=current_member)
    db.session.commit()
    if membership.user_id == current_member.user_id:
        return redirect("/", 303)
    handed = ngettext("%(num)d ticket was handed over.", "%(num)d tickets were handed over.", moved)
    return _back(_("%(name)s is no longer a member.", name=membership.name) + (f" {handed}" if moved else ""))


@bp.post("/settings/members/second-factor")
@allow(Permission.SETTINGS_MANAGE)
@recently_proved
def require_second_factor() -> Response:
    form = SecondFactorForm()
    if not form.validate_on_submit():
        return answer(422)
    changing.require_second_factor(g.organisation, bool(form.required.data), by=current_member)
    db.session.commit()
    return _back(_("Saved"))


@bp.errorhandler(LastAdmin)
def last_admin(error: LastAdmin) -> Response:
    db.session.rollback()
    text = _("This is the last admin, and somebody has to be one. Make another member an admin first.")
    return answer(409, text)


def _back(words: str) -> Response:
    flash(words, "success")
    return redirect(url_for("members.index"), 303)


def _members() -> "sa.Select[Membership]":
    return sa.select(Membership).where(
        Membership.tenant_id == current_member.tenant_id, Membership.ended_at.is_(None)
    )


def _membership(membership_id: UUID) -> Membership:
    return load_or_404(_members().where(Membership.id == membership_id))


def _invitation(invitation_id: UUID) -> Invitation:
    asked = inviting.open_invitations(current_member.tenant_id).where(Invitation.id == invitation_id)
    return load_or_404(asked, lock=True)


def _count(select: "sa.Select[Any]") -> "sa.Select[int]":
    return select.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)


def _lacking() -> int:
    """How many members have no second factor."""
    without = _members().join(Membership.user).where(User.second_factor_at.is_(None))
    return db.session.scalar(_count(without)) or 0


def _partner_admins() -> list[User]:
    """Who acts as admin here by way of the partner."""
    if g.organisation.partner_id is None:
        return []
    admins = sa.select(User).join(PartnerMembership, PartnerMembership.user_id == User.id)
    of_ours = admins.where(PartnerMembership.partner_id == g.organisation.partner_id).order_by(User.name)
    return list(db.session.scalars(of_ours.limit(50)))
