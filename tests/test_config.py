"""Settings: production refuses what is missing, weak or meant for development; nothing secret has a default."""

import runpy
import stat
import subprocess
import sys
from dataclasses import fields

import pytest

from config import NAMES, ROOT, Config, Refused

STRONG = {
    "WORKTRACKR_ENV": "production",
    "APP_BASE_URL": "https://desk.acme.com",
    "DATABASE_URL": "postgres://worktrackr:pw@db/worktrackr",
    "REDIS_URL": "redis://cache:6379/0",
    "SECRET_KEY": "vY3kQ8mT1zXc5Rb7Ws0pLd9Gf2Hj4NaE",
    "JWT_SECRET": "oI6uZ1xW8eKq3Tn5Bv7Lm0Sd2Rf4GhYc",
    "MAIL_DOMAIN": "mail.acme.com",
    "MAIL_TRANSPORT": "mailgun",
    "MAILGUN_API_KEY": "7f3a9c2be81d4f60a5c3e9b7",
    "MAILGUN_DOMAIN": "mail.acme.com",
    "MAILGUN_SIGNING_KEY": "c81e728d9d4c2f636f067f89cc14862c",
    "STORAGE_URL": "s3://acme-files?endpoint=https://s3.acme.com",
    "STRIPE_SECRET_KEY": "sk_live_51HqLyjWDarjtT1zdp7dc",
    "STRIPE_WEBHOOK_SECRET": "whsec_9aK2mZ7qT4xB8vN1",
}


def refused(**changes):
    with pytest.raises(Refused) as caught:
        Config.from_environment({**STRONG, **changes})
    return caught.value.problems


def test_production_starts_with_every_secret_set():
    assert Config.from_environment(STRONG).is_production


@pytest.mark.parametrize(
    "name", [name for name in STRONG if name not in {"WORKTRACKR_ENV", "MAIL_TRANSPORT"}]
)
def test_production_refuses_to_start_without(name):
    problems = refused(**{name: ""})
    assert [problem.split()[0] for problem in problems] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "change-me-change-me-change-me-change-me"),
        ("SECRET_KEY", "dev-secret-key-that-is-long-enough-1234"),
        ("JWT_SECRET", STRONG["SECRET_KEY"]),
        ("METRICS_TOKEN", "prometheus"),
        ("STRIPE_SECRET_KEY", "sk_test_51HqLyjWDarjtT1zdp7dc"),
        ("STRIPE_SECRET_KEY", "rk_test_51HqLyjWDarjtT1zdp7dc"),
        ("MAILGUN_SIGNING_KEY", "your-signing-key-goes-here"),
        ("FLASK_DEBUG", "1"),
        ("MAIL_TRANSPORT", "sink"),
        ("APP_BASE_URL", "http://desk.acme.com"),
        ("APP_BASE_URL", "https://desk.acme.com/path"),
        ("MAIL_DOMAIN", "mail.localhost"),
        ("STORAGE_URL", "file:var/files"),
        ("DATABASE_URL", "sqlite:///app.db"),
        ("REDIS_URL", "memcached://cache"),
        ("PROXY_HOPS", "-1"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_production_refuses_an_unsafe_value(name, value):
    problems = refused(**{name: value})
    assert problems[0].startswith(name)
    assert len(problems) == 1


def test_all_problems_are_told_at_once_with_what_to_set():
    problems = refused(SECRET_KEY="", STRIPE_WEBHOOK_SECRET="", FLASK_DEBUG="true")
    assert len(problems) == 3
    assert all(": " in problem for problem in problems)


def test_a_database_without_an_environment_means_production():
    with pytest.raises(Refused):
        Config.from_environment({"DATABASE_URL": "postgres://u:p@db/x"}, ROOT / "no-such-folder")


def test_refusal_ends_the_process_without_a_traceback():
    done = subprocess.run(
        [sys.executable, "-c", "from config import Config; Config.from_environment()"],
        cwd=ROOT,
        env={"WORKTRACKR_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "SECRET_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_development_makes_its_secrets_once_and_keeps_them_to_itself(tmp_path):
    first = Config.from_environment({}, tmp_path)
    kept = tmp_path / "var" / "secrets.env"
    assert Config.from_environment({}, tmp_path) == first
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_dotenv_is_read_in_development_below_the_environment(tmp_path):
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nMAIL_DOMAIN=one.example.org\nUNKNOWN=1\n")
    config = Config.from_environment({"MAIL_DOMAIN": "two.example.org"}, tmp_path)
    assert (config.log_level, config.mail_domain) == ("DEBUG", "two.example.org")


@pytest.mark.parametrize("environment", ["production", "test"])
def test_dotenv_is_not_read_outside_development(tmp_path, environment):
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\n")
    assert Config.from_environment({**STRONG, "WORKTRACKR_ENV": environment}, tmp_path).log_level == "INFO"


def test_dotenv_cannot_make_it_production(tmp_path):
    (tmp_path / ".env").write_text("WORKTRACKR_ENV=production\n")
    with pytest.raises(Refused, match="development only"):
        Config.from_environment({}, tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_hosts_database_address_gets_our_driver(scheme):
    config = Config(database_url=f"{scheme}://u:p@db:5432/x")
    assert config.sqlalchemy_url == "postgresql+psycopg://u:p@db:5432/x"


def test_no_secret_is_shown_or_has_a_default():
    secret = {each.name: "verysecretvalue" for each in fields(Config) if each.metadata["secret"]}
    assert "verysecretvalue" not in repr(Config(**secret))
    assert all(each.default == "" for each in fields(Config) if each.metadata["secret"])


def test_the_names_operators_know_are_all_there():
    known = """DATABASE_URL REDIS_URL APP_BASE_URL SECRET_KEY JWT_SECRET MAILGUN_API_KEY MAILGUN_DOMAIN
    MAILGUN_SIGNING_KEY STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRET PRICE_STARTER PRICE_PRO PRICE_ENTERPRISE
    PRICE_STORAGE_100 PRICE_SMS250 PRICE_SMS1000"""
    assert set(known.split()) <= set(NAMES)


def test_the_example_and_the_readme_tell_the_same_as_the_code():
    wanted = runpy.run_path(str(ROOT / "bin" / "settings"))["wanted"]
    assert all(path.read_text() == text for path, text in wanted().items()), "run bin/settings"
