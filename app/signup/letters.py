"""The two mails of registering. Nothing that the asker typed is in them: they may go to somebody else."""

from dataclasses import dataclass
from email.utils import make_msgid

from flask import current_app, render_template
from flask_babel import gettext as _

from app.extensions import now
from app.mail import transports
from app.mail.compose import compose
from app.mail.letter import BadAddress, Letter, Person


@dataclass(frozen=True)
class NotSent(Exception):
    """The mail did not leave; whoever waits for it is told so."""

    reason: str


def send_link(email: str, url: str) -> None:
    """Ask the owner of the mailbox to confirm. Raises NotSent."""
    _send(email, _("Confirm your registration with WorkTrackr"), "signup/mail_confirm", url)


def send_notice(email: str, url: str) -> None:
    """Tell the owner of an account that somebody tried to register with its address. Raises NotSent."""
    _send(email, _("You already have a WorkTrackr account"), "signup/mail_account_exists", url)


def _send(email: str, subject: str, template: str, url: str) -> None:
    domain = current_app.config["MAIL_DOMAIN"]
    sender = Person("WorkTrackr", f"no-reply@{domain}")
    try:
        letter = Letter(
            sender=sender,
            to=(Person.of("", email),),
            subject=subject,
            text=render_template(f"{template}.txt", url=url),
            html=render_template(f"{template}.html", url=url),
            message_id=make_msgid(domain=domain),
            sent_at=now(),
            auto_submitted="auto-generated",
        )
        current_app.extensions["mail_transport"].deliver(
            compose(letter), sender.address, [letter.to[0].address]
        )
    except (BadAddress, transports.Temporary, transports.Permanent, transports.Uncertain) as error:
        raise NotSent(type(error).__name__) from error
