"""One's own profile and picture, and the browsers one is signed in with."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.account import portraits
from app.account.forms import profile_form
from app.auth import sessions
from app.auth.browsers import browser_of, system_of
from app.auth.models import Session
from app.extensions import db
from app.thumbnails import NotAPicture
from app.web import load_or_404, paginate, signed_in

bp = Blueprint("account", __name__)


@bp.route("/account", methods=["GET", "POST"])
@signed_in
def profile() -> Any:
    form = profile_form()
    if form.validate_on_submit() and _take_picture(form):
        for name in ("name", "locale", "time_zone", "signature", "away_until"):
            setattr(current_user, name, form[name].data)
        db.session.commit()
        flash(_("Saved"), "success")
        return redirect(url_for("account.profile"), 303)
    return render_template("account/profile.html", form=form), 422 if form.is_submitted() else 200


def _take_picture(form: Any) -> bool:
    """Take the picture that came with the form, if any. False, with words on the form, where it will not do."""
    given = request.files.get("picture")
    data = given.read(portraits.LARGEST + 1) if given else b""
    if form.without_picture.data:
        portraits.take_away(current_user)
    if not data:
        return True
    try:
        if len(data) > portraits.LARGEST:
            raise NotAPicture("too large")
        portraits.give(current_user, data)
    except NotAPicture:
        form.form_errors.append(_("Choose a picture in PNG, JPEG, GIF or WebP of at most 10 MB."))
        return False
    return True


@bp.get("/people/<uuid:user_id>/picture")
@signed_in
def picture(user_id: UUID) -> Response:
    """A person's picture. Its URL changes with it, so a browser may keep it; nobody between may."""
    portrait = load_or_404(portraits.visible_portrait(user_id, current_user, g.get("member")))
    response = Response(portrait.data, mimetype=portrait.content_type)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.get("/account/sessions")
@signed_in
def signed_in_browsers() -> str:
    select = sessions.live_sessions(current_user)
    count = select.with_only_columns(sa.func.count(), maintain_column_froms=True).order_by(None)
    page = paginate(select, count)
    return render_template("account/sessions.html", page=page, this=g.session.id)


@bp.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: UUID) -> Response:
    if not sessions.end_one(current_user, session_id):
        abort(404)
    db.session.commit()
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("account.signed_in_browsers"), 303)


@bp.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> Response:
    sessions.end_others(current_user)
    db.session.commit()
    flash(_("Every other browser is signed out."), "success")
    return redirect(url_for("account.signed_in_browsers"), 303)


@bp.app_template_filter("browser")
def browser_words(session: Session) -> str:
    """Where somebody is signed in: "Firefox on Windows"."""
    browser, system = browser_of(session.user_agent), system_of(session.user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("A browser we do not know")


@bp.app_template_global()
def picture_url(person: Any) -> str | None:
    """Where a user's picture is, or None where initials have to do."""
    if not getattr(person, "picture_mark", None):
        return None
    return url_for("account.picture", user_id=person.id, v=person.picture_mark)
