"""Fixtures of outgoing mail: transports that lead to small servers of the test's own."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.mail.transports.mailgun import MailgunTransport
from app.mail.transports.smtp import SmtpTransport
from tests.fakes.mailgun import FakeMailgun
from tests.fakes.smtp import FakeSmtp


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
