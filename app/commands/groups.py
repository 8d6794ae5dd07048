"""Every group of commands there is: what `flask --help` lists, and docs/operators.md."""

import click
from flask import Flask

from app.commands import (
    demo,
    doctor,
    jobs,
    mail_in,
    organisations,
    partners,
    queues,
    users,
)
from app.commands import mail_desk as mail_desk  # adds to the group of mail_in
from app.tickets import search_cli

GROUPS: tuple[click.Command, ...] = (
    partners.group,
    organisations.group,
    users.group,
    queues.group,
    mail_in.group,
    jobs.group,
    search_cli.group,
    demo.group,
    doctor.command,
)


def init_app(app: Flask) -> None:
    for group in GROUPS:
        app.cli.add_command(group)
