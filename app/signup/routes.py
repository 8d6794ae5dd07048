"""Registering with a new organisation, and opening a further one."""

from flask import Blueprint, current_app, make_response, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.auth import passwords, sessions, throttling
from app.auth.links import LinkEnded
from app.extensions import db
from app.mail.notices import NotSent
from app.organisations.context import inbox_of
from app.signup import letters, registering
from app.signup.forms import ConfirmForm, OrganisationForm, RegisterForm
from app.signup.registering import AlreadyRegistered, Asked
from app.web import public, signed_in

bp = Blueprint("signup", __name__)

ASKED_HERE = "registration"  # in the cookie of the browser that asked: there the link alone is enough


@bp.route("/register", methods=["GET", "POST"])
@public
def register() -> Response:
    if current_user.is_authenticated:
        return redirect("/organisations/new")
    form = RegisterForm()
    if not form.validate_on_submit():
        return _answer("signup/register", 400 if form.is_submitted() else 200, form=form)
    email = form.email.data or ""
    throttling.count_letter(email.lower(), request.remote_addr or "")
    asked = Asked(email, form.name.data or "", form.password.data or "", form.organisation.data or "")
    registration, token = registering.ask(asked)
    session[ASKED_HERE] = str(registration.id)
    db.session.commit()
    return _write_to(registration.email, token)


def _write_to(email: str, token: str | None) -> Response:
    """Mail the link, or a word to the owner of the account; the page is the same."""
    base = current_app.config["WORKTRACKR"].app_base_url.rstrip("/")
    try:
        if token:
            letters.send_link(email, f"{base}/register/{token}")
        else:
            letters.send_notice(email, f"{base}/sign-in")
    except NotSent:
        problem = _("We could not send you a mail just now. Nothing is lost: try again in a few minutes.")
        return _answer("error", 503, code=503, title=_("No mail left"), text=problem)
    return _answer("signup/look_in_your_mail", 200, email=email, shown_here=_shown_here(token))


def _shown_here(token: str | None) -> str | None:
    """In development mail stays in a folder, so the page itself leads on. Production refuses that transport."""
    config = current_app.config["WORKTRACKR"]
    kept = config.is_development and config.mail_transport == "sink"
    return f"/register/{token}" if kept and token else None


@bp.route("/register/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> Response:
    """A GET changes nothing: scanners follow the links in mails."""
    registration = registering.find(token)
    form = ConfirmForm()
    if session.get(ASKED_HERE) == str(registration.id):
        del form.password
    if not form.validate_on_submit():
        return _answer("signup/confirm", 400 if form.is_submitted() else 200, form=form, asked=registration)
    if form.password:
        throttling.count_sign_in(registration.email, request.remote_addr or "")
        if not passwords.matches(registration.password_hash, form.password.data or ""):
            form.form_errors.append(_("This is not the password you chose when you registered."))
            return _answer("signup/confirm", 401, form=form, asked=registration)
    user, organisation = registering.confirm(registration)
    sessions.start(user)
    session.clear()
    db.session.commit()
    return redirect(inbox_of(organisation))


@bp.route("/organisations/new", methods=["GET", "POST"])
@signed_in
def open_further() -> Response:
    form = OrganisationForm()
    if not form.validate_on_submit():
        return _answer("signup/open_further", 400 if form.is_submitted() else 200, form=form)
    organisation = registering.open_further(current_user, form.organisation.data or "")
    db.session.commit()
    return redirect(inbox_of(organisation))


@bp.errorhandler(LinkEnded)
def link_ended(error: LinkEnded) -> Response:
    text = _(
        "It was used already or is older than a day. If you have an account, sign in; else register again."
    )
    action = {"url": "/sign-in", "name": _("Sign in")}
    return _answer("error", 404, code=404, title=_("This link has ended"), text=text, action=action)


@bp.errorhandler(AlreadyRegistered)
def already_registered(error: AlreadyRegistered) -> Response:
    db.session.rollback()
    return redirect("/sign-in")


def _answer(template: str, status: int, **values: object) -> Response:
    return make_response(render_template(f"{template}.html", **values), status)
