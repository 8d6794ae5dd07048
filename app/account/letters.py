"""The mails about an account. Links start with our own address, whatever host a request came in by."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from flask import Flask, Response, after_this_request, current_app, render_template
from flask_babel import force_locale, gettext

from app.auth.models import AccountLink, User
from app.extensions import new_id
from app.mail.notices import Notice, NotSent, send_now
from app.mail.posting import post_notice
from app.organisations.context import organisations_of
from app.tenancy import acting_for

log = structlog.get_logger()


@dataclass(frozen=True)
class Words:
    """What a mail says: a line, a link with what it is for, a line."""

    subject: str
    before: str
    after: str
    url: str = ""


def reset(user: User, link: AccountLink, token: str) -> None:
    """The link to a new password."""
    with force_locale(user.locale):
        words = Words(
            gettext("Choose a new password"),
            gettext("Somebody, probably you, asked for a new WorkTrackr password. Choose it within an hour:"),
            gettext("If it was not you, do nothing: your password stays as it is."),
            f"{base()}/reset/{token}",
        )
    tell(user, user.email, words, purpose=f"reset:{link.id}", expires_at=link.expires_at)


def password_changed(user: User) -> None:
    """Said after every change, so that nobody's password changes unnoticed."""
    with force_locale(user.locale):
        words = Words(
            gettext("Your password was changed"),
            gettext("The password of your WorkTrackr account was just changed, and all browsers signed out."),
            gettext("If it was not you, choose a new one at once:"),
            f"{base()}/reset",
        )
    tell(user, user.email, words, purpose=f"password:{new_id()}")


def confirm_address(user: User, link: AccountLink, token: str) -> None:
    """To the new address: the link that makes it the user's."""
    with force_locale(user.locale):
        words = Words(
            gettext("Confirm your new address"),
            gettext(
                "Somebody, probably you, wants to sign in to WorkTrackr with this address. Confirm it within an hour:"
            ),
            gettext("If it was not you, do nothing: nothing is changed."),
            f"{base()}/account/address/{token}",
        )
    tell(user, link.email, words, purpose=f"address:{link.id}", expires_at=link.expires_at)


def address_taken(user: User, email: str) -> None:
    """To an address somebody wants that has an account of its own: the asker's page says the same either way."""
    with force_locale(user.locale):
        words = Words(
            gettext("This address has an account already"),
            gettext("Somebody, probably you, wanted another WorkTrackr account to use this address."),
            gettext("It has one of its own, and nothing is changed. To use that one, sign in:"),
            f"{base()}/sign-in",
        )
    tell(user, email, words, purpose=f"taken:{new_id()}")


def address_changed(user: User, old: str) -> None:
    """To the old address, which hears of it in any case."""
    with force_locale(user.locale):
        words = Words(
            gettext("Your address was changed"),
            gettext("Your WorkTrackr account no longer uses this address, and all browsers were signed out."),
            gettext("If it was not you, ask an administrator of your organisation for help at once."),
        )
    tell(user, old, words, purpose=f"left:{new_id()}")


def second_factor_changed(user: User) -> None:
    """Said whenever it is set up or given up."""
    with force_locale(user.locale):
        words = Words(
            gettext("Your second factor was set up")
            if user.has_second_factor
            else gettext("Your second factor was removed"),
            gettext("This was just changed in your WorkTrackr account."),
            gettext("If it was not you, choose a new password at once:"),
            f"{base()}/reset",
        )
    tell(user, user.email, words, purpose=f"second-factor:{new_id()}")


def tell(user: User, to: str, words: Words, *, purpose: str, expires_at: datetime | None = None) -> None:
    """Queue the mail with one of the user's organisations; without any, send it once the answer has left."""
    notice = notice_of(to, words, user.locale)
    home = home_of(user.id)
    if home is None:
        _after_the_answer(notice)
        return
    with acting_for(home):
        post_notice(notice, purpose=purpose, expires_at=expires_at)


def notice_of(to: str, words: Words, locale: str) -> Notice:
    """The mail, laid out."""
    with force_locale(locale):
        html = render_template("account/mail.html", words=words)
        return Notice(to, words.subject, render_template("account/mail.txt", words=words), html)


def home_of(user_id: UUID) -> UUID | None:
    """The organisation whose mail carries what the user is told: the oldest that is not suspended."""
    found = [each for each in organisations_of(user_id) if each.suspended_at is None]
    return min(found, key=lambda each: each.created_at).id if found else None


def base() -> str:
    """Our own address, without a slash."""
    return str(current_app.config["APP_BASE_URL"]).rstrip("/")


def _after_the_answer(notice: Notice) -> None:
    """There is no outbox without an organisation. Sent before the answer, its time would tell of the account."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def send() -> None:
        with app.app_context():
            try:
                send_now(notice)
            except NotSent as error:
                log.warning("account_mail.not_sent", reason=error.reason)

    @after_this_request
    def arrange(response: Response) -> Response:
        response.call_on_close(send)
        return response
