"""The embedded servers start once, are shared, end with their last user, and recover from whatever ended them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis

from app import embedded
from config import ROOT

USER = """
import signal, sys, time
from pathlib import Path
import embedded
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
servers = embedded.ensure(Path(sys.argv[1]), durable=False)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder():
    """A folder the servers' own account can get to, which pytest's are not."""
    path = Path(tempfile.mkdtemp(prefix="wt-"))
    path.chmod(0o711)
    yield path
    embedded.ensure(path, durable=False).release(wait=True)
    shutil.rmtree(path)


def pid_of_postgres(servers: embedded.Servers) -> int:
    return int((servers.postgresql.data / "postmaster.pid").read_text().split()[0])


def pid_of_redis(servers: embedded.Servers) -> int:
    with redis.Redis.from_url(servers.redis.url()) as client:
        return client.info("server")["process_id"]


def wait_until_gone(servers: embedded.Servers) -> None:
    ends = time.monotonic() + 20
    while servers.postgresql.answers() or servers.redis.answers():
        assert time.monotonic() < ends, "the servers run on"
        time.sleep(0.1)


def works(servers: embedded.Servers) -> bool:
    with (
        psycopg.connect(servers.postgresql.url()) as connection,
        redis.Redis.from_url(servers.redis.url()) as client,
    ):
        return bool(connection.execute("SELECT 1").fetchone()) and client.ping()


def another_user(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)], cwd=ROOT / "app", stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def test_the_role_is_bound_by_row_level_security(servers):
    with psycopg.connect(servers.postgresql.url()) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False)


def test_a_second_user_shares_the_servers_and_keeps_them(folder):
    first = embedded.ensure(folder, durable=False)
    pid = pid_of_postgres(first)
    second = embedded.ensure(folder, durable=False)
    first.release()
    time.sleep(1)
    assert pid_of_postgres(second) == pid
    assert works(second)
    second.release()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_servers_end_with_their_last_user_however_it_ends(folder, sign):
    user = another_user(folder)
    servers = embedded.ensure(folder, durable=False)
    servers.release()
    os.kill(user.pid, sign)
    user.communicate()
    wait_until_gone(servers)


def test_killed_servers_start_again_with_what_they_had(folder):
    servers = embedded.ensure(folder, durable=True)
    with psycopg.connect(servers.postgresql.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    for pid in (pid_of_postgres(servers), pid_of_redis(servers)):
        os.kill(pid, signal.SIGKILL)
    again = embedded.ensure(folder, durable=True)
    with psycopg.connect(again.postgresql.url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    servers.release()
    again.release()


def test_a_pid_that_now_is_another_program_does_not_stop_the_start(folder):
    servers = embedded.ensure(folder, durable=False)
    servers.release(wait=True)
    pidfile = servers.postgresql.data / "postmaster.pid"
    pidfile.write_text(f"{os.getpid()}\n{servers.postgresql.data}\n0\n5432\n\n\n\nready\n")
    os.chown(pidfile, servers.postgresql.data.stat().st_uid, -1)
    again = embedded.ensure(folder, durable=False)
    assert works(again)
    again.release()


def test_a_start_that_was_interrupted_is_taken_up_anew(folder):
    (folder / "postgresql" / "unfinished" / "base").mkdir(parents=True)
    servers = embedded.ensure(folder, durable=False)
    assert works(servers)
    servers.release()


def test_a_folder_too_long_for_a_socket_works_all_the_same(folder):
    deep = folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    servers = embedded.ensure(deep, durable=False)
    assert works(servers)
    servers.release(wait=True)


def test_several_who_start_at_once_get_one_server(folder):
    users = [another_user(folder) for _ in range(3)]
    servers = embedded.ensure(folder, durable=False)
    assert works(servers)
    for user in users:
        user.kill()
        user.communicate()
    servers.release()


def test_a_missing_wheel_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(embedded.Unavailable, match=r"pip install -r requirements-dev\.txt"):
        embedded.PostgreSQL(embedded.Place(tmp_path, tmp_path, durable=False)).answers()


def test_development_keeps_what_redis_was_told(folder):
    servers = embedded.ensure(folder, durable=True)
    with redis.Redis.from_url(servers.redis.url()) as client:
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    servers.release()
