"""`flask organisation`: the tenants."""

from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.commands.shared import base_url, facts, state_of, table, the_organisation, the_partner, the_user
from app.extensions import db
from app.jobs import Job, JobState
from app.mail.models import InboundMessage, InboundState
from app.organisations import suspending
from app.organisations.models import SLUG, Membership, Organisation, Partner
from app.signup import open_organisation
from app.tenancy import acting_for
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox

group = AppGroup("organisation", help="Organisations, the tenants.")


@group.command("create")
@click.argument("name")
@click.option("--admin", required=True, help="Email of the user who becomes its admin.")
@click.option("--partner", help="Slug of the partner that manages it.")
@click.option("--slug", help="Its part of the address; made from the name when not given.")
def create(name: str, admin: str, partner: str | None, slug: str | None) -> None:
    """Open an organisation with a queue, an address and statuses."""
    owner = the_partner(partner) if partner else None
    try:
        organisation = open_organisation(name, admin=the_user(admin), partner=owner, slug=slug)
        db.session.commit()
    except sa.exc.IntegrityError as error:
        raise click.ClickException(f"The slug {slug!r} is taken or does not match {SLUG}.") from error
    click.echo(f"Opened {organisation.name}: {base_url()}/o/{organisation.slug}/")


@group.command("list")
@click.option("--partner", help="Only those of this partner, by its slug.")
def list_(partner: str | None) -> None:
    """Every organisation with its partner and state."""
    select = (
        sa.select(Organisation).options(sa.orm.joinedload(Organisation.partner)).order_by(Organisation.slug)
    )
    if partner:
        select = select.where(Organisation.partner_id == the_partner(partner).id)
    rows = [
        (each.slug, each.name, each.partner.name if each.partner else "", state_of(each))
        for each in db.session.scalars(select)
    ]
    click.echo(f"{table(('SLUG', 'NAME', 'PARTNER', 'STATE'), rows)} in all.")


@group.command("show")
@click.argument("slug")
def show(slug: str) -> None:
    """One organisation: its people, addresses and work."""
    organisation = the_organisation(slug)
    partner = db.session.get(Partner, organisation.partner_id) if organisation.partner_id else None
    with acting_for(organisation.id):
        addresses = db.session.scalars(sa.select(Mailbox.address).order_by(Mailbox.address)).all()
        counts = _counts()
    facts(
        [
            ("Name", organisation.name),
            ("Address", f"{base_url()}/o/{organisation.slug}/"),
            ("Partner", partner.name if partner else ""),
            ("State", state_of(organisation)),
            ("Because", organisation.suspended_because),
            ("Since", organisation.created_at),
            ("Mail addresses", ", ".join(addresses)),
            *counts,
        ]
    )


@group.command("suspend")
@click.argument("slug")
@click.option("--because", default="", help="What its members read when they want to work.")
@click.confirmation_option(prompt="Nobody can work in it then, and nothing is sent. Go on?")
def suspend(slug: str, because: str) -> None:
    """Close an organisation: its members see why, mail is kept and held, nothing is sent."""
    organisation = the_organisation(slug)
    suspending.suspend(organisation, because)
    db.session.commit()
    click.echo(f"{organisation.name} is suspended.")


@group.command("reopen")
@click.argument("slug")
def reopen(slug: str) -> None:
    """Open a suspended organisation again, and let in the mail that was held for it."""
    organisation = the_organisation(slug)
    suspending.reopen(organisation)
    db.session.commit()
    if organisation.is_suspended:
        raise click.ClickException("Its partner is suspended: flask partner reopen opens both.")
    click.echo(f"{organisation.name} is open.")


def _counts() -> list[tuple[str, Any]]:
    def count(kind: Any, *conditions: Any) -> int:
        return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*conditions)) or 0

    last = db.session.scalar(sa.select(sa.func.max(InboundMessage.received_at)))
    return [
        ("Members", count(Membership, Membership.ended_at.is_(None))),
        ("Tickets", count(Ticket)),
        ("Mails in", count(InboundMessage)),
        ("Last mail in", last),
        ("Held", count(InboundMessage, InboundMessage.state == InboundState.HELD)),
        ("Dead jobs", count(Job, Job.state == JobState.DEAD)),
    ]
