"""A small Mailgun over HTTP: takes MIME, answers for events, and misbehaves as told."""

import json
import re
import socket
import struct
import threading
import time
from collections import Counter
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class FakeMailgun:
    """`script` holds what the next POSTs meet; when it is empty they are taken.

    Steps: ok, garbage, drip, <status>, <status>:<Retry-After>, reset_before, reset_after, hang.
    """

    def __init__(self) -> None:
        self.script: list[str] = []
        self.taken: list[tuple[str, tuple[str, ...], bytes]] = []
        self.posts = 0
        self.events_work = True
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def counts(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(message_id for message_id, _, _ in self.taken)

    def __enter__(self) -> "FakeMailgun":
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, body: bytes, content_type: str) -> None:
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        parts = list(message_from_bytes(head + body, policy=policy.HTTP).iter_parts())
        recipients = tuple(part.get_content().strip() for part in parts if _name(part) == "to")
        raw = next(part.get_payload(decode=True) for part in parts if _name(part) == "message")
        found = re.search(rb"^Message-ID: (\S+)", raw, re.MULTILINE)
        self.taken.append((found[1].decode() if found else "", recipients, raw))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.posts += 1
                step = fake.script.pop(0) if fake.script else "ok"
                if step in ("ok", "garbage", "drip", "reset_after", "hang", "500_taken"):
                    fake.take(body, self.headers["Content-Type"])
                _answer(self, step, fake.taken[-1][0] if fake.taken else "")

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                known = f"<{query.get('message-id', [''])[0]}>" in fake.counts
                if not fake.events_work:
                    return _send(self, 500, {"message": "no events"})
                return _send(self, 200, {"items": [{"event": "accepted"}] if known else []})

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _name(part: object) -> str:
    return part.get_param("name", header="content-disposition")  # type: ignore[attr-defined]


def _answer(handler: BaseHTTPRequestHandler, step: str, message_id: str) -> None:
    if step.startswith("reset"):
        linger = struct.pack("ii", 1, 0)  # close with RST
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True
    elif step == "ok":
        _send(handler, 200, {"id": message_id, "message": "Queued. Thank you."})
    elif step == "garbage":
        _send(handler, 200, "<html>welcome to the hotel wifi</html>")
    elif step == "drip":
        _drip(handler)
    elif step == "hang":
        time.sleep(3)
        handler.close_connection = True
    else:
        status, _, wait = step.removesuffix("_taken").partition(":")
        _send(handler, int(status), {"message": f"step {step}"}, {"Retry-After": wait} if wait else {})


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: object, headers: dict[str, str] | None = None
) -> None:
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True
