"""What the commands share: tables as output, and finding what an operator names."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import click
import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.auth.signing_in import find_user, normal_email
from app.extensions import db
from app.organisations.models import Organisation, Partner
from app.policy import Actor, ActorKind

WIDEST = 60  # characters of a cell


def table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Print rows under their names, columns as wide as they need. Answers how many rows there were."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(names)]
    for row in [list(names), *cells] if cells else []:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return len(cells)


def facts(rows: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, a line each."""
    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name.ljust(width)}  {_cell(value, widest=200)}")


def the_user(email: str) -> User:
    user = find_user(email)
    if user is None:
        raise click.ClickException(f"{normal_email(email)} has no account: flask user create makes one.")
    return user


def the_organisation(slug: str) -> Organisation:
    found = db.session.scalar(sa.select(Organisation).where(Organisation.slug == slug.lower()))
    if found is None:
        raise click.ClickException(f"There is no organisation {slug!r}: flask organisation list shows them.")
    return found


def the_partner(slug: str) -> Partner:
    partner = db.session.scalar(sa.select(Partner).where(Partner.slug == slug))
    if partner is None:
        raise click.ClickException(f"There is no partner {slug!r}: flask partner create makes one.")
    return partner


def operator(tenant_id: UUID) -> Actor:
    """Whoever types the command, as the author of acts in an organisation."""
    return Actor(ActorKind.SYSTEM, tenant_id, "Operator")


def base_url() -> str:
    return str(current_app.config["APP_BASE_URL"]).rstrip("/")


def state_of(thing: Organisation | Partner) -> str:
    """How a partner or an organisation stands, in a word or two."""
    if thing.suspended_at:
        return "suspended"
    return "partner suspended" if isinstance(thing, Organisation) and thing.is_suspended else "open"


def _cell(value: Any, widest: int = WIDEST) -> str:
    if value is None or value == "":
        return "-"
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else f"{value:%Y-%m-%d}"
    text = " ".join(str(value).split())
    return text if len(text) <= widest else text[: widest - 1] + "…"
