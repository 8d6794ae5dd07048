"""Mail through Mailgun's HTTP API, as finished MIME (https://documentation.mailgun.com/docs/mailgun/api-reference)."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from app.mail.transports.contract import Delivery, Permanent, Temporary, Uncertain

CONNECT, READ, TOTAL = 4.0, 15.0, 30.0  # seconds
MAX_ANSWER = 64_000
LONGEST_WAIT = 3600.0
# The mail itself is at fault: its recipients, its size, its form. All other refusals are ours to repair,
# such as a wrong key or an unpaid bill, and must not cost anybody their mail.
_FAULT_OF_THE_MAIL = frozenset({400, 413, 422})
_NOT_TAKEN = (ConnectTimeoutError, NewConnectionError)


class MailgunTransport:
    """One sending domain at Mailgun."""

    settles = 60.0

    def __init__(self, base: str, domain: str, key: str) -> None:
        self._messages = f"{base.rstrip('/')}/v3/{domain}/messages.mime"
        self._events = f"{base.rstrip('/')}/v3/{domain}/events"
        self._domain = f"{base.rstrip('/')}/v4/domains/{domain}"
        self._auth = ("api", key)

    def deliver(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Delivery:
        """POST the MIME; Mailgun makes its own envelope sender and passes bounces on as events."""
        fields = {"to": list(recipients), "o:tracking": "no"}
        try:
            status, headers, body = self._ask(
                "POST", self._messages, data=fields, files={"message": ("message.mime", raw)}
            )
        except requests.RequestException as error:
            if _never_left(error):
                raise Temporary(f"Mailgun is out of reach: {type(error).__name__}") from error
            raise Uncertain(f"no answer from Mailgun: {type(error).__name__}") from error
        if status == 200 and isinstance(body, dict) and body.get("id"):
            return Delivery(str(body["id"])[:300])
        raise _refusal(status, headers, body)

    def was_accepted(self, message_id: str) -> bool | None:
        """Look for any event of the message; Mailgun keeps them for three days or more."""
        query = {"message-id": message_id.strip("<>"), "limit": "1"}
        try:
            status, _, body = self._ask("GET", self._events, params=query)
        except requests.RequestException as error:
            raise Temporary(f"Mailgun's events are out of reach: {type(error).__name__}") from error
        items = body.get("items") if status == 200 and isinstance(body, dict) else None
        if not isinstance(items, list):
            raise Temporary(f"Mailgun's events answered {status}")
        return bool(items)

    def check(self) -> str:
        """Ask for the sending domain and its DNS records. Raises Temporary or Permanent with what is wrong."""
        try:
            status, _, body = self._ask("GET", self._domain)
        except requests.RequestException as error:
            raise Temporary(f"Mailgun is out of reach: {type(error).__name__}") from error
        domain = body.get("domain") if isinstance(body, dict) else None
        if status != 200 or not isinstance(domain, dict):
            raise Permanent(f"Mailgun answered {status} for the domain")
        if domain.get("state") != "active":
            raise Permanent(f"the domain is {domain.get('state')}")
        unready = [
            str(each.get("name"))
            for each in body.get("sending_dns_records") or ()
            if isinstance(each, dict) and each.get("valid") != "valid"
        ]
        if unready:
            raise Permanent(f"DNS records not seen yet: {', '.join(unready)[:300]}")
        return "the domain is active, its SPF and DKIM records are in place"

    def _ask(self, method: str, url: str, **what: Any) -> tuple[int, Any, Any]:
        """Status, headers and the JSON body (None if it is none), within TOTAL seconds whatever the pace."""
        ends = time.monotonic() + TOTAL
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                url,
                auth=self._auth,
                timeout=(CONNECT, READ),
                allow_redirects=False,
                stream=True,
                **what,
            )
            with answer:
                body = b""
                for piece in answer.iter_content(1024):
                    body += piece
                    if time.monotonic() > ends or len(body) > MAX_ANSWER:
                        raise requests.ReadTimeout("the answer takes too long")
                return answer.status_code, answer.headers, _json(answer, body)


def _json(answer: requests.Response, body: bytes) -> Any:
    answer._content = body
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return None


def _refusal(status: int, headers: Any, body: Any) -> Exception:
    said = str(body.get("message", ""))[:200] if isinstance(body, dict) else ""
    reason = f"Mailgun answered {status}{': ' if said else ''}{said}"
    if status in (429, 503):
        return Temporary(reason, _wait(headers.get("Retry-After", "")))
    if status in _FAULT_OF_THE_MAIL:
        return Permanent(reason)
    if 400 <= status < 500:
        return Temporary(reason)
    # Mailgun has been seen to send mail that it had answered with a 5xx; and a 200 without an id says nothing.
    return Uncertain(reason)


def _wait(value: str) -> float | None:
    """Retry-After (RFC 9110 10.2.3), a number of seconds or a date, as seconds from now within an hour."""
    try:
        seconds = float(value) if value.isdigit() else _until(value)
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(date: str) -> float:
    return (parsedate_to_datetime(date).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, _NOT_TAKEN)
