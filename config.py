"""Every setting, read once from the environment: its name, default, meaning and what production asks of it.

The fields of `Config` are the one table. `bin/settings` writes `.env.example` and the table in README.md
from it, and a test holds them equal.
"""

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
CHOICES = {
    "WORKTRACKR_ENV": ("production", "development", "test"),
    "MAIL_TRANSPORT": ("mailgun", "smtp", "sink"),
    "LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR"),
}
STRONG_LENGTH, STRONG_BITS = 32, 100
PLACEHOLDERS = re.compile(r"secret|change|default|passw|example|placeholder|^dev|^test|12345|qwert", re.I)
STAND_INS = re.compile(r"change|your[-_]|xxx|placeholder|example|\.\.\.", re.I)

MADE_HERE = {"SECRET_KEY", "JWT_SECRET", "MAILGUN_SIGNING_KEY", "METRICS_TOKEN", "STRIPE_WEBHOOK_SECRET"}

Rule = Callable[[str, "Config"], str | None]


class Refused(SystemExit):
    """The settings will not do. Printed as one line for each thing to set; ends the process with status 1."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["WorkTrackr cannot start:", *(f"  - {problem}" for problem in problems)]))


# What production asks. A rule gets the value and all settings, and answers what is wrong and what to do.
MISSING = "is not set: set it"
MAKE = "make one with python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def required(value: str, config: "Config") -> str | None:
    return None if value else MISSING


def strong(value: str, config: "Config") -> str | None:
    """Our own secret: at least 32 characters that look random."""
    enough = len(value) >= STRONG_LENGTH and _bits(value) >= STRONG_BITS and not PLACEHOLDERS.search(value)
    return None if enough else f"{'is weak' if value else 'is not set'}: {MAKE}"


def strong_if_set(value: str, config: "Config") -> str | None:
    return strong(value, config) if value else None


def key(value: str, config: "Config") -> str | None:
    """A key somebody else issued: present, and not a placeholder."""
    if len(value) < 16 or STAND_INS.search(value):
        return "is a placeholder: set the real one" if value else MISSING
    return None


def only_for(transport: str, rule: Rule) -> Rule:
    return lambda value, config: rule(value, config) if config.mail_transport == transport else None


mailgun_key, for_mailgun, for_smtp = (
    only_for("mailgun", key),
    only_for("mailgun", required),
    only_for("smtp", required),
)


def live_key(value: str, config: "Config") -> str | None:
    test = value.startswith(("sk_test_", "rk_test_"))
    return "is a test key: set the live one" if test else key(value, config)


def refuse(pattern: str, wrong: str) -> Rule:
    """The rule against values that match."""
    return lambda value, config: wrong if re.search(pattern, value, re.I) else None


leaves = refuse(r"^sink$", "keeps mail on this machine: set mailgun or smtp")
public = refuse(r"(localhost|\.test|\.example)$", "is no public domain: set your own")
https = refuse(r"^(?!https://)", "is not an https:// address: set one")
absolute = refuse(
    r"^(?!s3://|file:///)", "is a folder of the project, which hosts wipe: set s3://... or file:///..."
)
unset = refuse(r"^(1|true|yes|on)$", "is on: unset it")


def open_(meaning: str, rule: Rule | None = None, default: str = "") -> Any:
    """A setting that anyone may see."""
    return field(default=default, metadata={"meaning": meaning, "rule": rule, "secret": False})


def secret(meaning: str, rule: Rule | None = None) -> Any:
    """A setting that is never printed and has no default."""
    return field(default="", repr=False, metadata={"meaning": meaning, "rule": rule, "secret": True})


@dataclass(frozen=True)
class Config:
    """All settings as text, in the order operators meet them; then what the program asks of them."""

    worktrackr_env: str = open_(
        "production, development or test; unset: production where DATABASE_URL is set"
    )
    app_base_url: str = open_("Where people reach the application", https, "http://localhost:8000")
    database_url: str = secret("PostgreSQL; without it development starts its own", required)
    redis_url: str = secret("Redis or Valkey; without it development starts its own", required)
    migration_database_url: str = secret("The tables' owner, for migrations alone; unset: DATABASE_URL")
    secret_key: str = secret("Signs forms, links and reply addresses", strong)
    jwt_secret: str = secret("Signs API tokens; another than SECRET_KEY", strong)
    mail_domain: str = open_("Domain of every inbound address", public, "mail.worktrackr.localhost")
    mail_transport: str = open_("How mail leaves: mailgun, smtp or sink (a local folder)", leaves, "sink")
    mailgun_api_key: str = secret("Sends through Mailgun", mailgun_key)
    mailgun_domain: str = open_("The sending domain at Mailgun", for_mailgun)
    mailgun_signing_key: str = secret("Verifies Mailgun's webhooks", key)
    mailgun_api_base: str = open_("For the EU https://api.eu.mailgun.net", None, "https://api.mailgun.net")
    smtp_url: str = secret("smtp://user:password@host:587 (STARTTLS) or smtps://", for_smtp)
    smtp_in_port: str = open_("Port of the SMTP listener for inbound mail; 0 for none", None, "0")
    trusted_mail_host: str = open_("Our mail server's name, whose Authentication-Results are believed")
    mail_quiet_hours: str = open_("Hours without the usual mail until admins are told; 0: never", None, "4")
    undo_send_seconds: str = open_("Seconds to take a reply back before it is mailed", None, "10")
    mail_sink_path: str = open_("Folder of the sink transport", None, "var/mail")
    storage_url: str = open_(
        "Attachments: file:FOLDER or s3://bucket?endpoint=URL", absolute, "file:var/files"
    )
    stripe_secret_key: str = secret("Stripe's API; a live key in production", live_key)
    stripe_webhook_secret: str = secret("Verifies Stripe's webhooks", key)
    price_starter: str = open_("Stripe price of the Starter plan")
    price_pro: str = open_("Stripe price of the Pro plan")
    price_enterprise: str = open_("Stripe price of the Enterprise plan")
    price_storage_100: str = open_("Stripe price of 100 GB more storage")
    price_sms250: str = open_("Stripe price of 250 text messages")
    price_sms1000: str = open_("Stripe price of 1,000 text messages")
    trusted_hosts: str = open_("Further host names to answer to, with commas between")
    proxy_hops: str = open_("Proxies in front whose X-Forwarded headers are believed", None, "0")
    metrics_token: str = secret("Bearer token of /metrics, which is closed without it", strong_if_set)
    log_level: str = open_("DEBUG, INFO, WARNING or ERROR", None, "INFO")
    port: str = open_("Port of the web server", None, "8000")
    web_concurrency: str = open_("Web processes", None, "2")
    web_threads: str = open_("Threads in each web process", None, "8")
    worker_concurrency: str = open_("Worker processes", None, "2")
    flask_debug: str = open_("Flask's debugger, a shell for whoever reaches it", unset)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> "Config":
        """The settings of this process; in development completed from `.env` and `var/`. Raises Refused."""
        values = {name: environ[name].strip() for name in NAMES if environ.get(name, "").strip()}
        if values.get("WORKTRACKR_ENV") not in {"production", "test"}:
            values = _dotenv(root) | values
        values.setdefault("WORKTRACKR_ENV", "production" if values.get("DATABASE_URL") else "development")
        if values["WORKTRACKR_ENV"] == "development":
            values = _development(root) | values
        config = cls(**{name.lower(): value for name, value in values.items()})
        if problems := config.problems():
            raise Refused(problems)
        return config

    def problems(self) -> list[str]:
        """What keeps these settings from being used: one line each, naming the variable and what to set."""
        found = _malformed(self)
        if self.is_production:
            found += [
                f"{name_of(each)} {wrong} ({each.metadata['meaning']})"
                for each in fields(self)
                if each.metadata["rule"] and (wrong := each.metadata["rule"](getattr(self, each.name), self))
            ]
            if self.secret_key and self.secret_key == self.jwt_secret:
                found.append("JWT_SECRET is the same as SECRET_KEY: set another")
        return found

    @property
    def is_production(self) -> bool:
        return self.worktrackr_env == "production"

    @property
    def is_development(self) -> bool:
        return self.worktrackr_env == "development"

    @property
    def is_https(self) -> bool:
        return self.app_base_url.startswith("https://")

    @property
    def sqlalchemy_url(self) -> str:
        return _with_driver(self.database_url)

    @property
    def limiter_url(self) -> str:
        """REDIS_URL as the rate limiter spells it."""
        return re.sub(r"^unix://", "redis+unix://", self.redis_url)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Host names, without port, that are this installation itself."""
        further = {each.strip().lower() for each in self.trusted_hosts.split(",")}
        return frozenset({urlsplit(self.app_base_url).hostname or "", *further} - {""})

    @property
    def absolute_storage_url(self) -> str:
        """STORAGE_URL with a folder of the project spelt out."""
        kind, _, place = self.storage_url.partition(":")
        in_project = kind == "file" and not place.startswith("//")
        return f"file://{self.path(place)}" if in_project else self.storage_url

    def with_servers(self, database_url: str, redis_url: str) -> "Config":
        """The same, with these servers where no URL was set."""
        urls = {"database_url": self.database_url or database_url, "redis_url": self.redis_url or redis_url}
        return replace(self, **urls)

    def path(self, value: str) -> Path:
        """A folder of a setting; relative ones lie in the project."""
        return ROOT / value

    def for_flask(self) -> dict[str, Any]:
        """Every setting under its own name for `app.config`, numbers as numbers, and what extensions read."""
        own: dict[str, Any] = {name: getattr(self, name.lower()) for name in NAMES}
        own |= {name: int(own[name]) for name in NUMBERS}
        own |= {"MIGRATION_DATABASE_URL": _with_driver(self.migration_database_url)}
        own.pop("FLASK_DEBUG")
        return own | {"WORKTRACKR": self, "SQLALCHEMY_DATABASE_URI": self.sqlalchemy_url}


