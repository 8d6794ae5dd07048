"""The bell and its page, watching a ticket, colleagues to mention, and one's own settings."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from app.extensions import csrf, db
from app.notifications import reading
from app.notifications.forms import SettingsForm
from app.notifications.links import read_token
from app.notifications.preferring import known_preferences, prefer, stop_mail
from app.notifications.recipients import names_on
from app.notifications.watching import unwatch, watch
from app.organisations.models import Membership, Organisation
from app.policy import Permission
from app.tenancy import acting_for
from app.tickets.finding import ticket_numbered
from app.web import allow, current_member, load_or_404, paginate, public

bp = Blueprint("notifications", __name__)

MOST_NAMES = 500


@bp.get("/notifications")
@allow(Permission.TICKET_READ)
def index() -> str:
    page = paginate(reading.lines(current_member), reading.count(current_member))
    return render_template(
        "notifications/index.html", items=reading.items(page.rows), page=_pages(page), unread=unread()
    )


def _pages(page: Any) -> dict[str, Any]:
    def url(number: int) -> str:
        return url_for("notifications.index", page=number)

    return {
        "count": page.pages,
        "first": page.first,
        "last": page.last,
        "total": page.total,
        "previous": url(page.number - 1) if page.has_previous else None,
        "next": url(page.number + 1) if page.has_next else None,
    }


@bp.get("/notifications/latest")
@allow(Permission.TICKET_READ)
def latest() -> str:
    """What the bell's menu shows."""
    rows = db.session.scalars(reading.lines(current_member).limit(reading.LATEST)).all()
    return render_template("notifications/_latest.html", items=reading.items(rows), unread=unread())


@bp.get("/notifications/count")
@allow(Permission.TICKET_READ)
def count() -> Answer:
    """The number on the bell; 304 while nothing changed, so that asking every half a minute costs little."""
    number = unread() or 0
    response = jsonify(unread=number, label=bell_label(number))
    response.set_etag(reading.version(current_member, number))
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


@bp.post("/notifications/read")
@allow(Permission.TICKET_READ)
def read_all() -> Answer:
    reading.read_all(current_member)
    db.session.commit()
    return redirect(url_for("notifications.index"), 303)


@bp.get("/notifications/<uuid:notification_id>")
@allow(Permission.TICKET_READ)
def follow(notification_id: UUID) -> Answer:
    """Go to what a line is about, which then is read."""
    found = load_or_404(reading.own(current_member, notification_id))
    many, number = reading.size_of(found) > 1, found.ticket.number
    if not _is_prefetch():
        reading.read_line(found)
        db.session.commit()
    return redirect(
        url_for("tickets.index", assignee="me") if many else url_for("tickets.show", number=number)
    )


@bp.route("/notifications/settings", methods=["GET", "POST"])
@allow(Permission.TICKET_READ)
def settings() -> Answer | tuple[str, int]:
    member = current_member.membership_id
    if member is None:
        return render_template("notifications/partner.html"), 200
    form = SettingsForm.showing(known_preferences(member))
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("notifications/settings.html", form=form), status
    prefer(member, form.wishes)
    db.session.commit()
    flash(_("Saved"), "success")
    return redirect(url_for("notifications.settings"), 303)


@bp.post("/tickets/<int:number>/watch")
@allow(Permission.TICKET_READ)
def watching(number: int) -> Answer:
    ticket = ticket_numbered(number)
    if request.form.get("watch") == "on":
        watch(ticket, by=current_member)
        flash(_("You watch this ticket"), "success")
    else:
        unwatch(ticket, by=current_member)
        flash(_("You no longer watch this ticket"), "success")
    db.session.commit()
    return redirect(url_for("tickets.show", number=number), 303)


@bp.get("/tickets/<int:number>/people")
@allow(Permission.TICKET_COMMENT)
def people(number: int) -> Response:
    """Colleagues who may see the ticket, for `@` in the composer."""
    names = names_on(ticket_numbered(number))
    others = [name for identity, name in names.items() if identity != current_member.membership_id]
    return jsonify(people=others[:MOST_NAMES])


@bp.route("/notices/off/<token>", methods=["GET", "POST"])
@csrf.exempt
@public
def off(token: str) -> tuple[str, int]:
    """Stop notices by mail. Only a POST does it (RFC 8058): scanners open every link they see."""
    found = read_token(token)
    organisation = db.session.get(Organisation, found[0]) if found else None
    if found is None or organisation is None:
        abort(404)
    with acting_for(found[0]):
        if db.session.get(Membership, found) is None:
            abort(404)
        if request.method == "POST":
            stop_mail(found[1])
            db.session.commit()
    done = request.method == "POST"
    return render_template("notifications/off.html", organisation=organisation, done=done), 200


@bp.before_app_request
def read_what_is_opened() -> None:
    """Opening a ticket reads what one was told about it. A row of one's own changes, and nothing else."""
    if request.endpoint != "tickets.show" or request.method != "GET" or _is_prefetch():
        return
    seen = glance()
    if seen and seen.has_news:
        reading.read_ticket(g.member, g.glance_number)
        db.session.commit()
        g.pop("glance")


def _is_prefetch() -> bool:
    return "prefetch" in request.headers.get("Sec-Purpose", "")


@bp.app_context_processor
def for_templates() -> dict[str, Any]:
    """The number on the bell, and whether one watches a ticket."""
    return {"unread_notifications": unread, "bell_label": bell_label, "watches": watches}


def glance() -> reading.Glance | None:
    """The bell, and the ticket that the address names, asked once a request; None for those who have no bell."""
    if "glance" not in g:
        member = g.get("member")
        number = (request.view_args or {}).get("number")
        g.glance_number = number if isinstance(number, int) and number < 2**31 else None
        g.glance = reading.glance(member, g.glance_number) if member and member.membership_id else None
    return g.glance


def unread() -> int | None:
    """How many lines of the bell are unread."""
    seen = glance()
    return seen.unread if seen else None


def bell_label(number: int) -> str:
    """What the bell is called when it is read out."""
    if not number:
        return _("Notifications")
    return ngettext("Notifications: %(num)d unread", "Notifications: %(num)d unread", number)


def watches() -> bool | None:
    """Whether the member watches the ticket that the address names; None for those who cannot."""
    seen = glance()
    return seen.is_watching if seen else None
