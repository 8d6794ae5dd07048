"""`flask search`: look after the words that search reads."""

from uuid import UUID

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.extensions import db
from app.organisations.models import Organisation
from app.tenancy import acting_for
from app.tickets.search_index import index_anew, unindexed

group = AppGroup("search", help="The words that search reads.")


@group.command("rebuild")
@click.option("--missing", is_flag=True, help="Only tickets that are not searchable yet.")
@click.option("--organisation", "slug", help="Only this organisation, by its slug.")
def rebuild(missing: bool, slug: str | None) -> None:
    """Index tickets anew, 500 at a time; pages and mail go on meanwhile."""
    for name, count in rebuild_all(missing=missing, slug=slug):
        click.echo(f"{name}: {count} tickets")


def rebuild_all(*, missing: bool, slug: str | None = None) -> list[tuple[str, int]]:
    """Index the tickets of every organisation, or of one. Answers whose and how many."""
    select = sa.select(Organisation.id, Organisation.name).order_by(Organisation.slug)
    if slug:
        select = select.where(Organisation.slug == slug)
    rows = db.session.execute(select).all()
    done = [(name, rebuild_organisation(tenant_id, missing=missing)) for tenant_id, name in rows]
    return [(name, count) for name, count in done if count]


def rebuild_organisation(tenant_id: UUID, *, missing: bool) -> int:
    """Index an organisation's tickets, committing after each batch. Answers how many."""
    count, last = 0, None
    with acting_for(tenant_id):
        while ids := unindexed(last, all_of_them=not missing):
            index_anew(ids)
            db.session.commit()
            count, last = count + len(ids), ids[-1]
    return count
