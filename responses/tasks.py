"""What the clock asks of the responses."""

from celery import shared_task

from notifications import clock
from responses import reconciling, reminders


@shared_task(time_limit=900, soft_time_limit=840)
def queue_due_reminders() -> None:
    """Owe the reminders whose moment has come."""
    reminders.queue_due(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def reconcile_post() -> None:
    """Compare the post that should exist with the post that does."""
    reconciling.reconcile(clock.now())
