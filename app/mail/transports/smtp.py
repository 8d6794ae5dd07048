"""Mail through an SMTP server (RFC 5321), with TLS wherever a password goes with it."""

import re
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from app.mail.transports.contract import Delivery, Permanent, Temporary, Uncertain

TIMEOUT = 20.0  # seconds for one answer of the server
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True)
class SmtpTransport:
    """One server. `is_tls` means TLS from the first byte; otherwise STARTTLS is used where offered."""

    settles = 0.0

    host: str
    port: int
    user: str = ""
    password: str = ""
    is_tls: bool = False
    timeout: float = TIMEOUT

    @classmethod
    def from_url(cls, url: str) -> "SmtpTransport":
        """`smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. Raises ValueError on another."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://user:password@host:port or smtps://…")
        is_tls = parts.scheme == "smtps"
        port = parts.port or (465 if is_tls else 587)
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), is_tls)

    def deliver(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Delivery:
        """One transaction. What fails before the last dot was certainly not taken."""
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise _before(error) from error
        try:
            refused = self._envelope(server, envelope_from, recipients)
            answer = _hand_over(server, raw)
        finally:
            _hang_up(server)
        return Delivery(answer[:300], refused)

    def was_accepted(self, message_id: str) -> bool | None:
        """SMTP has no way to ask."""
        return None

    def check(self) -> str:
        """Greet the server, and sign in where there is a password. Raises Temporary."""
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise _before(error) from error
        _hang_up(server)
        return f"{self.host}:{self.port} answers{' and takes the password' if self.user else ''}"

    def _connect(self) -> smtplib.SMTP:
        kind = smtplib.SMTP_SSL if self.is_tls else smtplib.SMTP
        server = kind(self.host, self.port, timeout=self.timeout)
        try:
            server.ehlo_or_helo_if_needed()
            if not self.is_tls and server.has_extn("starttls"):
                server.starttls(
                    context=ssl.create_default_context() if self.host not in _LOCAL else _anyone()
                )
                server.ehlo()
            elif not self.is_tls and self.user and self.host not in _LOCAL:
                raise smtplib.SMTPException("the server offers no STARTTLS: the password stays here")
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            _hang_up(server)
            raise
        return server

    def _envelope(self, server: smtplib.SMTP, sender: str, recipients: Sequence[str]) -> dict[str, str]:
        """Say from whom and to whom; gives the recipients that were refused, if not all were."""
        try:
            code, words = server.mail(sender)
            if code != 250:
                _refuse(code, words)
            answers = {recipient: server.rcpt(recipient) for recipient in recipients}
        except (OSError, smtplib.SMTPException) as error:
            raise _before(error) from error
        refused = {each: answer for each, answer in answers.items() if answer[0] not in (250, 251)}
        if len(refused) == len(answers):
            _refuse(*min(refused.values(), key=lambda answer: answer[0]))
        return {each: _said(*answer) for each, answer in refused.items()}


def _hand_over(server: smtplib.SMTP, raw: bytes) -> str:
    try:
        code, words = server.docmd("DATA")
    except (OSError, smtplib.SMTPException) as error:
        raise _before(error) from error
    if code != 354:
        _refuse(code, words)
    body = _DOT.sub(b"..", raw)
    try:
        server.send(body if body.endswith(b"\r\n") else body + b"\r\n")
        server.send(b".\r\n")
        code, words = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Uncertain(f"no answer after the mail: {type(error).__name__}") from error
    if code != 250:
        _refuse(code, words)
    return words.decode("utf-8", "replace")


def _before(error: OSError | smtplib.SMTPException) -> Exception:
    """A failure before the mail was handed over. A refused password is ours to repair, so no mail is lost for it."""
    said = (
        _said(error.smtp_code, error.smtp_error)
        if isinstance(error, smtplib.SMTPResponseException)
        else str(error)
    )
    return Temporary(f"{type(error).__name__}: {said}"[:300])


def _refuse(code: int, words: bytes | str) -> NoReturn:
    raise Permanent(_said(code, words)) if 500 <= code < 600 else Temporary(_said(code, words))


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"[:300]


def _anyone() -> ssl.SSLContext:
    """On this very machine a certificate proves nothing more."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _hang_up(server: smtplib.SMTP) -> None:
    try:
        if server.sock:
            server.sock.settimeout(1)
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
