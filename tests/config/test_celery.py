"""The beat schedule names tasks that exist, and one page holds all of it."""

import warnings

import pytest
from django.conf import settings

from config import celery_app

SCHEDULED = sorted(entry["task"] for entry in celery_app.conf.beat_schedule.values())


def test_every_scheduled_task_exists():
    celery_app.loader.import_default_modules()
    assert set(SCHEDULED) <= set(celery_app.tasks)


@pytest.mark.django_db
@pytest.mark.parametrize("name", SCHEDULED)
def test_every_scheduled_task_runs_without_a_warning_where_nothing_is_to_be_done(name):
    celery_app.loader.import_default_modules()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        celery_app.tasks[name]()
    assert [str(each.message) for each in told] == []


def test_every_sweep_is_woken():
    woken = {e["task"] for e in celery_app.conf.beat_schedule.values() if e["schedule"] == settings.SWEEP_SECONDS}
    assert woken >= {
        "consultations.tasks.announce_openings",
        "consultations.tasks.remind_staff",
        "responses.tasks.queue_due_reminders",
        "responses.tasks.queue_due_digests",
        "responses.tasks.scan_files",
        "responses.tasks.extract_texts",
        "notifications.tasks.deliver",
        "accounts.tasks.seal_record",
    }


def test_wake_up_that_nobody_took_expires_before_it_piles_up():
    for entry in celery_app.conf.beat_schedule.values():
        if entry["schedule"] == settings.SWEEP_SECONDS:
            assert entry["options"]["expires"] <= settings.SWEEP_SECONDS


def test_tasks_carry_json_alone():
    assert celery_app.conf.accept_content == ["json"]
    assert celery_app.conf.task_ignore_result
