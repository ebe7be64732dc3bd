"""Liveness and readiness: 503 with what failed, and never why."""

import json

import pytest
from django.test import RequestFactory

from config import health


@pytest.fixture
def ask(rf: RequestFactory):
    def answer(view):
        response = view(rf.get("/health/"))
        return response.status_code, json.loads(response.content)

    return answer


def test_live_asks_nothing_of_others(ask):
    assert ask(health.live) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_when_everything_is_there(ask, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    assert ask(health.ready) == (
        200,
        {"status": "ok", "checks": {"database": "ok", "redis": "ok", "migrations": "ok"}},
    )


@pytest.mark.django_db
def test_ready_names_what_failed_and_not_why(ask, monkeypatch):
    def refuse() -> None:
        raise ConnectionError("redis://:secret@10.0.0.1")

    monkeypatch.setitem(health.CHECKS, "redis", refuse)
    status, body = ask(health.ready)
    assert status == 503
    assert body["status"] == "failed"
    assert body["checks"]["redis"] == "failed"
    assert "secret" not in json.dumps(body)


@pytest.mark.django_db
def test_not_ready_until_migrations_are_applied(ask, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [("a migration", False)])
    status, body = ask(health.ready)
    assert (status, body["checks"]["migrations"]) == (503, "failed")
