"""Logs: one JSON line for each thing that happened, with who and where, and without secrets or mail bodies."""

import logging
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

import structlog
from flask import Flask, Request, Response, current_app, g, request

from app.extensions import new_id
from config import Config

Entry = MutableMapping[str, Any]

HIDDEN = "[hidden]"
# Names whose values never reach a log, however they are nested.
SECRET_NAME = re.compile(
    r"passw|secret|token|cookie|authori[sz]ation|signature|api_?key|credential|csrf|otp|recovery|card|_url$",
    re.I,
)
# What people wrote: the mails and comments themselves.
CONTENT_NAME = re.compile(
    r"^(raw|body|html|text|content|payload|stripped.*|quoted_.*|body_.*|.*_body)$", re.I
)
# Secrets inside text: credentials of URLs, keys of known shapes, tokens in headers, paths and queries.
IN_TEXT = (
    (re.compile(r"(\w+://[^/\s:@]*:)[^@\s/]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\b(sk|rk|pk|whsec|key|pubkey)[-_](live_|test_)?[A-Za-z0-9]{12,}"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.I), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"((?:token|signature|code|password|secret|key)=)[^&\s\"']+", re.I), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32,}"), HIDDEN),
)
LONGEST = 2000
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

access = structlog.get_logger("access")


class _StandardError(logging.StreamHandler):
    """Writes to what standard error is at that moment."""

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Not kept."""


def configure(config: Config) -> None:
    """Send everything, the libraries' logs too, through one chain to standard error."""
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(config),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _StandardError)] + [handler]
    root.setLevel(config.log_level)
    for noisy in ("urllib3", "botocore", "rq.worker", "werkzeug", "alembic", "mail.log", "PIL"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _renderer(config: Config) -> Any:
    if config.is_development:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(default=str)


def redact(logger: Any, name: str, entry: Entry) -> Entry:
    """A structlog processor: hide secrets by name and by shape, and leave out what people wrote."""
    return {key: _clean(key, value) for key, value in entry.items()}


def _clean(key: str, value: Any) -> Any:
    if SECRET_NAME.search(key) and value not in (None, "", True, False):
        return HIDDEN
    if CONTENT_NAME.search(key):
        return f"[{len(value)} left out]" if isinstance(value, str | bytes) else HIDDEN
    if isinstance(value, dict):
        return {str(inner): _clean(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean("", each) for each in value]
    if isinstance(value, bytes):
        return f"[{len(value)} left out]"
    return _clean_text(value) if isinstance(value, str) else value


def _clean_text(text: str) -> str:
    limit = 20 * LONGEST if "Traceback" in text[:40] else LONGEST
    if len(text) > limit:
        text = f"{text[:limit]}… [{len(text) - limit} more left out]"
    for pattern, instead in IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def request_id() -> str:
    """The id of the current request, which error pages quote."""
    return str(g.get("request_id", ""))


def init_app(app: Flask) -> None:
    configure(app.config["WORKTRACKR"])
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = _given_id(request) or new_id().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _given_id(incoming: Request) -> str | None:
    """A proxy's own id, where a trusted proxy stands in front; a stranger's header must not name our lines."""
    given = incoming.headers.get("X-Request-Id", "")
    return given if current_app.config["PROXY_HOPS"] and REQUEST_ID.fullmatch(given) else None


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    milliseconds = round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1)
    note: Callable[..., None] = (
        access.debug if request.path in {"/healthz", "/readyz", "/metrics"} else access.info
    )
    note(
        "request",
        method=request.method,
        path=unquote(request.script_root + request.path)[:300],
        endpoint=request.endpoint,
        status=response.status_code,
        ms=milliseconds,
        address=request.remote_addr,
    )
    return response
