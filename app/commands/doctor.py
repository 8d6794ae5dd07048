"""`flask doctor`: is everything as it should be, and if not, what to do."""

from collections.abc import Callable, Iterable

import click
from flask.cli import with_appcontext

from app.commands import checks, checks_mail
from app.commands.findings import Finding, Level

CHECKS: tuple[Callable[[], Iterable[Finding]], ...] = (
    checks.configuration,
    checks.database,
    checks.work,
    checks.redis_server,
    checks.storage,
    checks.disk,
    checks_mail.transport,
    checks_mail.dns_records,
)
COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command("doctor")
@with_appcontext
def command() -> None:
    """Check settings, servers, mail and DNS: a line each, with what to do. Ends with 1 if anything fails."""
    worst = Level.OK
    for check in CHECKS:
        for finding in check():
            _print(finding)
            if finding.level is Level.FAIL or worst is Level.OK:
                worst = finding.level
    if worst is Level.FAIL:
        raise SystemExit(1)


def _print(finding: Finding) -> None:
    level = click.style(finding.level.value.ljust(4), fg=COLOURS[finding.level])
    click.echo(f"{level}  {finding.about.ljust(18)}  {finding.words}")
    if finding.todo:
        click.echo(f"{'':26}-> {finding.todo}")
