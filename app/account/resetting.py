"""Back in by mail: the mailbox lets one choose a password, and nothing more. It does not sign in."""

from app.account import letters
from app.auth import credentials, links, throttling
from app.auth.links import LinkEnded
from app.auth.models import AccountLink, LinkKind, User
from app.auth.signing_in import find_user, normal_email
from app.extensions import now


def ask(email: str, address: str) -> None:
    """Mail a link if the address has an account; whoever asks is not told. Raises Throttled, either way alike."""
    email = normal_email(email)
    throttling.count_letter(email, address)
    user = find_user(email)
    if user is None or not user.is_active:
        return
    link, token = links.issue(LinkKind.RESET, user, email)
    letters.reset(user, link, token)


def find(token: str) -> AccountLink:
    """The link, if the account still has the address it was sent to. Raises LinkEnded."""
    link = links.find(LinkKind.RESET, token)
    if link.email != link.user.email:
        raise LinkEnded
    return link


def finish(link: AccountLink, password: str) -> User:
    """Set the password, once. Every session ends; the second factor stays as it is. Raises LinkEnded."""
    links.take(link)
    user = link.user
    credentials.set_password(user, password)
    user.email_verified_at = user.email_verified_at or now()
    letters.password_changed(user)
    return user
