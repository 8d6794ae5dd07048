"""`flask doctor` finds what is wrong and says what to do."""

import subprocess
import sys

import dns.resolver
import pytest
import sqlalchemy as sa

from app.commands import checks, checks_mail, groups
from app.commands.findings import Level
from app.extensions import db
from app.mail.transports import Permanent, Temporary
from app.mail.transports.mailgun import MailgunTransport
from config import ROOT


def levels(findings):
    return {(each.about, each.level.value) for each in findings}


def test_a_sound_installation_passes(app, world, run, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_DOMAIN", "mail.worktrackr.localhost")
    answer = run("doctor")
    assert answer.exit_code == 0, answer.output
    for line in ("is bound by row-level security", "on for all", "writes, reads and deletes", "at 0"):
        assert line in answer.output


def test_a_failure_ends_with_1_and_what_to_do(app, run, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_DOMAIN", "mail.worktrackr.localhost")

    class Broken:
        def check(self):
            raise Temporary("ConnectionRefusedError")

    monkeypatch.setitem(app.extensions, "mail_transport", Broken())
    answer = run("doctor")
    assert answer.exit_code == 1
    assert "fail  mail out" in answer.output
    assert "->" in answer.output


@pytest.fixture
def broken_table(app):
    """A table whose row-level security somebody took off."""
    with app.app_context():
        db.session.execute(sa.text("ALTER TABLE tags NO FORCE ROW LEVEL SECURITY"))
        db.session.commit()
        yield
        db.session.execute(sa.text("ALTER TABLE tags FORCE ROW LEVEL SECURITY"))
        db.session.commit()


def test_a_table_without_row_level_security_is_a_failure(broken_table):
    found = [each for each in checks.database() if each.level is Level.FAIL]
    assert [each.about for each in found] == ["row-level security"]
    assert "tags" in found[0].words


def test_a_database_that_lags_behind_the_code_is_a_failure(app):
    with app.app_context():
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
        try:
            assert ("migrations", "fail") in levels(checks.database())
        finally:
            db.session.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": head(app)})
            db.session.commit()


def head(app):
    return next(iter(checks.ScriptDirectory.from_config(checks.migrate.get_config()).get_heads()))


def test_redis_that_is_away_is_a_failure(app, monkeypatch):
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    with app.app_context():
        assert levels(checks.redis_server()) == {("redis", "fail")}


def test_storage_that_cannot_write_is_a_failure(app, monkeypatch):
    class Full:
        def put(self, *_):
            raise OSError("no space left")

    monkeypatch.setitem(app.extensions, "storage", Full())
    with app.app_context():
        assert levels(checks.storage()) == {("storage", "fail")}


class Text:
    def __init__(self, *texts):
        self.strings = [text.encode() for text in texts]


class Server:
    exchange = "mx.example.net."


ALL = {("desk.example.com", "MX"): [Server()], ("desk.example.com", "TXT"): [Text("v=spf1 ", "-all")]}
ALL |= {("_dmarc.desk.example.com", "TXT"): [Text("v=DMARC1; p=none")]}


def ask(app, monkeypatch, records):
    def resolve(name, kind, lifetime):
        if (name, kind) not in records:
            raise dns.resolver.NXDOMAIN
        return records[name, kind]

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    monkeypatch.setitem(app.config, "MAIL_DOMAIN", "desk.example.com")
    with app.app_context():
        return levels(checks_mail.dns_records())


def test_dns_as_it_should_be(app, monkeypatch):
    found = ask(app, monkeypatch, ALL)
    assert {("mx", "ok"), ("spf", "ok"), ("dmarc", "ok")} <= found


@pytest.mark.parametrize(
    ("records", "wrong"),
    [
        ({}, ("mx", "fail")),
        ({}, ("spf", "warn")),
        ({}, ("dmarc", "warn")),
        ({("desk.example.com", "TXT"): [Text("v=spf1 a"), Text("v=spf1 b")]}, ("spf", "fail")),
    ],
)
def test_dns_that_lacks_something(app, monkeypatch, records, wrong):
    assert wrong in ask(app, monkeypatch, records)


UNSEEN = [{"name": "k1._domainkey.x", "valid": "unknown"}]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, None, "answered 401"),
        (200, {"domain": {"state": "unverified"}}, "is unverified"),
        (200, {"domain": {"state": "active"}, "sending_dns_records": UNSEEN}, "k1._domainkey.x"),
    ],
)
def test_mailgun_says_what_is_wrong_with_the_domain(monkeypatch, status, body, words):
    transport = MailgunTransport("https://api.mailgun.net", "x", "key")
    monkeypatch.setattr(transport, "_ask", lambda *_: (status, {}, body))
    with pytest.raises(Permanent, match=words):
        transport.check()


def test_docs_operators_is_what_the_commands_say():
    done = subprocess.run(
        [sys.executable, "bin/operators", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("group", groups.GROUPS, ids=lambda group: group.name)
def test_every_command_says_what_it_does(group):
    for command in getattr(group, "commands", {group.name: group}).values():
        assert command.help, command.name
