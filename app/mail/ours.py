"""What makes a mail ours: our signing key, our mail domain, and the ids and addresses made of them."""

import hashlib
import secrets
from uuid import UUID

from flask import current_app

from app.mail import addresses
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox


def signing_key() -> bytes:
    """The key of reply addresses and Message-IDs, apart from SECRET_KEY's other uses."""
    return hashlib.sha256(b"mail|" + current_app.config["SECRET_KEY"].encode()).digest()


def is_ours(address: str) -> bool:
    """Whether the address lies at our own mail domain: nothing automatic is ever sent there."""
    return address.rpartition("@")[2].lower() == current_app.config["MAIL_DOMAIN"].lower()


def fresh_address(organisation: str, queue: str) -> str:
    """An inbound address for a queue, by slugs, that nobody can guess from them, at our own mail domain."""
    domain = current_app.config["MAIL_DOMAIN"]
    return f"{organisation}-{queue}-{secrets.token_hex(3)}@{domain}".lower()


def reply_address(mailbox: Mailbox, ticket: Ticket) -> str:
    """Where an answer to this ticket is to go: it finds the ticket whatever else the client changes."""
    return addresses.reply_address(signing_key(), mailbox.address, ticket.tenant_id, ticket.id, ticket.number)


def message_id(ticket: Ticket, unique: UUID) -> str:
    """The Message-ID of one mail about the ticket, the same at every attempt to send it."""
    host = current_app.config["MAIL_DOMAIN"]
    return addresses.message_id(signing_key(), ticket.tenant_id, ticket.id, unique, host)
