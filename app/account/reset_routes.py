"""A forgotten password: ask for a link, and choose a new one. Nobody learns here who has an account."""

import time

from flask import Blueprint, flash, make_response, redirect, render_template, request, session
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.account import resetting
from app.account.forms import NewPasswordForm, ResetForm
from app.auth import sessions
from app.extensions import db
from app.web import public

bp = Blueprint("reset", __name__)

# Seconds after which the answer leaves, whether there was anything to do (some 20 ms of it) or not.
SAME_TIME = 0.25


@bp.route("/reset", methods=["GET", "POST"])
@public
def ask() -> Response:
    started = time.monotonic()
    form = ResetForm()
    if not form.validate_on_submit():
        return _answer("account/reset", 400 if form.is_submitted() else 200, form=form)
    resetting.ask(form.email.data or "", request.remote_addr or "")
    db.session.commit()
    page = _answer("account/reset_asked", 200, email=form.email.data)
    time.sleep(max(0.0, SAME_TIME - (time.monotonic() - started)))
    return page


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def choose(token: str) -> Response:
    """A GET changes nothing: scanners follow the links in mails."""
    link = resetting.find(token)
    form = NewPasswordForm(link.user)
    if not form.validate_on_submit():
        return _answer("account/reset_choose", 400 if form.is_submitted() else 200, form=form, link=link)
    resetting.finish(link, form.password.data or "")
    sessions.end_current()
    session.clear()
    db.session.commit()
    flash(_("Your password is changed. Sign in with it."), "success")
    return redirect("/sign-in", 303)


def _answer(template: str, status: int, **values: object) -> Response:
    return make_response(render_template(f"{template}.html", **values), status)
