"""The real processes of tests/live.py: they start, may be killed, and come back."""

import urllib.request

import pytest
from kombu import Connection

from config import celery_app
from tests.factories import paper
from tests.live import DIRECT, wait_until

pytestmark = pytest.mark.journey


def status_of(address: str) -> int:
    with DIRECT.open(urllib.request.Request(address)) as answer:
        return int(answer.status)


def test_worker_survives_being_killed_and_takes_what_waited(live_soundings):
    live_soundings.beat.pause()
    live_soundings.worker.kill()
    assert not live_soundings.worker.alive
    with Connection(live_soundings.redis_url) as broker:
        task = celery_app.send_task("notifications.tasks.deliver", connection=broker)
    live_soundings.worker.start()
    wait_until(
        "the waiting task to run",
        lambda: f"Task notifications.tasks.deliver[{task.id}]" in live_soundings.worker.said(),
    )


def test_everything_runs_on_a_database_that_the_test_sees_and_comes_back_when_killed(live_soundings):
    assert status_of(f"{live_soundings.url}/health/ready") == 200
    assert status_of(f"{live_soundings.url}/consultations/{paper().code}/") == 200
    live_soundings.worker.kill()
    live_soundings.beat.kill()
    live_soundings.ensure()  # as the next test would
    wait_until("a sweep", lambda: "Task notifications.tasks.deliver" in live_soundings.worker.said())
