"""The forms of one's account."""

from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from flask_babel import lazy_gettext as _
from flask_login import current_user
from wtforms import BooleanField, DateField, PasswordField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app.auth import passwords
from app.auth.fields import email_field, name_field, new_password_field, one_line, refuse_common
from app.auth.forms import PlainForm
from app.reader import languages

LONGEST_SIGNATURE = 1000
# Of the places IANA lists, those a person would look for: not the legacy names and offsets.
REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)
ZONES = [*sorted(each for each in available_timezones() if each.startswith(REGIONS) and "/" in each), "UTC"]


def _lines(text: str | None) -> str:
    """The text as a signature has it: without trailing blanks and NUL."""
    kept = (text or "").replace("\x00", "").splitlines()
    return "\n".join(line.rstrip() for line in kept).strip("\n")


class ProfileForm(PlainForm):
    """How a person is shown, and how things are shown to them."""

    name = name_field(_("Name"))
    locale = SelectField(_("Language"))
    time_zone = SelectField(
        _("Time zone"), choices=[SelectChoice(each, each.replace("_", " ")) for each in ZONES]
    )
    signature = TextAreaField(_("Signature"), [Length(max=LONGEST_SIGNATURE)], filters=[_lines])
    away_until = DateField(_("Away until"), [Optional()])
    without_picture = BooleanField(_("Remove the picture"))

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.locale.choices = [
            SelectChoice(each, Locale.parse(each).get_display_name(each)) for each in languages()
        ]


class ResetForm(PlainForm):
    """Whose password is forgotten."""

    email = email_field(_("Email"))


class NewPasswordForm(PlainForm):
    """A password to come, for a user given as `whose`."""

    password = new_password_field(_("New password"))

    def __init__(self, whose: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.whose = whose

    def validate_password(self, field: Any) -> None:
        refuse_common(field.data, self.whose.email, self.whose.name)


class ChangePasswordForm(NewPasswordForm):
    """A password to come, by whoever knows the present one."""

    present = PasswordField(
        _("Present password"),
        [InputRequired(_("Enter your present password.")), Length(max=passwords.LONGEST)],
    )


class AddressForm(PlainForm):
    """Where to sign in from now on."""

    email = email_field(_("New email address"))


class PressForm(PlainForm):
    """A button and nothing else."""


def profile_form() -> ProfileForm:
    """The form, filled with what the user has."""
    form = ProfileForm(obj=current_user)
    if not form.is_submitted() and form.locale.data not in languages():
        form.locale.data = languages()[0]
    form.name.filters = [one_line]
    return form
