"""Which organisation a mail is for: the mailbox that has exactly the address it was sent to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from app.mail import headers, mailboxes
from app.mail.addresses import read_reply_tag, split_tag
from app.tenancy import Scope, connection_across
from app.tickets.settings import Mailbox

MAX_RECIPIENTS = 200
# Who a mail was handed to, best first, where no envelope tells: forwarders write these, then the author.
_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "To", "Cc")


@dataclass(frozen=True)
class Route:
    """Where one recipient's copy goes. `recipient` is the address as written, in lower case, with its tag."""

    tenant_id: UUID
    mailbox_id: UUID
    recipient: str


def find_routes(recipients: Iterable[str]) -> list[Route]:
    """Give one route for each organisation among the recipients; unknown addresses are left out.

    Several mailboxes of one organisation make one ticket: a reply address decides, else the first recipient.
    """
    wanted = list(dict.fromkeys(each.strip().lower() for each in recipients))[:MAX_RECIPIENTS]
    wanted.sort(key=lambda address: read_reply_tag(address) is None)
    found = _mailboxes({split_tag(address)[0] for address in wanted})
    routes: dict[UUID, Route] = {}
    for address in wanted:
        mailbox = found.get(split_tag(address)[0])
        if mailbox:
            tenant_id, mailbox_id = mailbox
            routes.setdefault(tenant_id, Route(tenant_id, mailbox_id, address))
    return list(routes.values())


def owners(addresses: Iterable[str]) -> dict[str, UUID]:
    """Give the organisation that receives mail at each address, tags aside; others are left out."""
    wanted = {address: split_tag(address)[0] for address in addresses}
    found = _mailboxes(set(wanted.values()))
    return {address: found[base][0] for address, base in wanted.items() if base in found}


def recipients_in(raw: bytes) -> list[str]:
    """Give the addresses a mail names, for commands that are given a mail without its envelope."""
    block, _ = headers.read_block(raw.lstrip(b"\r\n"))
    values = [value for name in _FIELDS for value in block.all(name)]
    return [address for value in values for _, address in mailboxes.read_mailboxes(value)[0]]


def _mailboxes(addresses: set[str]) -> dict[str, tuple[UUID, UUID]]:
    if not addresses:
        return {}
    # Beside the session, which would let go of the rows it has loaded for one organisation.
    with connection_across(Scope.ROUTING) as connection:
        rows = connection.execute(
            sa.select(Mailbox.address, Mailbox.tenant_id, Mailbox.id).where(Mailbox.address.in_(addresses))
        )
        return {address: (tenant_id, mailbox_id) for address, tenant_id, mailbox_id in rows}
