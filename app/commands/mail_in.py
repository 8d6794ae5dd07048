"""`flask mail`: take mail in from a pipe or over SMTP, and look after what came."""

from __future__ import annotations

import signal
import sys

import click
from flask import current_app
from flask.cli import AppGroup

from app.extensions import db
from app.mail.receive import UnknownRecipient, accept
from app.mail.routing import recipients_in
from app.mail.smtp_in import controller

group = AppGroup("mail", help="Mail in and out.")


@group.command("receive")
@click.option("--recipient", "recipients", multiple=True, help="An envelope recipient; else the mail's own.")
@click.option("--sender", default="", help="The envelope sender.")
def receive(recipients: tuple[str, ...], sender: str) -> None:
    """Take in one mail from standard input. Ends with 67 (EX_NOUSER) if it is for nobody here."""
    raw = sys.stdin.buffer.read()
    try:
        accepted = accept(recipients or recipients_in(raw), sender, raw)
    except UnknownRecipient:
        click.echo("No recipient of this mail has a mailbox here.", err=True)
        raise SystemExit(67) from None
    db.session.commit()
    click.echo(f"Stored for {accepted.stored} organisation(s).")


@group.command("listen")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, help="Default: SMTP_IN_PORT.")
def listen(host: str, port: int | None) -> None:
    """Take in mail over SMTP until interrupted."""
    chosen = port or current_app.config["SMTP_IN_PORT"]
    if not chosen:
        raise click.ClickException("SMTP_IN_PORT is 0: give --port.")
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before its threads begin, so that only we are woken
    listener = controller(current_app._get_current_object(), host, chosen)  # type: ignore[attr-defined]
    listener.start()
    click.echo(f"Taking mail on {host}:{chosen}.")
    try:
        signal.sigwait(stops)
    finally:
        listener.stop()
