"""Signing in, in one step or two, and out; and showing again that it is still oneself."""

from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import half_sessions, proving, second_factor, sessions
from app.auth.forms import CodeForm, PlainForm, ProveForm, SignInForm
from app.auth.models import User
from app.auth.second_factor import WrongCode
from app.auth.signing_in import WrongCredentials, authenticate
from app.auth.throttling import Throttled
from app.extensions import db
from app.headers import safe_next
from app.web import public, signed_in

bp = Blueprint("auth", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Response:
    onward = safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(onward)
    form = SignInForm()
    if not form.validate_on_submit():
        return _page(form, 400 if form.is_submitted() else 200)
    try:
        user = authenticate(form.email.data or "", form.password.data or "", request.remote_addr or "")
    except WrongCredentials:
        form.form_errors.append(_("The email address or the password is wrong."))
        return _page(form, 401)
    if user.has_second_factor:
        half_sessions.start(user)
        db.session.commit()
        return redirect("/sign-in/code?" + urlencode({"next": onward}))
    _let_in(user)
    db.session.commit()
    return redirect(onward)


@bp.route("/sign-in/code", methods=["GET", "POST"])
@public
def code() -> Response:
    """The second step. Only a browser that has just given the right password gets here."""
    half = half_sessions.current()
    if half is None:
        return redirect("/sign-in")
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(form, 400 if form.is_submitted() else 200, "auth/code")
    try:
        second_factor.check(half.user, form.code.data or "")
    except WrongCode:
        db.session.rollback()
        form.form_errors.append(_("This is not the code, or it was used before. Wait for the next one."))
        return _page(form, 401, "auth/code")
    half_sessions.end()
    _let_in(half.user)
    db.session.commit()
    return redirect(safe_next(request.args.get("next")))


def _let_in(user: User) -> None:
    sessions.start(user)
    session.clear()  # its CSRF token may be known to whoever had this browser before


@bp.route("/prove", methods=["GET", "POST"])
@signed_in
def prove() -> Response:
    """Ask for the password or a code before something sensitive."""
    form = ProveForm()
    if not form.validate_on_submit():
        return _page(form, 400 if form.is_submitted() else 200, "auth/prove")
    given = {"password": form.password.data or "", "code": form.code.data or ""}
    try:
        proving.prove(current_user, address=request.remote_addr or "", **given)
    except (WrongCredentials, WrongCode):
        db.session.rollback()
        form.form_errors.append(_("That is not right. Try again."))
        return _page(form, 401, "auth/prove")
    db.session.commit()
    return redirect(safe_next(request.args.get("next")))


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    sessions.end_current()
    half_sessions.end()
    session.clear()
    db.session.commit()
    return redirect("/sign-in")


@bp.app_errorhandler(Throttled)
def too_many_tries(error: Throttled) -> Response:
    wait = ngettext(
        "Too many tries. Wait %(num)d minute, then try again.",
        "Too many tries. Wait %(num)d minutes, then try again.",
        error.minutes,
    )
    text = render_template("error.html", code=429, title=_("Please wait"), text=wait)
    response = make_response(text, 429)
    response.headers["Retry-After"] = str(error.seconds)
    return response


def _page(form: PlainForm, status: int, template: str = "auth/sign_in") -> Response:
    return make_response(render_template(f"{template}.html", form=form), status)
