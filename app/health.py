"""For the machines that watch over us: /healthz (alive), /readyz (able to serve), /metrics (figures, on a token)."""

import hmac
import os
import time
from collections.abc import Iterable
from typing import Any

import redis
import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from app.extensions import csrf
from app.jobs import bell
from app.jobs.outbox import Job, JobState
from app.jobs.sweeping import PATIENCE, backlog
from app.mail.models import InboundMessage, OutboundMessage
from app.tenancy import Scope, connection_across
from app.web import public

log = structlog.get_logger()
bp = Blueprint("health", __name__)

LAGGING = 3 * PATIENCE  # seconds: by then the sweeper itself would have done the work
SHARED = (
    "PROMETHEUS_MULTIPROC_DIR"  # set by gunicorn.conf.py: one folder for the figures of all web processes
)

requests = Histogram(
    "worktrackr_request_seconds",
    "Time to answer a request",
    ["method", "endpoint", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


@bp.get("/healthz")
@public
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """503 only where no page could be served: without Redis or the sweeper everything still works, later."""
    try:
        waits = max(backlog().values(), default=0.0)
    except sa.exc.SQLAlchemyError as error:
        log.error("database.away", error=type(error).__name__)
        return jsonify(status="unavailable", database="away"), 503
    found = {"database": "ok", "redis": _redis(), "sweeper": "ok" if waits < LAGGING else "behind"}
    status = "ready" if set(found.values()) == {"ok"} else "degraded"
    return jsonify(status=status, oldest_due_seconds=round(waits, 1), **found), 200


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Prometheus text, for whoever brings METRICS_TOKEN; to everybody else there is nothing here."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        abort(404)
    registry = CollectorRegistry()
    if os.environ.get(SHARED):
        MultiProcessCollector(registry)
    registry.register(DatabaseFigures())
    own = b"" if os.environ.get(SHARED) else generate_latest(REGISTRY)
    return Response(own + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class DatabaseFigures:
    """What the database knows, asked at each scrape: jobs, and mail in and out of the last day by state."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield _family("jobs", "Jobs to do or given up", ["lane", "state"], _jobs())
        lags = [((lane,), seconds) for lane, seconds in backlog().items()]
        yield _family("job_lag_seconds", "How long the oldest due job has waited", ["lane"], lags)
        yield _family(
            "inbound", "Mail in, by state, of one day", ["state"], _mail(InboundMessage.received_at)
        )
        yield _family(
            "outbound", "Mail out, by state, of one day", ["state"], _mail(OutboundMessage.created_at)
        )
        yield _family("redis_up", "Whether Redis answers", [], [((), float(_redis() == "ok"))])


Rows = Iterable[tuple[tuple[str, ...], float]]


def _family(name: str, meaning: str, labels: list[str], rows: Rows) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"worktrackr_{name}", meaning, labels=labels)
    for values, figure in rows:
        family.add_metric([str(value) for value in values], figure)
    return family


def _jobs() -> Rows:
    due = sa.case((Job.state == JobState.DEAD, "dead"), (Job.run_at > sa.func.now(), "later"), else_="due")
    with connection_across(Scope.SWEEP) as connection:
        found = connection.execute(sa.select(Job.lane, due, sa.func.count()).group_by(Job.lane, due)).all()
    return [((lane, state), float(count)) for lane, state, count in found]


def _mail(when: Any) -> Rows:
    state = when.class_.state
    recent = sa.select(state, sa.func.count()).where(when > sa.func.now() - sa.text("interval '1 day'"))
    with connection_across(Scope.WATCH) as connection:
        return [((each.value,), float(count)) for each, count in connection.execute(recent.group_by(state))]


def _redis() -> str:
    try:
        bell.connection().ping()
    except redis.RedisError:
        return "away"
    return "ok"


def _measure(response: Response) -> Response:
    if "started" in g:
        endpoint = request.endpoint or "none"
        spent = time.perf_counter() - g.started
        requests.labels(request.method, endpoint, str(response.status_code)).observe(spent)
    return response


def init_app(app: Flask) -> None:
    csrf.exempt(bp)
    app.register_blueprint(bp)
    app.after_request(_measure)
