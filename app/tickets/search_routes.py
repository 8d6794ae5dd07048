"""The results of a search, and suggestions while one types."""

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.extensions import db
from app.policy import Permission
from app.tickets import inbox
from app.tickets.finding import choices
from app.tickets.listing import View, ordered
from app.tickets.models import Ticket
from app.tickets.search_results import Results, placed, results
from app.tickets.search_words import number_in
from app.web import allow, current_member

bp = Blueprint("search", __name__)

SUGGESTIONS = 6


@bp.get("/tickets/search")
@allow(Permission.TICKET_READ)
def index() -> Response | str:
    view = g.view = inbox.read_view(request.args, choices())
    found = _numbered(view.q)
    if found:
        return redirect(url_for("tickets.show", number=found.number))
    shown = results(view, current_member, request.args.get("page", 1, type=int))
    return render_template("search/index.html", results=shown, page=_page(view, shown))


@bp.get("/tickets/search/suggestions")
@allow(Permission.TICKET_READ)
def suggestions() -> str:
    """A few tickets for what is being typed: the one of that number, then the newest that match."""
    view = inbox.default_of(inbox.read_view(request.args, choices()).q)
    first = _numbered(view.q)
    shown = placed([first]) if first else []
    others = results(view, current_member, per_page=SUGGESTIONS).rows
    shown += [each for each in others if not first or each.ticket.id != first.id]
    return render_template(
        "search/_suggestions.html",
        results=shown[:SUGGESTIONS],
        q=view.q,
        url=inbox.address_of(view, choices()),
    )


def _numbered(words: str) -> Ticket | None:
    """The ticket whose number was typed, if the member may see it."""
    number = number_in(words)
    if number is None:
        return None
    return db.session.scalar(
        ordered(Ticket.visible_to(current_member).where(Ticket.number == number), View.sort)
    )


def _page(view: View, shown: Results) -> dict[str, Any]:
    """The page's words and links besides the results."""

    def at(number: int) -> str:
        return inbox.address_of(view, choices(), page=number if number > 1 else None)

    plain = inbox.default_of(view.q)
    return {
        "text": view.q,
        "chips": inbox.chips(view, choices()),
        "without_text": url_for("tickets.index"),
        "clear_url": inbox.address_of(plain, choices()) if view != plain else None,
        "previous": at(shown.number - 1) if shown.number > 1 else None,
        "next": at(shown.number + 1) if shown.has_more else None,
    }
