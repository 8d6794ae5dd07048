"""A database of 500,000 tickets in five organisations, to measure on: words spread as in a language (Zipf)."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from uuid import UUID

import flask_migrate
import psycopg
import sqlalchemy as sa

from app import create_app, embedded
from app.auth.models import User
from app.auth.passwords import hashed
from app.extensions import db, new_id
from app.organisations.models import Organisation
from app.policy import Role
from app.signup import add_member, add_queue, open_organisation
from app.tenancy import acting_for
from app.tickets.search import mark_of
from app.tickets.settings import Queue, StatusCategory
from config import ROOT, Config

PER_ORGANISATION = 100_000
ORGANISATIONS = 5
MEMBERS = 12
CONTACTS = 5_000
SPAN = timedelta(days=730)
# Words of a known share of tickets, beside those made up.
KNOWN = {"printer": 0.5, "toner": 0.05, "plotter": 0.004, "flamingo": 0.00005}
SYLLABLES = "ba ke li mo nu pra ste tri vo wex dal fen gor hib jun kra lum mip nos que".split()


def application(url: str | None = None):
    """The application on a database at the URL, or on one of its own under var/bench."""
    servers = None
    if not url:
        servers = embedded.ensure(ROOT / "var" / "bench", durable=False)
        url, redis_url = servers.postgresql.url(), servers.redis.url(0)
    else:
        redis_url = "redis://127.0.0.1:1/0"
    settings = {"database_url": url, "redis_url": redis_url, "worktrackr_env": "test"}
    secrets = {
        "secret_key": "kE4vNq0zT7mWc2yXb9pLr5sHj8uGd3fA",
        "jwt_secret": "Zp6wQx1nVt8kMb3cRy5gLs0hJd7fUe2a",
    }
    app = create_app(Config(**settings, **secrets, mail_domain="mail.example.com", log_level="ERROR"))
    app.extensions["bench.servers"] = servers  # they stop with the last that holds them
    return app


def build(app) -> UUID:
    """Fill an empty database, once. Answers the first organisation's id; an application context is entered."""
    flask_migrate.upgrade()
    first = db.session.scalar(sa.select(Organisation.id).where(Organisation.slug == "bench-0"))
    if first:
        return first
    started = time.time()
    vocabulary = sorted({"".join(random.Random(n).choices(SYLLABLES, k=2 + n % 3)) for n in range(20_000)})
    random.Random(1).shuffle(vocabulary)
    organisations = [_organisation(number) for number in range(ORGANISATIONS)]
    db.session.commit()
    url = db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        connection.execute("DROP INDEX ix_ticket_search_document")
        for number, organisation_id in enumerate(organisations):
            _fill(connection, organisation_id, vocabulary, random.Random(number))
            print(f"organisation {number + 1} of {ORGANISATIONS}: {time.time() - started:.0f} s", flush=True)
        connection.execute("CREATE INDEX ix_ticket_search_document ON ticket_search USING gin (document)")
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    return organisations[0]


def _organisation(number: int) -> UUID:
    organisation = open_organisation(f"Bench {number}", slug=f"bench-{number}")
    with acting_for(organisation.id):
        queues = [db.session.scalars(sa.select(Queue)).one()]
        queues += [add_queue(name, organisation) for name in ("Projects", "Billing", "Field")]
        password = hashed("a long walk by the grey canal")
        for nth in range(MEMBERS):
            user = User(
                id=new_id(),
                email=f"m{nth}@bench-{number}.example",
                name=f"Member {nth}",
                password_hash=password,
            )
            db.session.add(user)
            db.session.flush()
            add_member(organisation, user, (Role.ADMIN, Role.MANAGER, Role.STAFF)[min(nth, 2)], *queues)
    return organisation.id


