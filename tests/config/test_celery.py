"""The beat schedule names tasks that exist, and one page holds all of it."""

from django.conf import settings

from config import celery_app


def test_every_scheduled_task_exists():
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    assert scheduled == {
        "consultations.tasks.announce_openings",
        "responses.tasks.queue_due_reminders",
        "notifications.tasks.deliver",
        "accounts.tasks.seal_record",
        "accounts.tasks.call_webhooks",
        "responses.tasks.reconcile_post",
    }
    assert scheduled <= set(celery_app.tasks)


def test_wake_up_that_nobody_took_expires_before_it_piles_up():
    sweeps = {name: entry for name, entry in celery_app.conf.beat_schedule.items() if "options" in entry}
    assert set(celery_app.conf.beat_schedule) - set(sweeps) == {"compare the post with what is owed"}  # hourly
    for entry in sweeps.values():
        assert entry["schedule"] == settings.SWEEP_SECONDS
        assert entry["options"]["expires"] <= settings.SWEEP_SECONDS


def test_tasks_carry_json_alone():
    assert celery_app.conf.accept_content == ["json"]
    assert celery_app.conf.task_ignore_result
