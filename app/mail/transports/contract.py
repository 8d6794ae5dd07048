"""What a transport promises. The three errors say all that the sender must know to never send twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Temporary(Exception):
    """Certainly not taken, worth another try; `retry_after` seconds from now where the far end said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Permanent(Exception):
    """Certainly not taken, and never will be."""


class Uncertain(Exception):
    """Taken or not: the connection ended, or the answer made no sense, after the mail had been handed over."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The far end took the mail. `refused` names recipients it would not take, with its reason."""

    provider_id: str
    refused: dict[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Hands one mail over. `settles` is after how many seconds its records show what it has taken."""

    settles: float

    def deliver(self, raw: bytes, envelope_from: str, recipients: Sequence[str]) -> Delivery:
        """Hand the mail over once. Raises Temporary, Permanent or Uncertain."""

    def check(self) -> str:
        """Say how the far end stands, without sending. Raises Temporary or Permanent with what is wrong."""

    def was_accepted(self, message_id: str) -> bool | None:
        """Whether an earlier attempt with this Message-ID was taken; None when there never is a way to know.

        Raises Temporary when there is one, but not now.
        """
