"""`flask mail held, show, release, reject, retry, test`: the mail desk for whoever has no browser at hand."""

from collections.abc import Iterable
from uuid import UUID

import click
import sqlalchemy as sa
from flask import current_app

from app.commands.mail_in import group
from app.commands.shared import facts, operator, table, the_organisation
from app.extensions import db, new_id, now
from app.mail import desk, findings
from app.mail.compose import compose
from app.mail.letter import BadAddress, Letter, Person
from app.mail.models import InboundMessage, InboundState, OutboundMessage, OutboundState
from app.mail.reasons import STATES, explain
from app.mail.send import can_send_again, send_again
from app.mail.transports import Permanent, Temporary, Uncertain
from app.organisations.models import Organisation
from app.tenancy import Scope, acting_for, connection_across

IDS = click.argument("ids", nargs=-1, required=True, type=click.UUID)
ORGANISATION = click.option("--organisation", "slug", help="Only of this organisation, by its slug.")


@group.command("held")
@ORGANISATION
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
def held(slug: str | None, limit: int) -> None:
    """Mail that waits for somebody to look at it, oldest first, with the reason."""
    kind = InboundMessage
    select = (
        sa.select(kind.id, Organisation.slug, kind.received_at, kind.from_address, kind.subject, kind.reason)
        .join(Organisation, Organisation.id == kind.tenant_id)
        .where(kind.state == InboundState.HELD)
        .order_by(kind.received_at)
        .limit(limit)
    )
    if slug:
        select = select.where(kind.tenant_id == the_organisation(slug).id)
    with connection_across(Scope.WATCH) as connection:
        rows = connection.execute(select).all()
    click.echo(f"{table(('ID', 'ORGANISATION', 'CAME', 'FROM', 'SUBJECT', 'REASON'), rows)} held.")


@group.command("show")
@click.argument("message_id", type=click.UUID)
@click.option("--raw", is_flag=True, help="The mail as it came, byte for byte, instead.")
def show(message_id: UUID, raw: bool) -> None:
    """One mail that came: what became of it, why, and what to do."""
    with acting_for(_owner(InboundMessage, message_id)):
        message = db.session.scalars(sa.select(InboundMessage).where(InboundMessage.id == message_id)).one()
        if raw:
            click.echo(message.raw, nl=False)
            return
        reason = explain(message.state, message.reason)
        facts(
            [
                ("Subject", message.subject),
                ("From", f"{message.from_name or ''} <{message.from_address or ''}>"),
                ("To", message.recipient),
                ("Came", message.received_at),
                ("State", STATES[message.state]),
                ("Why", reason.what),
                ("What to do", reason.todo),
                ("Believable?", findings.authentication(message)),
                ("Why there", findings.why_there(message)),
                ("Ticket", f"#{message.ticket.number}" if message.ticket else ""),
                ("Noted", " ".join(findings.remarks(message))),
            ]
        )


@group.command("release")
@IDS
def release(ids: tuple[UUID, ...]) -> None:
    """Let held mail in, past the checks that stopped it."""
    _carry_out(desk.Act.RELEASE, ids)


@group.command("reject")
@IDS
@click.confirmation_option(prompt="They stay out. Go on?")
def reject(ids: tuple[UUID, ...]) -> None:
    """Decide that held mail is of no use."""
    _carry_out(desk.Act.REJECT, ids)


@group.command("retry")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--failed", is_flag=True, help="Every failed mail of the organisation.")
@ORGANISATION
def retry(ids: tuple[UUID, ...], failed: bool, slug: str | None) -> None:
    """Try again: mail that came and was held or dropped is filed anew, mail that failed is sent again."""
    if failed:
        if not slug:
            raise click.UsageError("--failed needs --organisation.")
        with acting_for(the_organisation(slug).id):
            failures = sa.select(OutboundMessage).where(OutboundMessage.state == OutboundState.FAILED)
            click.echo(f"{_send_again(db.session.scalars(failures))} tried again.")
            db.session.commit()
    elif not ids:
        raise click.UsageError("Name mails, or give --failed and --organisation.")
    for message_id in ids:
        if (tenant_id := _find(OutboundMessage, message_id)) is None:
            _carry_out(desk.Act.REPROCESS, [message_id])
            continue
        with acting_for(tenant_id):
            own = sa.select(OutboundMessage).where(OutboundMessage.id == message_id)
            if not _send_again(db.session.scalars(own)):
                raise click.ClickException(f"{message_id} has not failed.")
            db.session.commit()
            click.echo(f"{message_id} is tried again.")


@group.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send a test mail to an address the way all mail leaves, and say what the far end answered."""
    domain = current_app.config["MAIL_DOMAIN"]
    words = "This is a test of the way mail leaves WorkTrackr. It arrived, so the way is good."
    try:
        letter = Letter(
            sender=Person("WorkTrackr", f"no-reply@{domain}"),
            to=(Person.of("", address),),
            subject="A test mail from WorkTrackr",
            text=f"{words}\n",
            html=f"<p>{words}</p>",
            message_id=f"<test.{new_id()}@{domain}>",
            sent_at=now(),
            auto_submitted="auto-generated",
        )
        transport = current_app.extensions["mail_transport"]
        delivery = transport.deliver(compose(letter), letter.sender.address, [letter.to[0].address])
    except (BadAddress, Temporary, Permanent, Uncertain) as error:
        raise click.ClickException(f"It did not leave: {error}. flask doctor says more.") from error
    click.echo(f"Taken by {current_app.config['MAIL_TRANSPORT']}: {delivery.provider_id or 'without a word'}")


def _carry_out(act: desk.Act, ids: Iterable[UUID]) -> None:
    for message_id in ids:
        tenant_id = _owner(InboundMessage, message_id)
        with acting_for(tenant_id):
            own = sa.select(InboundMessage).where(InboundMessage.id == message_id).with_for_update()
            outcome = desk.apply(act, db.session.scalars(own).all(), by=operator(tenant_id))
            db.session.commit()
        click.echo(f"{message_id}: {outcome.words}")
        if outcome.left:
            raise SystemExit(1)


def _send_again(messages: Iterable[OutboundMessage]) -> int:
    again = [message for message in messages if can_send_again(message)]
    for message in again:
        send_again(message)
    return len(again)


def _find(kind: type[InboundMessage] | type[OutboundMessage], message_id: UUID) -> UUID | None:
    with connection_across(Scope.WATCH) as connection:
        return connection.scalar(sa.select(kind.tenant_id).where(kind.id == message_id))


def _owner(kind: type[InboundMessage] | type[OutboundMessage], message_id: UUID) -> UUID:
    found = _find(kind, message_id)
    if found is None:
        raise click.ClickException(f"There is no mail {message_id}: flask mail held lists those that wait.")
    return found
