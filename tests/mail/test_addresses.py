"""Reply addresses and Message-IDs that nobody else can make."""

from uuid import UUID

import pytest

from app.mail import addresses

KEY = b"k" * 32
ACME, OTHER = UUID(int=1), UUID(int=2)
TICKET, ANOTHER = UUID(int=10), UUID(int=11)


def tag_of(address):
    tag = addresses.read_reply_tag(address)
    assert tag
    return tag


def test_a_reply_address_is_plus_addressed_on_its_mailbox():
    address = addresses.reply_address(KEY, "acme-7f3k@in.example", ACME, TICKET, 12)
    assert addresses.split_tag(address)[0] == "acme-7f3k@in.example"
    assert tag_of(address.upper()).number == 12


def test_a_reply_address_is_believed_for_its_own_ticket_only():
    mac = tag_of(addresses.reply_address(KEY, "a@in.example", ACME, TICKET, 12)).mac
    assert addresses.is_reply_mac(KEY, ACME, TICKET, mac)
    assert not addresses.is_reply_mac(KEY, ACME, ANOTHER, mac)
    assert not addresses.is_reply_mac(KEY, OTHER, TICKET, mac)
    assert not addresses.is_reply_mac(b"x" * 32, ACME, TICKET, mac)


@pytest.mark.parametrize(
    "tag",
    ["r12", "r12.", "r12.abc", "12", "TKT-0001", "r12." + "a" * 15, "r-1." + "a" * 16, "rx." + "a" * 16],
)
def test_m8_a_tag_of_another_form_is_no_reply_address(tag):
    assert addresses.read_reply_tag(f"acme+{tag}@in.example") is None


def test_a_message_id_is_believed_for_its_own_tenant_only():
    signed = addresses.read_message_id(addresses.message_id(KEY, ACME, TICKET, UUID(int=99), "mail.example"))
    assert (signed.ticket, signed.unique) == (TICKET, UUID(int=99))
    assert addresses.is_message_id(KEY, ACME, signed)
    assert not addresses.is_message_id(KEY, OTHER, signed)


def test_the_signature_of_a_reply_address_does_not_serve_for_a_message_id():
    mac = tag_of(addresses.reply_address(KEY, "a@in.example", ACME, TICKET, 12)).mac
    assert not addresses.is_message_id(KEY, ACME, addresses.SignedId(TICKET, TICKET, mac))


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="128 bits"):
        addresses.reply_address(b"short", "a@in.example", ACME, TICKET, 1)
