"""The form of a member's own notification settings: a tick for each event and channel, and when mail may come."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectChoice, SelectField, TimeField
from wtforms.validators import InputRequired, Optional, ValidationError

from app.auth.forms import PlainForm
from app.notifications.choosing import DEFAULTS, Channel, Reason
from app.notifications.models import Preferences
from app.notifications.preferring import Wishes
from app.notifications.timing import Digest
from app.notifications.wording import channel_name, labels


class SettingsForm(PlainForm):
    """One's own settings in one organisation."""

    wants_mail = BooleanField(_("Send me mail about what I tick below"))
    digest = SelectField(
        _("How often"),
        choices=[
            SelectChoice(Digest.AT_ONCE.value, _("At once: what happens within two minutes comes together")),
            SelectChoice(Digest.HOURLY.value, _("Every full hour, together")),
            SelectChoice(Digest.DAILY.value, _("Once a day, together")),
        ],
    )
    digest_at = TimeField(_("Time of the daily mail"), [InputRequired(_("Enter a time, such as 08:00."))])
    quiet_from = TimeField(_("Quiet from"), [Optional()])
    quiet_until = TimeField(_("Quiet until"), [Optional()])

    def validate_quiet_from(self, field: Any) -> None:
        """Half an interval is none. Asked of the half that is there: an empty field is not validated further."""
        if self.quiet_from.data is None or self.quiet_until.data is None:
            raise ValidationError(gettext("Enter both times, or neither."))

    validate_quiet_until = validate_quiet_from

    def tick(self, reason: Reason, channel: Channel) -> Any:
        """The box of an event and a channel."""
        return self[f"{reason.value}_{channel.value}"]

    @property
    def wishes(self) -> Wishes:
        return Wishes(
            {
                reason: frozenset(channel for channel in Channel if self.tick(reason, channel).data)
                for reason in Reason
            },
            Digest(self.digest.data),
            self.digest_at.data,
            self.quiet_from.data,
            self.quiet_until.data,
            self.wants_mail.data,
        )

    @classmethod
    def showing(cls, preferences: Preferences | None) -> "SettingsForm":
        """The form with what is chosen now."""
        chosen = preferences.chosen() if preferences else DEFAULTS
        ticks = {
            f"{reason.value}_{channel.value}": channel in chosen[reason]
            for reason in Reason
            for channel in Channel
        }
        shown = preferences or Preferences(digest=Digest.AT_ONCE, digest_at=Preferences.digest_at.default.arg)
        return cls(
            data=ticks
            | {
                "wants_mail": shown.mail_stopped_at is None,
                "digest": shown.digest.value,
                "digest_at": shown.digest_at,
                "quiet_from": shown.quiet_from,
                "quiet_until": shown.quiet_until,
            }
        )

    def rows(self) -> list[dict[str, Any]]:
        """What the page shows: each event with its boxes."""
        return [
            {
                "label": label,
                "ticks": [(channel_name(each), self.tick(label.reason, each)) for each in Channel],
            }
            for label in labels()
        ]


for _reason in Reason:
    for _channel in Channel:
        setattr(SettingsForm, f"{_reason.value}_{_channel.value}", BooleanField())
