"""Fixtures of outgoing mail: transports that lead to small servers of the test's own."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.extensions import db, now
from app.mail.transports.mailgun import MailgunTransport
from app.mail.transports.smtp import SmtpTransport
from app.notifications.models import Preferences
from tests.fakes.mailgun import FakeMailgun
from tests.fakes.smtp import FakeSmtp


@pytest.fixture(autouse=True)
def only_to_requesters(request: pytest.FixtureRequest) -> None:
    """Members want no notices by mail, which these tests would count."""
    if "acme" in request.fixturenames:
        house = request.getfixturevalue("acme")
        members = [person.membership_id for person in house.people.values() if person.membership_id]
        db.session.add_all(Preferences(membership_id=each, mail_stopped_at=now()) for each in members)
        db.session.commit()


@pytest.fixture
def mailgun(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMailgun]:
    """Mail leaves through a fake Mailgun."""
    with FakeMailgun() as fake:
        transport = MailgunTransport(fake.base, "mail.example.com", "key-123")
        monkeypatch.setitem(app.extensions, "mail_transport", transport)
        yield fake


@pytest.fixture
def smtp(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSmtp]:
    """Mail leaves through a counting SMTP server."""
    with FakeSmtp() as fake:
        monkeypatch.setitem(app.extensions, "mail_transport", SmtpTransport.from_url(fake.url))
        yield fake
