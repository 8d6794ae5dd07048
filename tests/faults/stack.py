"""The whole product as real processes: PostgreSQL and Redis of its own, gunicorn, worker, sweeper, an SMTP sink."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import flask_migrate
import psutil
import psycopg
from flask import Flask

from app import create_app, embedded
from app.auth import sessions
from app.auth.models import User
from app.extensions import db
from config import ROOT, Config
from tests import world as worlds
from tests.fakes.smtp import FakeSmtp
from tests.world import Person, World

PROCESSES = {
    "web": [sys.executable, "-m", "gunicorn"],
    "worker": [sys.executable, "worker.py"],
    "cron": [sys.executable, "worker.py", "cron"],
}
SIGNING_KEY = "faults-signing-key-8Rt3Wq6Zm1"
PATIENCE = 60.0  # seconds for a process to come up on a busy machine


class Stack:
    """Use as a context: everything runs inside it and nothing is left after it."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)
        self.place = embedded.Place.of(folder, durable=True)
        self.postgresql, self.redis = embedded.PostgreSQL(self.place), embedded.Redis(self.place)
        self.port = _free_port()
        self.sink = FakeSmtp()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.world: World

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "WORKTRACKR_ENV": "test",
            "APP_BASE_URL": self.address,
            "PORT": str(self.port),
            "DATABASE_URL": self.postgresql.url(),
            "REDIS_URL": self.redis.url(),
            "SECRET_KEY": "kE4vNq0zT7mWc2yXb9pLr5sHj8uGd3fA",
            "JWT_SECRET": "Zp6wQx1nVt8kMb3cRy5gLs0hJd7fUe2a",
            "MAILGUN_SIGNING_KEY": SIGNING_KEY,
            "MAIL_DOMAIN": "mail.example.com",
            "MAIL_TRANSPORT": "smtp",
            "SMTP_URL": self.sink.url,
            "UNDO_SEND_SECONDS": "0",
            "STORAGE_URL": f"file://{self.place.home}/files",
        }

    def __enter__(self) -> "Stack":
        self.sink.__enter__()
        self.place.prepare()
        self.postgresql.start()
        self.redis.start()
        with self.application().app_context():
            flask_migrate.upgrade()
            self.world = worlds.build()
            db.session.remove()
            db.engine.dispose()
        for name in PROCESSES:
            self.start(name)
        self.wait_for_web()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(PATIENCE)
        self.redis.stop()
        self.postgresql.stop("immediate")
        self.sink.__exit__()

    def application(self) -> Flask:
        """The application in this process, on the same database."""
        return create_app(Config.from_environment(self.environment))

    def start(self, name: str) -> None:
        environment = self.environment | {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
        with (self.place.home / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                PROCESSES[name], cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def kill(self, name: str) -> None:
        """kill -9 of a process; what it started is left to notice by itself."""
        self.running[name].kill()
        self.running[name].wait()

    def children(self, name: str) -> list[int]:
        """The process ids of what a process has forked."""
        return [child.pid for child in psutil.Process(self.running[name].pid).children()]

    def redis_pid(self) -> int:
        found = re.search(rb"process_id:(\d+)", self.redis.ask("INFO server"))
        assert found, "Redis does not answer"
        return int(found[1])

    def wait_for_web(self) -> None:
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=5):
                    return
            except OSError:
                if time.monotonic() > ends:
                    raise TimeoutError((self.place.home / "web.log").read_text()[-3000:]) from None
                time.sleep(0.2)

    def cookie(self, person: Person) -> tuple[str, str]:
        """Name and value of a session cookie of that person."""
        app = self.application()
        with app.test_request_context(base_url=self.address):
            sessions.start(db.session.get_one(User, person.user_id))
            db.session.commit()
            response = sessions.send_cookie(app.response_class())
            db.engine.dispose()
        name, _, value = response.headers["Set-Cookie"].partition(";")[0].partition("=")
        return name, value

    def ask(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """What the database says to its superuser, whom no row-level security binds."""
        with psycopg.connect(self.postgresql.url(role="postgres"), autocommit=True) as connection:
            return connection.execute(query, arguments or None).fetchall()


def pause(pid: int, seconds: float) -> None:
    """Hang a process: it keeps its connections and answers nothing."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
