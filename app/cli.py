"""Flask commands for operators, grouped by noun."""

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask.cli import AppGroup

from app.auth import credentials, passwords, second_factor, sessions
from app.auth.models import User
from app.auth.signing_in import find_user, normal_email
from app.demo import loading
from app.extensions import db, new_id
from app.organisations.models import SLUG, Organisation, Partner, PartnerMembership
from app.signup import open_organisation

user_group = AppGroup("user", help="People who sign in.")
organisation_group = AppGroup("organisation", help="Organisations, the tenants.")
partner_group = AppGroup("partner", help="Companies that manage several organisations.")
demo_group = AppGroup("demo", help="Something to look around in, for development.")

PASSWORD = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when not given; at least 10 characters.",
)


@user_group.command("create")
@click.argument("email")
@click.argument("name")
@PASSWORD
def create_user(email: str, name: str, password: str) -> None:
    """Make a user, who belongs nowhere yet."""
    if find_user(email):
        raise click.ClickException(f"{normal_email(email)} has an account already.")
    _acceptable(password, email)
    db.session.add(
        User(id=new_id(), email=normal_email(email), name=name, password_hash=passwords.hashed(password))
    )
    db.session.commit()
    click.echo(f"Made {normal_email(email)}.")


@user_group.command("reset-password")
@click.argument("email")
@PASSWORD
def reset_password(email: str, password: str) -> None:
    """Give a user a new password, and end all their sessions."""
    user = _user(email)
    _acceptable(password, email)
    credentials.set_password(user, password)
    db.session.commit()
    click.echo(f"{user.email} has a new password and is signed out everywhere.")


@user_group.command("forget-second-factor")
@click.argument("email")
@click.confirmation_option(prompt="Are you sure of who asks? The password alone will sign in.")
def forget_second_factor(email: str) -> None:
    """For somebody who lost phone and recovery codes: back to the password, signed out everywhere."""
    user = _user(email)
    second_factor.give_up(user)
    sessions.end_all(user)
    db.session.commit()
    click.echo(f"{user.email} signs in with the password alone and can set up a second factor anew.")


@organisation_group.command("create")
@click.argument("name")
@click.option("--admin", required=True, help="Email of the user who becomes its admin.")
@click.option("--partner", help="Slug of the partner that manages it.")
@click.option("--slug", help="Its part of the address; made from the name when not given.")
def create_organisation(name: str, admin: str, partner: str | None, slug: str | None) -> None:
    """Open an organisation with a queue, an address and statuses."""
    owner = _partner(partner) if partner else None
    try:
        organisation = open_organisation(name, admin=_user(admin), partner=owner, slug=slug)
        db.session.commit()
    except sa.exc.IntegrityError as error:
        raise click.ClickException(f"The slug {slug!r} is taken or does not match {SLUG}.") from error
    click.echo(f"Opened {organisation.name}: {_base()}/o/{organisation.slug}/")


@organisation_group.command("list")
def list_organisations() -> None:
    """Every organisation with its partner."""
    rows = db.session.execute(
        sa.select(Organisation.slug, Organisation.name, Partner.name)
        .outerjoin(Partner, Partner.id == Organisation.partner_id)
        .order_by(Organisation.slug)
    ).all()
    for slug, name, partner in rows:
        click.echo(f"{slug:<32} {name:<40} {partner or '-'}")
    click.echo(f"{len(rows)} in all.")


@partner_group.command("create")
@click.argument("name")
@click.option("--slug", required=True, help="Lower-case letters, digits and hyphens.")
@click.option("--admin", required=True, help="Email of the user who acts as admin in all its organisations.")
def create_partner(name: str, slug: str, admin: str) -> None:
    """Make a partner with its first admin."""
    partner = Partner(id=new_id(), name=name, slug=slug)
    user = _user(admin)
    try:
        db.session.add(partner)
        db.session.flush()
        db.session.add(PartnerMembership(partner_id=partner.id, user_id=user.id))
        db.session.commit()
    except sa.exc.IntegrityError as error:
        raise click.ClickException(f"The slug {slug!r} is taken.") from error
    click.echo(f"Made {name}; {user.email} is its admin.")


@demo_group.command("load")
def load_demo() -> None:
    """Load the demo unless it is there, and say who can sign in."""
    _not_in_production()
    count = loading.load(loading.password())
    db.session.commit()
    click.echo(f"Loaded {count} tickets." if count else "The demo is there already.")
    _print_logins()


@demo_group.command("reset")
@click.confirmation_option(prompt="This deletes EVERYTHING in this database and loads the demo anew. Go on?")
def reset_demo() -> None:
    """Delete everything and load the demo anew."""
    _not_in_production()
    loading.clear()
    count = loading.load(loading.password())
    db.session.commit()
    click.echo(f"Loaded {count} tickets.")
    _print_logins()


@demo_group.command("logins")
def demo_logins() -> None:
    """Say who can sign in to the demo."""
    _not_in_production()
    _print_logins()


def _print_logins() -> None:
    for login in loading.logins():
        click.echo(f"  {login.email:<30} {login.what}")
    click.echo(f"  password for all: {loading.password()}")


def _not_in_production() -> None:
    if current_app.config["WORKTRACKR"].is_production:
        raise click.ClickException("The demo is for development: this is production.")


def _acceptable(password: str, email: str) -> None:
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise click.ClickException(
            f"The password needs between {passwords.SHORTEST} and {passwords.LONGEST} characters."
        )
    if passwords.is_common(password, email, email.partition("@")[0]):
        raise click.ClickException("Too many people would guess this password.")


def _user(email: str) -> User:
    user = find_user(email)
    if user is None:
        raise click.ClickException(f"{normal_email(email)} has no account: flask user create makes one.")
    return user


def _partner(slug: str) -> Partner:
    partner = db.session.scalar(sa.select(Partner).where(Partner.slug == slug))
    if partner is None:
        raise click.ClickException(f"There is no partner {slug!r}: flask partner create makes one.")
    return partner


def _base() -> str:
    return str(current_app.config["APP_BASE_URL"]).rstrip("/")


def init_app(app: Flask) -> None:
    for group in (user_group, organisation_group, partner_group, demo_group):
        app.cli.add_command(group)
