"""Fields that several forms have: a line of text, a mail address, a password to come."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from app.auth import passwords

LONGEST_EMAIL = 254  # RFC 5321 4.5.3.1.3, without the angle brackets
LONGEST_NAME = 80


def one_line(text: str | None) -> str:
    """The text without line ends, NUL and double spaces."""
    return " ".join((text or "").replace("\x00", "").split())


def check_email(form: Any, field: Any) -> None:
    """Refuse what is no mail address."""
    try:
        validate_email(field.data, check_deliverability=False, test_environment=False)
    except EmailNotValidError as error:
        raise ValidationError(gettext("This is not an email address.")) from error


def email_field(label: Any) -> EmailField:
    """A field for a mail address."""
    required = InputRequired(_("Enter the email address."))
    return EmailField(label, [required, Length(max=LONGEST_EMAIL), check_email], filters=[one_line])


def new_password_field(label: Any) -> PasswordField:
    """A field for a password to come. Its form says whose it is to `refuse_common`."""
    length = Length(passwords.SHORTEST, passwords.LONGEST, _("Use between %(min)d and %(max)d characters."))
    return PasswordField(label, [InputRequired(_("Choose a password.")), length])


def refuse_common(password: str, email: str, name: str) -> None:
    """Refuse a password that is tried first: a common one, or the person's own address or name."""
    if passwords.is_common(password, email, email.partition("@")[0], name):
        raise ValidationError(gettext("Too many people would guess this one. Choose another."))


def name_field(label: Any) -> StringField:
    """A field for a person's name."""
    return StringField(
        label, [InputRequired(_("Enter your name.")), Length(max=LONGEST_NAME)], filters=[one_line]
    )
