"""The child process that parses: it answers, it dies alone, and it never takes its caller along."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import sandbox as sandbox_module
from app.mail.inbound import Inbound, Unreadable, from_wire, to_wire
from app.mail.parse import parse
from app.mail.prepare import prepare
from app.mail.sandbox import Sandbox
from tests.mail import corpus, hostile

ROOT = Path(__file__).parents[2]
SIMPLE = b"From: ann@example.org\r\nMessage-ID: <a@b>\r\n\r\nhello"


@pytest.fixture
def sandbox():
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def test_the_sandbox_gives_the_same_as_parsing_in_place(sandbox):
    for name in ("inline-picture", "reply-gmail-en", "dsn-postfix", "tnef-winmail"):
        assert sandbox.parse(corpus.raw(name), corpus.NOW) == corpus.read(name)


def test_a_mail_survives_the_wire():
    mail = corpus.read("attachment-names")
    fields, blobs = to_wire(mail)
    fields["attachments"] = list(fields["attachments"])
    import json

    assert from_wire(json.loads(json.dumps(fields)), blobs) == mail


def test_a_killed_child_is_replaced(sandbox):
    sandbox.parse(SIMPLE)
    sandbox._child.process.kill()
    sandbox._child.process.wait()
    assert isinstance(sandbox.parse(SIMPLE), Inbound)


def test_a_mail_that_takes_too_long_is_unreadable_and_the_next_is_read(sandbox):
    sandbox.parse(SIMPLE)
    sandbox.wall = 0.001
    assert sandbox.parse(hostile.zeros(10_000_000)) == Unreadable("too_slow")
    sandbox.wall = 2.0
    assert isinstance(sandbox.parse(SIMPLE), Inbound)


def test_a_mail_larger_than_any_allowed_is_refused_at_once(sandbox):
    assert sandbox.parse(b"x" * (sandbox_module.MAX_RAW + 1)) == Unreadable("too_large")


def test_25_mb_pass_through_the_pipes(sandbox):
    mail = sandbox.parse(hostile.zeros(18_000_000))
    assert len(mail.attachments[0].data) == 18_000_000


def test_a_child_that_writes_nonsense_makes_the_mail_unreadable(sandbox, monkeypatch, tmp_path):
    program = tmp_path / "nonsense.py"
    program.write_text(
        "import sys; out=sys.stdout.buffer; out.write(b'ready'); out.flush(); sys.stdin.buffer.read(16)\n"
        "out.write(b'\\0\\0\\0\\x02[]'); out.flush(); sys.stdin.buffer.read()"
    )
    monkeypatch.setattr(sandbox_module, "_PROGRAM", program)
    assert sandbox.parse(SIMPLE) == Unreadable("malformed_answer")


def test_threads_share_one_child_in_turn(sandbox):
    results = []
    threads = [threading.Thread(target=lambda: results.append(sandbox.parse(SIMPLE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results] == [Inbound] * 8


def _parse_in_fork(answers):
    answers.put(type(sandbox_module.parse_safely(SIMPLE)).__name__)
    sandbox_module._sandbox.close()


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_process_gets_a_child_of_its_own():
    sandbox_module.parse_safely(SIMPLE)
    mine = sandbox_module._sandbox._child.process.pid
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=_parse_in_fork, args=(answers,))
    process.start()
    assert answers.get(timeout=30) == "Inbound"
    process.join()
    assert isinstance(sandbox_module.parse_safely(SIMPLE), Inbound)
    assert sandbox_module._sandbox._child.process.pid == mine


def test_the_child_ends_when_its_parent_is_killed():
    code = (
        "import sys, types; p = types.ModuleType('app'); p.__path__ = ['app']; sys.modules['app'] = p\n"
        "from app.mail import sandbox\nimport os, signal\n"
        "sandbox.parse_safely(b'From: a@b.c\\n\\nx')\n"
        "print(sandbox._sandbox._child.process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(pid)


def _is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_child_inherits_no_secret(sandbox, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    sandbox.parse(SIMPLE)
    environment = Path(f"/proc/{sandbox._child.process.pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert os.environ["DATABASE_URL"] == "postgresql://secret"


def test_one_warm_child_serves_many_mails(sandbox):
    mails = [path.read_bytes() for path in [*corpus.THREADS, *corpus.ODD]]
    sandbox.parse(SIMPLE)
    child = sandbox._child
    for mail in mails:
        sandbox.parse(mail)
    assert sandbox._child is child
    assert child.mails == len(mails) + 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_mail(data):
    assert isinstance(prepare(data, corpus.NOW), Inbound)


_FIELD = st.sampled_from(
    ["From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "Content-Disposition"]
)
_VALUE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "multipart/mixed; boundary=b",
            "text/html; charset=utf-16",
            "=?utf-8?q?=?=",
            "=?a?b?====?=",
            "<<>>",
            "a@b, <c@d",
            "message/delivery-status",
            "application/ms-tnef",
            "attachment; filename*0*=''%; filename*1=x",
            "Mon, 99 Foo",
        ]
    ),
)
_LINE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"--b", b"--b--", b"", b"<div class=gmail_quote>", b"> x", b"On 1 wrote:"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_FIELD, _VALUE), max_size=8), st.lists(_LINE, max_size=12))
def test_any_fields_and_lines_give_a_mail_that_a_database_accepts(fields, lines):
    head = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("utf-8", "surrogatepass")
    mail = prepare(head + b"\r\n" + b"\r\n".join(lines), corpus.NOW)
    wire, _ = to_wire(mail)
    assert "\0" not in str(wire)
    str(wire).encode("utf-8")
    assert parse(head).kind
