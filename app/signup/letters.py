"""The two mails of registering. Nothing that the asker typed is in them: they may go to somebody else."""

from flask import render_template
from flask_babel import gettext as _

from app.mail.notices import Notice, send_now


def send_link(email: str, url: str) -> None:
    """Ask the owner of the mailbox to confirm. Raises NotSent."""
    _send(email, _("Confirm your registration with WorkTrackr"), "signup/mail_confirm", url)


def send_notice(email: str, url: str) -> None:
    """Tell the owner of an account that somebody tried to register with its address. Raises NotSent."""
    _send(email, _("You already have a WorkTrackr account"), "signup/mail_account_exists", url)


def _send(email: str, subject: str, template: str, url: str) -> None:
    text = render_template(f"{template}.txt", url=url)
    send_now(Notice(email, subject, text, render_template(f"{template}.html", url=url)))
