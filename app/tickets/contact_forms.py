"""The forms of contacts."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from app.auth.forms import PlainForm
from app.tickets.forms import one_line


class ContactForm(PlainForm):
    """What we know of a contact."""

    name = StringField(_("Name"), [Length(max=200)], filters=[one_line])
    phone = StringField(
        _("Phone"),
        [
            Optional(),
            Length(max=40),
            Regexp(r"^[+()0-9 ./x#-]+$", message=_("Use digits, spaces and + ( ) - only.")),
        ],
        filters=[one_line],
    )
    notes = TextAreaField(
        _("Notes"), [Length(max=5_000)], filters=[lambda text: (text or "").replace("\x00", "").strip()]
    )


class MergeForm(PlainForm):
    """Which of two contacts stays, and which becomes part of it."""

    survivor = HiddenField(validators=[InputRequired()])
    duplicate = HiddenField(validators=[InputRequired()])
