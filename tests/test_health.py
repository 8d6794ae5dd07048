"""What the machines that watch over us are told, and that nobody else is told it."""

from dataclasses import replace

import pytest

from app import create_app
from app.jobs import later, outbox
from app.jobs.outbox import Lane

TOKEN = "Ws7Lq2Vx9Tm4Bz1Kc6Nd3Rf8Hg5Jp0YaE"


def idle() -> None:
    """Work that nobody does in this test."""


@pytest.fixture
def a_due_job(acme, monkeypatch):
    from app.extensions import db

    work = outbox.Work("tests.idle", idle, Lane.MAIL, 3, 10, None)
    monkeypatch.setitem(outbox.registry, work.name, work)
    later("tests.idle")
    db.session.commit()


def test_healthz_is_alive_without_asking_anybody(test_settings):
    away = create_app(replace(test_settings, database_url="postgresql://x@/x?host=/nonexistent"))
    assert away.test_client().get("/healthz").status_code == 200


def test_readyz_says_that_all_is_well(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json["status"] == "ready"


def test_readyz_is_503_without_the_database_and_tells_nothing_more(test_settings):
    away = create_app(replace(test_settings, database_url="postgresql://x@/x?host=/nonexistent"))
    response = away.test_client().get("/readyz")
    assert response.status_code == 503
    assert response.json == {"status": "unavailable", "database": "away"}


def test_readyz_stays_200_without_redis(test_settings):
    away = create_app(replace(test_settings, redis_url="unix:///nonexistent/redis.sock"))
    response = away.test_client().get("/readyz")
    assert (response.status_code, response.json["status"], response.json["redis"]) == (
        200,
        "degraded",
        "away",
    )


def test_readyz_tells_how_long_due_work_has_waited(client, a_due_job):
    assert client.get("/readyz").json["oldest_due_seconds"] >= 0


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN.lower()}])
def test_metrics_are_not_there_without_the_token(app, client, monkeypatch, headers):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    assert client.get("/metrics", headers=headers).status_code == 404


def test_metrics_are_not_there_where_no_token_is_set(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_count_requests_jobs_and_mail(app, client, monkeypatch, a_due_job):
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    client.get("/healthz")
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    assert 'worktrackr_jobs{lane="mail",state="due"} 1.0' in text
    assert 'worktrackr_request_seconds_count{endpoint="health.alive",method="GET",status="200"}' in text
    assert "worktrackr_job_lag_seconds" in text
    assert "worktrackr_redis_up 1.0" in text
