"""What one signs in with: password, address and second factor."""

from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account import letters, moving
from app.account.forms import AddressForm, ChangePasswordForm, PressForm
from app.auth import credentials, passwords, second_factor, sessions, throttling
from app.auth.forms import CodeForm
from app.auth.links import LinkEnded
from app.auth.proving import recently_proved
from app.auth.second_factor import WrongCode
from app.extensions import db
from app.web import signed_in

bp = Blueprint("security", __name__)


@bp.get("/account/security")
@signed_in
def overview() -> str:
    left = second_factor.recovery_codes_left(current_user) if current_user.has_second_factor else None
    return render_template("account/security.html", recovery_codes_left=left)


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in
def password() -> Any:
    form = ChangePasswordForm(current_user)
    if not form.validate_on_submit():
        return render_template("account/password.html", form=form), 422 if form.is_submitted() else 200
    throttling.count_sign_in(current_user.email, request.remote_addr or "")
    if not passwords.matches(current_user.password_hash, form.present.data or ""):
        form.present.errors = [_("This is not your present password.")]
        return render_template("account/password.html", form=form), 422
    throttling.forgive(current_user.email, request.remote_addr or "")
    credentials.set_password(current_user, form.password.data or "")
    letters.password_changed(current_user)
    return _go_on_signed_in(_("Your password is changed, and every other browser signed out."))


@bp.route("/account/address", methods=["GET", "POST"])
@signed_in
@recently_proved
def address() -> Any:
    form = AddressForm()
    if not form.validate_on_submit():
        return render_template("account/address.html", form=form), 422 if form.is_submitted() else 200
    moving.ask(current_user, form.email.data or "", request.remote_addr or "")
    db.session.commit()
    flash(_("Look into the mail we sent to %(email)s.", email=form.email.data), "success")
    return redirect(url_for("security.overview"), 303)


@bp.route("/account/address/<token>", methods=["GET", "POST"])
@signed_in
def confirm_address(token: str) -> Any:
    """A GET changes nothing: scanners follow the links in mails."""
    link = moving.find(current_user, token)
    form = PressForm()
    if not form.validate_on_submit():
        return render_template("account/confirm_address.html", form=form, link=link)
    moving.finish(current_user, link)
    return _go_on_signed_in(_("You now sign in as %(email)s.", email=link.email))


def _go_on_signed_in(words: str) -> Response:
    """All sessions have ended; this browser goes on under a new one."""
    sessions.start(current_user)
    session.clear()
    db.session.commit()
    flash(words, "success")
    return redirect(url_for("security.overview"), 303)


@bp.route("/account/second-factor", methods=["GET", "POST"])
@signed_in
@recently_proved
def set_up() -> Any:
    """Scan, show a first code, keep the recovery codes."""
    if current_user.has_second_factor:
        return redirect(url_for("security.overview"))
    form = CodeForm()
    secret = second_factor.begin(current_user)
    db.session.commit()
    if form.validate_on_submit():
        try:
            codes = second_factor.confirm(current_user, form.code.data or "")
        except WrongCode:
            form.form_errors.append(_("This is not the code. Wait for the next one and try that."))
        else:
            letters.second_factor_changed(current_user)
            return _show_codes(codes)
    qr = second_factor.picture(secret, current_user.email)
    page = render_template("account/second_factor.html", form=form, qr=qr, secret=secret)
    return page, 422 if form.is_submitted() else 200


@bp.post("/account/second-factor/codes")
@signed_in
@recently_proved
def renew_codes() -> Response:
    if not current_user.has_second_factor:
        return redirect(url_for("security.set_up"), 303)
    return _show_codes(second_factor.renew_recovery_codes(current_user))


def _show_codes(codes: list[str]) -> Response:
    """Once: afterwards there are only their hashes."""
    g.session.proved_at = sessions.now()
    db.session.commit()
    return make_response(render_template("account/recovery_codes.html", codes=codes))


@bp.post("/account/second-factor/remove")
@signed_in
@recently_proved
def remove() -> Response:
    if current_user.has_second_factor:
        second_factor.give_up(current_user)
        sessions.end_others(current_user)
        letters.second_factor_changed(current_user)
        db.session.commit()
        flash(_("Your password alone signs you in again."), "success")
    return redirect(url_for("security.overview"), 303)


@bp.app_errorhandler(LinkEnded)
def link_ended(error: LinkEnded) -> Response:
    db.session.rollback()
    text = _("It was used already, is too old, or belongs to another account. Ask for a new one.")
    return make_response(
        render_template("error.html", code=404, title=_("This link has ended"), text=text), 404
    )
