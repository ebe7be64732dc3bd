"""/health/metrics and /health/post: figures for a monitor and the alarm, and who may ask."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notification, State
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def row(n: int, **fields) -> Notification:
    values = {"kind": "invitation", "key": f"k{n}", "address": "a@example.org", "due_at": timezone.now()}
    return Notification.objects.create(**{**values, **fields})


def figures(client) -> dict[str, float]:
    answer = client.get("/health/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line.split() for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name.removeprefix("soundings_post_"): float(value) for name, value in lines}


def test_the_figures_are_those_of_the_rows(client):
    now = timezone.now()
    row(1, due_at=now - timedelta(seconds=100))
    row(2, due_at=now + timedelta(hours=1))
    row(3, state=State.SENT, sent_at=now, finished_at=now)
    row(4, state=State.SENT, sent_at=now, finished_at=now - timedelta(minutes=2))
    row(5, state=State.FAILED, reason="no", finished_at=now)
    row(6, state=State.SENDING, doubted_at=now, due_at=now)

    found = figures(client)

    assert {name: found[name] for name in ("due", "sending", "failed", "late", "missing", "suppressed")} == {
        "due": 1, "sending": 1, "failed": 1, "late": 0, "missing": 0, "suppressed": 0,
    }  # fmt: skip
    assert (found["sent_last_minute"], found["failed_last_minute"], found["doubted_last_minute"]) == (1, 1, 1)
    assert 100 <= found["oldest_due_seconds"] < 130
    assert found["reconciled_seconds"] == -1


@pytest.mark.parametrize(("age", "status"), [(270, 200), (330, 503)])
def test_the_alarm_is_raised_when_the_oldest_has_been_due_for_five_minutes(client, age, status):
    row(1, due_at=timezone.now() - timedelta(seconds=age))

    assert client.get("/health/post").status_code == status
    assert figures(client)["late"] == (status == 503)


def test_what_the_server_put_off_is_not_late(client):
    row(1, due_at=timezone.now() - timedelta(hours=1), attempts=1)

    assert client.get("/health/post").status_code == 200


def test_strangers_and_those_behind_the_proxy_are_told_of_no_such_page(client, settings):
    assert client.get("/health/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404
    assert client.get("/health/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    client.force_login(UserFactory())
    assert client.get("/health/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404

    settings.METRICS_TOKEN = "secret"
    for said, status in (("Bearer secret", 200), ("Bearer wrong", 404), ("", 404)):
        asked = client.get("/health/metrics", REMOTE_ADDR="10.1.2.3", headers={"Authorization": said})
        assert asked.status_code == status
