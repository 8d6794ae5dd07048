"""`flask user`: people who sign in."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.auth import credentials, passwords, second_factor, sessions
from app.auth.models import User
from app.auth.signing_in import find_user, normal_email
from app.commands.shared import table, the_organisation, the_user
from app.extensions import db, new_id, now
from app.organisations.models import Membership
from app.tenancy import acting_for

group = AppGroup("user", help="People who sign in.")

PASSWORD = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when not given; at least 10 characters.",
)


@group.command("create")
@click.argument("email")
@click.argument("name")
@PASSWORD
def create(email: str, name: str, password: str) -> None:
    """Make a user, who belongs nowhere yet."""
    if find_user(email):
        raise click.ClickException(f"{normal_email(email)} has an account already.")
    _acceptable(password, email)
    db.session.add(
        User(id=new_id(), email=normal_email(email), name=name, password_hash=passwords.hashed(password))
    )
    db.session.commit()
    click.echo(f"Made {normal_email(email)}.")


@group.command("list")
@click.option("--organisation", "slug", help="Only its members, by its slug.")
@click.option("--find", help="Only those whose name or address has this.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
def list_(slug: str | None, find: str | None, limit: int) -> None:
    """Users with their state; of an organisation also their role."""
    if slug:
        _list_members(slug)
        return
    select = sa.select(User).order_by(User.email).limit(limit)
    if find:
        select = select.where(sa.or_(User.name.icontains(find), User.email.icontains(find)))
    users = db.session.scalars(select).all()
    rows = [(each.email, each.name, _state(each), each.created_at) for each in users]
    click.echo(f"{table(('EMAIL', 'NAME', 'STATE', 'SINCE'), rows)} shown.")


@group.command("reset-password")
@click.argument("email")
@PASSWORD
def reset_password(email: str, password: str) -> None:
    """Give a user a new password, and end all their sessions."""
    user = the_user(email)
    _acceptable(password, email)
    credentials.set_password(user, password)
    db.session.commit()
    click.echo(f"{user.email} has a new password and is signed out everywhere.")


@group.command("disable")
@click.argument("email")
@click.confirmation_option(prompt="They are signed out everywhere and cannot sign in. Go on?")
def disable(email: str) -> None:
    """Sign a user out everywhere, for good until enabled. What they wrote stays."""
    user = the_user(email)
    user.disabled_at = user.disabled_at or now()
    sessions.end_all(user)
    db.session.commit()
    click.echo(f"{user.email} is disabled and signed out everywhere.")


@group.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Let a disabled user sign in again."""
    user = the_user(email)
    user.disabled_at = None
    db.session.commit()
    click.echo(f"{user.email} can sign in.")


@group.command("forget-second-factor")
@click.argument("email")
@click.confirmation_option(prompt="Are you sure of who asks? The password alone will sign in.")
def forget_second_factor(email: str) -> None:
    """For somebody who lost phone and recovery codes: back to the password, signed out everywhere."""
    user = the_user(email)
    second_factor.give_up(user)
    sessions.end_all(user)
    db.session.commit()
    click.echo(f"{user.email} signs in with the password alone and can set up a second factor anew.")


def _list_members(slug: str) -> None:
    organisation = the_organisation(slug)
    with acting_for(organisation.id):
        members = db.session.scalars(sa.select(Membership).where(Membership.ended_at.is_(None))).all()
        found = [(each.user.email, each.user.name, each.role, _state(each.user)) for each in members]
    click.echo(f"{table(('EMAIL', 'NAME', 'ROLE', 'STATE'), sorted(found))} members.")


def _state(user: User) -> str:
    return "disabled" if user.disabled_at else "active"


def _acceptable(password: str, email: str) -> None:
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise click.ClickException(
            f"The password needs between {passwords.SHORTEST} and {passwords.LONGEST} characters."
        )
    if passwords.is_common(password, email, email.partition("@")[0]):
        raise click.ClickException("Too many people would guess this password.")
