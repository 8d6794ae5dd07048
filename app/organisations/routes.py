"""Where a signed-in person goes: the one organisation, a choice of several, or what to do without any."""

from typing import Any

from flask import Blueprint, g, redirect, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.errors import answer
from app.organisations.context import Suspended, inbox_of, organisations_of
from app.web import signed_in

bp = Blueprint("organisations", __name__)


@bp.get("/")
@signed_in
def home() -> Response:
    """The organisation's inbox; outside of one, that of the only organisation, else the choice."""
    if "organisation" in g:
        return redirect(inbox_of(g.organisation))
    found = organisations_of(current_user.id)
    return redirect(inbox_of(found[0]) if len(found) == 1 else "/organisations")


@bp.get("/organisations")
@signed_in
def choose() -> str:
    return render_template("organisations/choose.html", organisations=organisations_of(current_user.id))


@bp.app_errorhandler(Suspended)
def suspended(error: Suspended) -> Response:
    """Why nobody can work here, to the organisation's own members."""
    organisation = error.organisation
    words = _(
        "Nobody can work in it for now. Mail to it is kept and becomes tickets when it is open again. %(why)s",
        why=organisation.suspended_because or _("Ask whoever runs this service for you."),
    )
    title = _("%(name)s is suspended", name=organisation.name)
    return answer(403, words, title, {"url": "/organisations", "name": _("Your organisations")})


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """Where to switch. Always offered: how many organisations there are would be a query on every page."""
    return {"switch_url": "/organisations" if "member" in g else None}
