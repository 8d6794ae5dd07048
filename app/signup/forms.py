"""The forms of registering."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.auth import passwords
from app.auth.forms import LONGEST_EMAIL, PlainForm

LONGEST_NAME = 80


def _one_line(text: str | None) -> str:
    return " ".join((text or "").replace("\x00", "").split())


class OrganisationForm(PlainForm):
    """What a further organisation is called."""

    organisation = StringField(
        _("Organisation"),
        [InputRequired(_("Enter the organisation's name.")), Length(min=2, max=LONGEST_NAME)],
        filters=[_one_line],
    )


class RegisterForm(OrganisationForm):
    """A newcomer and the organisation they open."""

    name = StringField(
        _("Your name"), [InputRequired(_("Enter your name.")), Length(max=LONGEST_NAME)], filters=[_one_line]
    )
    email = EmailField(
        _("Email"),
        [InputRequired(_("Enter your email address.")), Length(max=LONGEST_EMAIL)],
        filters=[_one_line],
    )
    password = PasswordField(
        _("Password"),
        [
            InputRequired(_("Choose a password.")),
            Length(
                passwords.SHORTEST,
                passwords.LONGEST,
                _("Use between %(min)d and %(max)d characters."),
            ),
        ],
    )

    def validate_email(self, field: Any) -> None:
        try:
            validate_email(field.data, check_deliverability=False, test_environment=False)
        except EmailNotValidError as error:
            raise ValidationError(gettext("This is not an email address.")) from error

    def validate_password(self, field: Any) -> None:
        email = self.email.data or ""
        if passwords.is_common(field.data, email, email.partition("@")[0], self.name.data or ""):
            raise ValidationError(gettext("Too many people would guess this one. Choose another."))


class ConfirmForm(PlainForm):
    """Asked of somebody who opens the link in another browser: the mailbox alone is not enough."""

    password = PasswordField(
        _("Password"), [InputRequired(_("Enter the password you chose.")), Length(max=passwords.LONGEST)]
    )
