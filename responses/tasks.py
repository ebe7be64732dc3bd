"""What the clock asks of the responses."""

from celery import shared_task

from notifications import clock
from responses import reminders


@shared_task(time_limit=120, soft_time_limit=100)
def queue_due_reminders() -> None:
    """Owe the reminders whose moment has come."""
    reminders.queue_due(clock.now())