NUMBERS = frozenset(
    "UNDO_SEND_SECONDS PROXY_HOPS PORT SMTP_IN_PORT MAIL_QUIET_HOURS"
    " WEB_CONCURRENCY WEB_THREADS WORKER_CONCURRENCY".split()
)


def name_of(each: "Field[Any]") -> str:
    return each.name.upper()


NAMES = tuple(name_of(each) for each in fields(Config))


def _with_driver(url: str) -> str:
    """An address for SQLAlchemy with psycopg 3; hosts hand out postgres://."""
    return re.sub(r"^(postgres|postgresql)(\+psycopg)?://", "postgresql+psycopg://", url)


def _bits(value: str) -> float:
    """Shannon's estimate of the value's entropy: bits for each character times their number."""
    counts, size = Counter(value), len(value)
    return -sum(count * math.log2(count / size) for count in counts.values())


def _malformed(config: Config) -> list[str]:
    found = [
        f"{name} is {getattr(config, name.lower())!r}: set one of {', '.join(allowed)}"
        for name, allowed in CHOICES.items()
        if getattr(config, name.lower()) not in allowed
    ]
    found += [
        f"{name} is {getattr(config, name.lower())!r}: set a whole number"
        for name in NUMBERS
        if not re.fullmatch(r"[0-9]{1,5}", getattr(config, name.lower()))
    ]
    base = urlsplit(config.app_base_url)
    if base.scheme not in {"http", "https"} or not base.hostname or base.path.strip("/") or base.query:
        found.append("APP_BASE_URL is not an address without a path, such as https://desk.example.com")
    if config.database_url and not config.sqlalchemy_url.startswith("postgresql+psycopg://"):
        found.append("DATABASE_URL is not a PostgreSQL address: set postgresql://user:password@host/database")
    if config.redis_url and not config.redis_url.startswith(("redis://", "rediss://", "unix://")):
        found.append("REDIS_URL is not a Redis address: set redis://host:6379/0")
    if not config.storage_url.startswith(("file:", "s3://")):
        found.append("STORAGE_URL is neither file:FOLDER nor s3://bucket")
    return found


def _dotenv(root: Path) -> dict[str, str]:
    given = {name: value for name, value in dotenv_values(root / ".env").items() if name in NAMES and value}
    if given.get("WORKTRACKR_ENV") == "production":
        raise Refused([".env is for development only: give production its settings in the environment"])
    return {name: str(value) for name, value in given.items()}


def _development(root: Path) -> dict[str, str]:
    """What development has beyond `.env`: addresses of the running `bin/dev`, secrets made once and kept."""
    kept = root / "var" / "secrets.env"
    known = dotenv_values(kept) if kept.exists() else {}
    missing = sorted(MADE_HERE - known.keys())
    if missing:
        kept.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
            file.writelines(f"{name}={token_urlsafe(48)}\n" for name in missing)
        known = dotenv_values(kept)
    running = root / "var" / "running.env"
    known |= dotenv_values(running) if running.exists() else {}
    return {name: value for name, value in known.items() if value and name in NAMES}
