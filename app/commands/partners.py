"""`flask partner`: companies that manage several organisations."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.commands.shared import facts, state_of, table, the_partner, the_user
from app.extensions import db, new_id
from app.organisations import suspending
from app.organisations.models import Organisation, Partner, PartnerMembership

group = AppGroup("partner", help="Companies that manage several organisations.")


@group.command("create")
@click.argument("name")
@click.option("--slug", required=True, help="Lower-case letters, digits and hyphens.")
@click.option("--admin", required=True, help="Email of the user who acts as admin in all its organisations.")
def create(name: str, slug: str, admin: str) -> None:
    """Make a partner with its first admin."""
    partner = Partner(id=new_id(), name=name, slug=slug)
    user = the_user(admin)
    try:
        db.session.add(partner)
        db.session.flush()
        db.session.add(PartnerMembership(partner_id=partner.id, user_id=user.id))
        db.session.commit()
    except sa.exc.IntegrityError as error:
        raise click.ClickException(f"The slug {slug!r} is taken.") from error
    click.echo(f"Made {name}; {user.email} is its admin.")


@group.command("list")
def list_() -> None:
    """Every partner with the number of its organisations."""
    count = sa.func.count(Organisation.id)
    rows = db.session.execute(
        sa.select(Partner, count)
        .outerjoin(Organisation, Organisation.partner_id == Partner.id)
        .group_by(Partner.id)
        .order_by(Partner.slug)
    ).all()
    found = [(each.slug, each.name, number, state_of(each)) for each, number in rows]
    click.echo(f"{table(('SLUG', 'NAME', 'ORGANISATIONS', 'STATE'), found)} in all.")


@group.command("show")
@click.argument("slug")
def show(slug: str) -> None:
    """One partner: its admins and organisations."""
    partner = the_partner(slug)
    own = sa.select(PartnerMembership).where(PartnerMembership.partner_id == partner.id)
    admins = [each.user.email for each in db.session.scalars(own)]
    facts(
        [
            ("Name", partner.name),
            ("State", state_of(partner)),
            ("Since", partner.created_at),
            ("Admins", ", ".join(sorted(admins))),
        ]
    )
    select = sa.select(Organisation).where(Organisation.partner_id == partner.id).order_by(Organisation.slug)
    table(("SLUG", "NAME", "STATE"), [(o.slug, o.name, state_of(o)) for o in db.session.scalars(select)])


@group.command("suspend")
@click.argument("slug")
@click.confirmation_option(prompt="Nobody can work in any of its organisations then. Go on?")
def suspend(slug: str) -> None:
    """Close every organisation of a partner: mail is kept and held, nothing is sent."""
    partner = the_partner(slug)
    closed = suspending.suspend_partner(partner)
    db.session.commit()
    click.echo(f"{partner.name} is suspended, and with it {len(closed)} organisation(s).")


@group.command("reopen")
@click.argument("slug")
def reopen(slug: str) -> None:
    """Open a suspended partner's organisations again, and let in the mail that was held for it."""
    partner = the_partner(slug)
    opened = suspending.reopen_partner(partner)
    db.session.commit()
    click.echo(f"{partner.name} is open, and with it {len(opened)} organisation(s).")
