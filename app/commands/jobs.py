"""`flask jobs`: work that waits, and work that was given up."""

from collections.abc import Sequence
from uuid import UUID

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.commands.shared import table, the_organisation
from app.extensions import db
from app.jobs import Job, JobState, Lane, run_due
from app.jobs import dead as dead_letters
from app.jobs.sweeping import backlog, sweep
from app.organisations.models import Organisation
from app.tenancy import Scope, acting_for, connection_across

group = AppGroup("jobs", help="Work that waits, and work that was given up.")

IDS = click.argument("ids", nargs=-1, type=click.UUID)
ALL = click.option("--all", "everything", is_flag=True, help="Every dead job, of one organisation or of all.")
ORGANISATION = click.option("--organisation", "slug", help="Only of this organisation, by its slug.")


@group.command("status")
def status() -> None:
    """How much waits in each lane, and for how long."""
    due = sa.case((Job.state == JobState.DEAD, "dead"), (Job.run_at > sa.func.now(), "later"), else_="due")
    counts = sa.select(Job.lane, due, sa.func.count()).group_by(Job.lane, due)
    with connection_across(Scope.SWEEP) as connection:
        found = {(lane, state): count for lane, state, count in connection.execute(counts)}
    waits = backlog()
    rows = [
        (
            lane,
            *(found.get((lane, state), 0) for state in ("due", "later", "dead")),
            f"{waits.get(lane, 0):.0f} s",
        )
        for lane in [each.value for each in Lane]
    ]
    table(("LANE", "DUE", "LATER", "DEAD", "OLDEST WAITS"), rows)


@group.command("sweep")
@click.option("--run", is_flag=True, help="Do all that is due here and now, rather than wake the workers.")
def sweep_(run: bool) -> None:
    """Wake workers for all that is due; what nobody does is done here."""
    ran = run_due() if run else sweep()
    click.echo(f"{ran} job(s) done here.")


@group.command("dead")
@ORGANISATION
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def dead(slug: str | None, limit: int) -> None:
    """Jobs that failed at every try, latest first, with the last error."""
    select = (
        sa.select(Job.id, Organisation.slug, Job.name, Job.attempts, Job.created_at, Job.last_error)
        .join(Organisation, Organisation.id == Job.tenant_id)
        .where(Job.state == JobState.DEAD, *_of(slug))
        .order_by(Job.created_at.desc())
        .limit(limit)
    )
    with connection_across(Scope.SWEEP) as connection:
        rows = connection.execute(select).all()
    click.echo(f"{table(('ID', 'ORGANISATION', 'JOB', 'TRIES', 'MADE', 'LAST ERROR'), rows)} dead.")


@group.command("retry")
@IDS
@ALL
@ORGANISATION
def retry(ids: Sequence[UUID], everything: bool, slug: str | None) -> None:
    """Start dead jobs again, with all their tries."""
    done = 0
    for tenant_id, own in _chosen(ids, everything, slug).items():
        with acting_for(tenant_id):
            done += dead_letters.revive(own)
            db.session.commit()
    click.echo(f"{done} started again.")


@group.command("drop")
@IDS
@ALL
@ORGANISATION
@click.confirmation_option(prompt="What they were to do is then never done. Go on?")
def drop(ids: Sequence[UUID], everything: bool, slug: str | None) -> None:
    """Delete dead jobs: what they were to do is never done."""
    done = 0
    for tenant_id, own in _chosen(ids, everything, slug).items():
        with acting_for(tenant_id):
            done += dead_letters.drop(own)
            db.session.commit()
    click.echo(f"{done} dropped.")


def _chosen(ids: Sequence[UUID], everything: bool, slug: str | None) -> dict[UUID, list[UUID]]:
    """The dead jobs meant, by organisation. A job that is not dead is an error: somebody mistyped."""
    if not ids and not everything:
        raise click.UsageError("Name jobs, or give --all.")
    select = sa.select(Job.tenant_id, Job.id).where(Job.state == JobState.DEAD, *_of(slug))
    if ids:
        select = select.where(Job.id.in_(ids))
    with connection_across(Scope.SWEEP) as connection:
        rows = connection.execute(select).all()
    if missing := set(ids) - {job_id for _, job_id in rows}:
        raise click.ClickException(
            f"No dead job {', '.join(map(str, sorted(missing)))}: flask jobs dead lists them."
        )
    found: dict[UUID, list[UUID]] = {}
    for tenant_id, job_id in rows:
        found.setdefault(tenant_id, []).append(job_id)
    return found


def _of(slug: str | None) -> list[sa.ColumnElement[bool]]:
    return [Job.tenant_id == the_organisation(slug).id] if slug else []
