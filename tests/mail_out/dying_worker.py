"""A worker of its own process that dies without a word at a named step: `python -m tests.mail_out.dying_worker STEP`.

Settings come as JSON on standard input, with the address of the fake Mailgun or SMTP server under `far_end`.
"""

import json
import os
import sys
from collections.abc import Sequence

from app import create_app
from app.jobs import run_due
from app.jobs import running as envelope
from app.mail import send as sending
from app.mail.transports import Delivery, Transport
from app.mail.transports.mailgun import MailgunTransport
from app.mail.transports.smtp import SmtpTransport
from config import Config

STEPS = (
    "before marking",
    "before handing over",
    "after handing over",
    "before the commit",
    "after the commit",
)


def die() -> None:
    os._exit(9)


class Dying:
    """A transport that takes its process down before or after the mail is handed over."""

    def __init__(self, real: Transport, step: str) -> None:
        self.real, self.step = real, step

    def deliver(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Delivery:
        if self.step == "before handing over":
            die()
        delivery = self.real.deliver(raw, envelope_from, recipients)
        if self.step == "after handing over":
            die()
        return delivery

    @property
    def settles(self) -> float:
        return self.real.settles

    def was_accepted(self, message_id: str) -> bool | None:
        return self.real.was_accepted(message_id)


def main(step: str) -> None:
    settings = json.load(sys.stdin)
    far_end = settings.pop("far_end")
    real = (
        SmtpTransport.from_url(far_end) if far_end.startswith("smtp") else MailgunTransport(far_end, "d", "k")
    )
    app = create_app(Config(**settings))
    app.extensions["mail_transport"] = Dying(real, step)
    if step == "before marking":
        sending.compose = lambda letter: die()  # type: ignore[assignment, return-value]
    if step == "before the commit":
        settle = envelope.settle
        envelope.settle = lambda claimed: die() if claimed.name == "mail.send.send" else settle(claimed)
    with app.app_context():
        run_due()
    die()


if __name__ == "__main__":
    main(sys.argv[1])
