"""The traffic: customers whose mails come through Mailgun's webhook, and agents who answer on the page.

Both behave as the world does: what was not taken is sent again, with the same token or the same form.
"""

import hashlib
import hmac
import random
import re
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from tests.faults.stack import SIGNING_KEY, Stack
from tests.mail.delivering import mail
from tests.world import House

AGAIN = 0.5  # seconds until a sender tries again
FOLLOWS_UP = 0.3  # share of mails that answer an earlier one
ANSWERED = 0.5  # share of tickets an agent answers


@dataclass
class Ledger:
    """What the far ends were told has been taken: mails by Message-ID, replies by the id of their form."""

    mails: dict[str, House] = field(default_factory=dict)
    openings: int = 0
    replies: dict[uuid.UUID, House] = field(default_factory=dict)
    tries: int = 0
    slowest: float = 0.0


class Customers(threading.Thread):
    """Send `count` mails to both organisations, some of them answers to earlier ones, some of them twice."""

    def __init__(
        self, stack: Stack, ledger: Ledger, count: int, seconds: float, chance: random.Random
    ) -> None:
        super().__init__(daemon=True)
        self.stack, self.ledger, self.count, self.chance = stack, ledger, count, chance
        self.pace = seconds / count
        self.earlier: list[tuple[int, House]] = []

    def run(self) -> None:
        for number in range(self.count):
            started = time.monotonic()
            self.write(number)
            time.sleep(max(0.0, self.pace - (time.monotonic() - started)))

    def write(self, number: int) -> None:
        if self.earlier and self.chance.random() < FOLLOWS_UP:
            first, house = self.chance.choice(self.earlier)
            headers = f"In-Reply-To: <m{first}@example.org>\nReferences: <m{first}@example.org>\n"
        else:
            first, house, headers = number, self.chance.choice(self.stack.world.houses), ""
            self.earlier.append((number, house))
            self.ledger.openings += 1
        author = f"customer{first}@people.example"
        raw = mail(
            author,
            house.address,
            f"Matter {first}",
            f"Words of mail {number}.",
            number=number,
            headers=headers,
        )
        fields = _signed() | {"recipient": house.address, "sender": author, "body-mime": raw.decode()}
        self.send(fields)
        self.ledger.mails[f"m{number}@example.org"] = house
        if self.chance.random() < 0.2:
            self.send(fields | (_signed() if self.chance.random() < 0.5 else {}))  # a repeat of either kind

    def send(self, fields: dict[str, str]) -> None:
        """Until it is taken. Mailgun waits minutes between its tries; we have less time."""
        while True:
            self.ledger.tries += 1
            started = time.monotonic()
            try:
                url = f"{self.stack.address}/webhooks/mailgun-inbound/mime"
                status = requests.post(url, data=fields, timeout=30).status_code
            except requests.RequestException:
                status = 0
            self.ledger.slowest = max(self.ledger.slowest, time.monotonic() - started)
            if status == 200:
                return
            assert status in {0, 500, 502, 503}, f"a good mail was refused with {status}"
            time.sleep(AGAIN)


class Agent(threading.Thread):
    """Answer some tickets of one organisation, each once, with a form that may be sent again."""

    def __init__(self, stack: Stack, ledger: Ledger, house: House, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.stack, self.ledger, self.house, self.chance = stack, ledger, house, chance
        self.browser = requests.Session()
        name, value = stack.cookie(house.staff)
        self.browser.cookies.set(name, value)
        self.seen: set[int] = set()
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            page = self.ask("GET", "/tickets?status=any")
            numbers = (
                {int(number) for number in re.findall(r"/tickets/(\d+)", page.text)}
                if page is not None
                else set()
            )
            for number in sorted(numbers - self.seen):
                self.seen.add(number)
                if self.chance.random() < ANSWERED:
                    self.answer(number)
            time.sleep(0.5)

    def answer(self, number: int) -> None:
        once = uuid.uuid4()
        while True:
            page = self.ask("GET", f"/tickets/{number}")
            token = re.search(r'name="csrf-token" content="([^"]+)"', page.text) if page is not None else None
            if token:
                form = {
                    "csrf_token": token[1],
                    "once": str(once),
                    "html": f"<p>Answer {once}</p>",
                    "kind": "reply",
                }
                answer = self.ask("POST", f"/tickets/{number}/comments", form)
                if answer is not None and answer.status_code == 303:
                    self.ledger.replies[once] = self.house
                    return
            time.sleep(AGAIN)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response | None:
        try:
            url = f"{self.stack.address}{self.house.path(path)}"
            answer = self.browser.request(method, url, data=form, timeout=30, allow_redirects=False)
        except requests.RequestException:
            return None
        return answer if answer.status_code < 500 else None


def _signed() -> dict[str, str]:
    timestamp, token = str(int(time.time())), uuid.uuid4().hex
    signature = hmac.new(SIGNING_KEY.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}
