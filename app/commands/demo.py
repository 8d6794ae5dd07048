"""`flask demo`: something to look around in, for development."""

import click
from flask import current_app
from flask.cli import AppGroup

from app.demo import loading
from app.extensions import db

group = AppGroup("demo", help="Something to look around in, for development.")


@group.command("load")
def load() -> None:
    """Load the demo unless it is there, and say who can sign in."""
    _not_in_production()
    count = loading.load(loading.password())
    db.session.commit()
    click.echo(f"Loaded {count} tickets." if count else "The demo is there already.")
    _print_logins()


@group.command("reset")
@click.confirmation_option(prompt="This deletes EVERYTHING in this database and loads the demo anew. Go on?")
def reset() -> None:
    """Delete everything and load the demo anew."""
    _not_in_production()
    loading.clear()
    count = loading.load(loading.password())
    db.session.commit()
    click.echo(f"Loaded {count} tickets.")
    _print_logins()


@group.command("logins")
def logins() -> None:
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
