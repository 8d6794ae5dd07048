"""The forms of registering."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.auth import passwords
from app.auth.fields import (
    LONGEST_NAME,
    email_field,
    name_field,
    new_password_field,
    one_line,
    refuse_common,
)
from app.auth.forms import PlainForm


class OrganisationForm(PlainForm):
    """What a further organisation is called."""

    organisation = StringField(
        _("Organisation"),
        [InputRequired(_("Enter the organisation's name.")), Length(min=2, max=LONGEST_NAME)],
        filters=[one_line],
    )


class RegisterForm(OrganisationForm):
    """A newcomer and the organisation they open."""

    name = name_field(_("Your name"))
    email = email_field(_("Email"))
    password = new_password_field(_("Password"))

    def validate_password(self, field: Any) -> None:
        refuse_common(field.data, self.email.data or "", self.name.data or "")


class ConfirmForm(PlainForm):
    """Asked of somebody who opens the link in another browser: the mailbox alone is not enough."""

    password = PasswordField(
        _("Password"), [InputRequired(_("Enter the password you chose.")), Length(max=passwords.LONGEST)]
    )
