#!/usr/bin/env python3
"""How fast the dashboard's figures are at 100,000 tickets of one organisation: `.venv/bin/python bench/dashboard.py`.

Uses the database of bench/search.py, or fills it first.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sqlalchemy as sa

from app.dashboard.days import days_until_now
from app.dashboard.health import health_of
from app.dashboard.work import lists_for, loads_of
from app.extensions import db
from app.organisations.models import Membership
from app.policy import Role
from app.tenancy import acting_for
from bench.building import application, build

RUNS = 50


def main() -> None:
    """Print a table of medians and 95th percentiles in milliseconds, for each part of the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database")
    app = application(arguments.parse_args().database)
    with app.app_context():
        tenant_id = build(app)
        with acting_for(tenant_id):
            staff, manager = (
                db.session.scalars(sa.select(Membership).where(Membership.role == role).limit(1))
                .one()
                .as_actor()
                for role in (Role.STAFF, Role.MANAGER)
            )
            print("| part | median | p95 |\n|---|---|---|")
            _measure("own and waiting tickets, staff", lambda: lists_for(staff))
            _measure("own and waiting tickets, manager", lambda: lists_for(manager))
            _measure("load by person and queue", lambda: loads_of(manager))
            _measure(
                "arrivals and resolutions, 14 days",
                lambda: days_until_now(manager, 14, ZoneInfo("Europe/London")),
            )
            _measure(
                "arrivals and resolutions, 30 days",
                lambda: days_until_now(manager, 30, ZoneInfo("Europe/London")),
            )
            _measure("mail, storage and use", lambda: health_of(manager))


def _measure(name, part) -> None:
    times = []
    for _ in range(RUNS + 3):
        started = time.perf_counter()
        part()
        times.append((time.perf_counter() - started) * 1000)
    kept = sorted(times[3:])
    print(f"| {name} | {statistics.median(kept):.1f} ms | {kept[int(RUNS * 0.95)]:.1f} ms |", flush=True)


if __name__ == "__main__":
    main()
