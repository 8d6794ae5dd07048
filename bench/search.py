#!/usr/bin/env python3
"""How fast search is at 100,000 tickets of one organisation among 500,000: `.venv/bin/python bench/search.py`.

The first run builds the database under var/bench (some minutes); `--database URL` uses an empty one of yours,
`--plans` prints PostgreSQL's plans as well.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from app.extensions import db
from app.policy import Actor, ActorKind, Role
from app.tenancy import acting_for
from app.tickets.listing import ANY, View
from app.tickets.search_results import results
from bench.building import application, build

RUNS = 50
QUERIES = {
    "common word (50 %)": "printer ",
    "frequent word (5 %)": "toner ",
    "uncommon word (0.4 %)": "plotter ",
    "rare word (5 tickets)": "flamingo ",
    "prefix, common": "prin",
    "prefix, rare": "flam",
    "two words": "printer toner ",
    "common and rare word": "printer flamingo ",
    "word without another": "toner -printer ",
    "phrase of common words": '"kept cold"',
    "requester's address": "person77@client77.example",
    "nothing": "xylophone ",
}


def main() -> None:
    """Print a table of medians and 95th percentiles in milliseconds, over the whole page of results."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database")
    arguments.add_argument("--plans", action="store_true")
    chosen = arguments.parse_args()
    app = application(chosen.database)
    with app.app_context():
        tenant_id = build(app)
        with acting_for(tenant_id):
            member = Actor(ActorKind.AGENT, tenant_id, role=Role.MANAGER)
            QUERIES["phrase of common words"] = f'"{_a_phrase()}"'
            print(f"| query | tickets on the page | median | p95 |\n|{'---|' * 4}")
            for name, typed in QUERIES.items():
                _measure(name, View(q=typed, status=ANY), member)
            if chosen.plans:
                _plans(member)


def _a_phrase() -> str:
    """Two words that follow one another in an old ticket."""
    text = db.session.scalar(sa.text("SELECT text FROM comments ORDER BY created_at LIMIT 1 OFFSET 500"))
    return " ".join(text.lower().split()[4:6])


def _measure(name: str, view: View, member: Actor) -> None:
    times = []
    for _ in range(RUNS + 3):
        started = time.perf_counter()
        found = results(view, member)
        times.append((time.perf_counter() - started) * 1000)
    kept = sorted(times[3:])
    print(
        f"| {name} | {len(found.rows)} | {statistics.median(kept):.1f} ms | {kept[int(RUNS * 0.95)]:.1f} ms |",
        flush=True,
    )


def _plans(member: Actor) -> None:
    """The plans of the statements that read ticket_search, for a common and a rare word."""
    for typed in ("printer ", "flamingo "):
        seen = []

        def keep(_connection, _cursor, statement, parameters, *_, seen=seen):
            if "ticket_search" in statement and not statement.startswith("EXPLAIN"):
                seen.append((statement, parameters))

        sa.event.listen(Engine, "before_cursor_execute", keep)
        results(View(q=typed, status=ANY), member)
        sa.event.remove(Engine, "before_cursor_execute", keep)
        for statement, parameters in seen:
            print(f"\n{typed.strip()}:")
            rows = db.session.connection().exec_driver_sql(
                f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters
            )
            print("\n".join(row[0] for row in rows))


if __name__ == "__main__":
    main()