def _fill(
    connection: psycopg.Connection, tenant_id: UUID, vocabulary: list[str], chance: random.Random
) -> None:
    connection.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant_id)])
    contacts = [
        (tenant_id, new_id(), f"Person {n}", f"person{n}@client{n % 400}.example") for n in range(CONTACTS)
    ]
    _copy(
        connection,
        "contacts (tenant_id, id, name, email, created_at)",
        ((*each, datetime.now(UTC)) for each in contacts),
    )
    tickets = list(_tickets(connection, tenant_id, contacts, vocabulary, chance))
    columns = (
        "tickets (tenant_id, id, number, subject, status_id, queue_id, assignee_id, requester_id, priority,"
        " due_at, resolved_at, created_at, updated_at, last_message_at, waiting_since,"
        " preview, comment_count, attachment_count)"
    )
    _copy(connection, columns, (row for row, _text in tickets))
    _copy(
        connection,
        "comments (tenant_id, id, ticket_id, author_kind, author_name, is_internal, is_first, html, text, created_at)",
        (
            (tenant_id, new_id(), row[1], "contact", "Person", False, True, "", text, row[11])
            for row, text in tickets
        ),
    )
    connection.execute("ANALYZE contacts, tickets, comments")  # else the join below walks them row by row
    connection.execute(
        "INSERT INTO ticket_search SELECT t.tenant_id, t.id, search_document(%s,"
        " setweight(to_tsvector('pg_catalog.english', lower(t.subject)), 'A')"
        " || setweight(to_tsvector('pg_catalog.english', translate(k.name || ' ' || k.email, '@.', '  ')), 'B')"
        " || setweight(to_tsvector('pg_catalog.english', lower(c.text)), 'C')),"
        " length(t.subject || k.name || k.email || c.text)"
        " FROM tickets t JOIN contacts k ON k.tenant_id = t.tenant_id AND k.id = t.requester_id"
        " JOIN comments c ON c.tenant_id = t.tenant_id AND c.ticket_id = t.id WHERE t.tenant_id = %s",
        [mark_of(tenant_id), tenant_id],
    )
    connection.commit()


def _tickets(connection, tenant_id, contacts, vocabulary, chance) -> Iterator[tuple[tuple, str]]:
    statuses = dict(
        connection.execute("SELECT category, (array_agg(id))[1] FROM statuses GROUP BY 1").fetchall()
    )
    queues = [row[0] for row in connection.execute("SELECT id FROM queues ORDER BY id")]
    members = [row[0] for row in connection.execute("SELECT id FROM memberships ORDER BY id")]
    common = list(accumulate(1 / (rank + 10) for rank in range(len(vocabulary))))
    now = datetime.now(UTC)
    for number in range(1, PER_ORGANISATION + 1):
        words = chance.choices(vocabulary, k=6)
        said = chance.choices(vocabulary, cum_weights=common, k=chance.randint(20, 80))
        said += [word for word, share in KNOWN.items() if chance.random() < share]
        created = now - SPAN + SPAN * number / PER_ORGANISATION
        is_open = number > PER_ORGANISATION * 0.96
        category = chance.choice(("new", "open", "open", "pending", "on_hold")) if is_open else "closed"
        done = None if is_open else min(now, created + timedelta(hours=chance.expovariate(1 / 30)))
        yield (
            (
                tenant_id,
                new_id(),
                number,
                " ".join(words).capitalize(),
                statuses[StatusCategory(category).value],
                chance.choice(queues),
                None if chance.random() < 0.1 else chance.choice(members),
                chance.choice(contacts)[1],
                chance.choice((1, 2, 2, 2, 3, 4)),
                created + timedelta(days=3) if chance.random() < 0.3 else None,
                done,
                created,
                done or created,
                done or created,
                created if category in ("new", "open") else None,
                " ".join(said[:20]),
                0,
                0,
            ),
            " ".join(said).capitalize(),
        )


def _copy(connection: psycopg.Connection, into: str, rows) -> None:
    """Copy rows in by way of a temporary table: under row-level security PostgreSQL takes no COPY."""
    table, columns = into.rstrip(")").split(" (")
    connection.execute(f"CREATE TEMPORARY TABLE incoming AS SELECT {columns} FROM {table} WITH NO DATA")
    with connection.cursor().copy("COPY incoming FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming")
    connection.execute("DROP TABLE incoming")
