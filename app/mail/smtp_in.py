"""The SMTP listener for mail in: a mail is taken ("250") only once it is stored for good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.mail.receive import UnknownRecipient, accept
from app.mail.routing import MAX_RECIPIENTS, find_routes

log = structlog.get_logger()

MAX_BYTES = 36_000_000  # 25 MB of files in base64
UNKNOWN = "550 5.1.1 no such mailbox"
LATER = "451 4.3.0 not stored: try again later"


class Listener:
    """Answers SMTP commands; the database is asked in threads, so one slow mail holds up no other."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        answer = await self._ask(lambda: "250 ok" if find_routes([address]) else UNKNOWN)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return await self._ask(lambda: self._store(envelope))

    async def _ask(self, question: Callable[[], str]) -> str:
        return await asyncio.get_running_loop().run_in_executor(None, self._answer, question)

    def _answer(self, question: Callable[[], str]) -> str:
        with self.app.app_context():
            try:
                return question()
            except UnknownRecipient:
                return UNKNOWN
            except SQLAlchemyError as error:
                db.session.rollback()
                log.error("smtp.later", error=type(error).__name__)
                return LATER

    def _store(self, envelope: Envelope) -> str:
        raw: Any = envelope.original_content or envelope.content
        content = raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else bytes(raw or b"")
        accepted = accept(envelope.rcpt_tos, envelope.mail_from or "", content)
        db.session.commit()
        return f"250 2.0.0 stored for {accepted.stored}"


def controller(app: Flask, host: str, port: int) -> Controller:
    """Make the listener; `start()` runs it in a thread of its own, `stop()` ends it."""
    return Controller(
        Listener(app),
        hostname=host,
        port=port,
        data_size_limit=MAX_BYTES,
        ident="WorkTrackr",
        ready_timeout=10,
    )
