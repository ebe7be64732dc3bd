"""The real processes of tests/live.py: they start, may be killed, and come back."""

import urllib.request

import pytest

from accounts.models import User
from tests.live import DIRECT, wait_until

pytestmark = pytest.mark.journey


def test_worker_survives_being_killed_and_takes_what_waited(celery_worker_process):
    from config import celery_app

    celery_worker_process.kill()
    assert not celery_worker_process.alive
    celery_app.send_task("notifications.tasks.deliver")
    celery_worker_process.start()
    wait_until(
        "the waiting task to run",
        lambda: "Task notifications.tasks.deliver" in celery_worker_process.said(),
        seconds=30,
    )


def test_everything_runs_on_a_database_that_the_test_sees_and_comes_back_when_killed(live_soundings):
    with DIRECT.open(urllib.request.Request(f"{live_soundings.url}/health/ready")) as answer:
        assert answer.status == 200
    live_soundings.manage("shell", "-c", "from accounts.models import User; User(email='live@example.org').save()")
    assert User.objects.filter(email="live@example.org").exists()
    live_soundings.worker.kill()
    live_soundings.beat.kill()
    live_soundings.ensure()  # as the next test would
    wait_until("a sweep", lambda: "Task notifications.tasks.deliver" in live_soundings.worker.said())
