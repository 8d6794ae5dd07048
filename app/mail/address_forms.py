"""The forms of addresses: which queue, an address of one's own, how a queue treats mail."""

from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from app.auth.forms import PlainForm
from app.mail import ours
from app.mail.letter import BadAddress, checked_address
from app.tickets.settings import Joining, Queue


class NewAddressForm(PlainForm):
    """The queue that a new address leads to."""

    queue = SelectField(_("Queue"))

    def offer(self, queues: list[Queue]) -> "NewAddressForm":
        """The form with these queues."""
        self.queue.choices = [SelectChoice(str(each.id), each.name) for each in queues]
        return self


class OwnAddressForm(PlainForm):
    """An address at the customer's own domain."""

    address = StringField(
        _("Your own address"),
        [InputRequired(_("Which address do your customers write to?")), Length(max=254)],
        filters=[lambda text: (text or "").strip().lower()],
    )

    def validate_address(self, field: Any) -> None:
        try:
            checked_address(field.data)
        except BadAddress as error:
            raise ValidationError(gettext("This is not an email address.")) from error
        if ours.is_ours(field.data):
            domain = current_app.config["MAIL_DOMAIN"]
            raise ValidationError(gettext("Addresses at %(domain)s are made here already.", domain=domain))


class QueueOptionsForm(PlainForm):
    """How a queue treats the mail that comes to it."""

    joining = SelectField(
        _("Who may join a conversation by answering one of its mails"),
        coerce=Joining,
        choices=[
            SelectChoice(
                Joining.PARTICIPANTS.value, _("Only those who take part; a stranger’s answer is held")
            ),
            SelectChoice(Joining.ANYONE.value, _("Anyone: for lists that the public answers")),
        ],
    )
    accepts_lists = BooleanField(_("Open tickets for mail that comes through mailing lists"))
    acknowledges = BooleanField(_("Tell requesters that their mail has arrived"))
