"""A new address: confirmed at the new one, told to the old one."""

from app.account import letters
from app.auth import credentials, links, throttling
from app.auth.credentials import AddressTaken
from app.auth.links import LinkEnded
from app.auth.models import AccountLink, LinkKind, User
from app.auth.signing_in import find_user, normal_email


def ask(user: User, email: str, address: str) -> None:
    """Mail the new address a link. Whether it has an account, only its owner learns. Raises Throttled."""
    email = normal_email(email)
    throttling.count_letter(email, address)
    if find_user(email) is not None:
        letters.address_taken(user, email)
        return
    links.withdraw(user.id, LinkKind.NEW_ADDRESS)
    link, token = links.issue(LinkKind.NEW_ADDRESS, user, email)
    letters.confirm_address(user, link, token)


def find(user: User, token: str) -> AccountLink:
    """The link, if it is this user's. Raises LinkEnded."""
    link = links.find(LinkKind.NEW_ADDRESS, token)
    if link.user_id != user.id:
        raise LinkEnded
    return link


def finish(user: User, link: AccountLink) -> None:
    """Make the address the user's, once. Every session ends. Raises LinkEnded."""
    links.take(link)
    old = user.email
    try:
        credentials.set_email(user, link.email)
    except AddressTaken as error:
        raise LinkEnded from error
    letters.address_changed(user, old)
