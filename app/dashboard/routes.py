"""The dashboard: what it shows depends on the member's role."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, render_template, request
from flask_babel import format_date

from app.dashboard.days import SPANS, days_until_now
from app.dashboard.health import health_of
from app.dashboard.work import Load, Loads, lists_for, loads_of
from app.policy import Permission, can
from app.tickets.choices import Choice
from app.tickets.finding import choices
from app.web import allow, current_member

bp = Blueprint("dashboard", __name__)


@bp.get("/dashboard")
@allow(Permission.TICKET_READ)
def index() -> str:
    team = _team() if can(current_member, Permission.TEAM_READ) else {}
    health = health_of(current_member) if can(current_member, Permission.SETTINGS_MANAGE) else None
    return render_template("dashboard/index.html", lists=lists_for(current_member), health=health, **team)


def _team() -> dict[str, Any]:
    span = request.args.get("days", SPANS[0], type=int)
    span = span if span in SPANS else SPANS[0]
    loads = loads_of(current_member)
    return {
        "days": days_until_now(current_member, span, ZoneInfo(g.organisation.time_zone)),
        "day_words": lambda day: format_date(day, "EEE d MMM"),
        "span": span,
        "spans": SPANS,
        "total": loads.total,
        "people": _people(loads),
        "queues": _ranked((each, loads.queues.get(each.id, Load())) for each in choices().queues),
    }


def _people(loads: Loads) -> list[tuple[Choice | None, Load]]:
    """Everybody who can be given tickets, the most loaded first, and before them what is nobody's."""
    everyone = _ranked((each, loads.people.get(each.id, Load())) for each in choices().colleagues)
    return [(None, loads.people.get(None, Load())), *everyone]


def _ranked(loads: Any) -> list[tuple[Choice, Load]]:
    return sorted(loads, key=lambda pair: (-pair[1].open, pair[0].name.lower()))
