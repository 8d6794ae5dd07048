"""`flask queue`: where tickets wait, and the addresses that lead there."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from app.commands.shared import table, the_organisation
from app.extensions import db
from app.mail.ours import fresh_address
from app.organisations.models import Organisation
from app.tenancy import acting_for
from app.tickets.settings import Joining, Mailbox, Queue

group = AppGroup("queue", help="Where tickets wait, and the addresses that lead there.")


@group.command("list")
@click.argument("organisation")
def list_(organisation: str) -> None:
    """The queues of an organisation with their addresses and options."""
    with acting_for(the_organisation(organisation).id):
        queues = db.session.scalars(sa.select(Queue).order_by(Queue.position, Queue.name)).all()
        rows = [
            (
                each.slug,
                each.name,
                each.joining.value,
                _yes(each.accepts_lists),
                _yes(each.acknowledges),
                " ".join(box.address for box in each.mailboxes if box.retired_at is None),
            )
            for each in queues
        ]
    names = ("SLUG", "NAME", "JOINING", "LISTS", "ACKNOWLEDGES", "ADDRESSES")
    click.echo(f"{table(names, rows)} in all.")


@group.command("set")
@click.argument("organisation")
@click.argument("queue")
@click.option(
    "--joining",
    type=click.Choice([each.value for each in Joining]),
    help="Who may join a conversation by answering: its participants only, or anyone.",
)
@click.option("--accepts-lists/--no-accepts-lists", default=None, help="Whether mailing lists open tickets.")
@click.option("--acknowledges/--no-acknowledges", default=None, help="Whether requesters get a confirmation.")
def set_(
    organisation: str, queue: str, joining: str | None, accepts_lists: bool | None, acknowledges: bool | None
) -> None:
    """Change how a queue treats mail."""
    house = the_organisation(organisation)
    with acting_for(house.id):
        found = _the_queue(house, queue)
        found.joining = Joining(joining) if joining else found.joining
        found.accepts_lists = found.accepts_lists if accepts_lists is None else accepts_lists
        found.acknowledges = found.acknowledges if acknowledges is None else acknowledges
        words = (
            f"{found.name}: {found.joining.value} may join, mailing lists {_yes(found.accepts_lists)},"
            f" acknowledges {_yes(found.acknowledges)}."
        )
        db.session.commit()
    click.echo(words)


@group.command("add-address")
@click.argument("organisation")
@click.argument("queue")
def add_address(organisation: str, queue: str) -> None:
    """Give a queue one more inbound address."""
    house = the_organisation(organisation)
    with acting_for(house.id):
        found = _the_queue(house, queue)
        address = fresh_address(house.slug, found.slug)
        db.session.add(Mailbox(queue_id=found.id, address=address))
        db.session.commit()
    click.echo(address)


def _the_queue(organisation: Organisation, slug: str) -> Queue:
    found = db.session.scalar(sa.select(Queue).where(Queue.slug == slug.lower()))
    if found is None:
        raise click.ClickException(
            f"{organisation.name} has no queue {slug!r}: flask queue list {organisation.slug} shows them."
        )
    return found


def _yes(value: bool) -> str:
    return "yes" if value else "no"
