"""Signing in and out."""

from flask import Blueprint, make_response, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import sessions
from app.auth.forms import SignInForm
from app.auth.signing_in import WrongCredentials, authenticate
from app.auth.throttling import Throttled
from app.extensions import db
from app.headers import safe_next
from app.web import public

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
    sessions.start(user)
    session.clear()  # its CSRF token may be known to whoever had this browser before
    db.session.commit()
    return redirect(onward)


@bp.post("/sign-out")
@public
def sign_out() -> Response:
    sessions.end_current()
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


def _page(form: SignInForm, status: int) -> Response:
    return make_response(render_template("auth/sign_in.html", form=form), status)
