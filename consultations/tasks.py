"""What the clock asks of the consultations."""

from celery import shared_task

from consultations import announcing, duties, opting_in
from notifications import clock


@shared_task(time_limit=120, soft_time_limit=100)
def announce_openings() -> None:
    """Tell the followers of whatever has opened since, and drop the alerts that waited for too long."""
    now = clock.now()
    announcing.announce_due(now)
    announcing.drop_stale(now)


@shared_task(time_limit=120, soft_time_limit=100)
def forget_requests() -> None:
    """Let go of the addresses that were asked whether they want to follow."""
    opting_in.forget_old(clock.now())


@shared_task(time_limit=120, soft_time_limit=100)
def remind_staff() -> None:
    """Owe staff the reminders of their own dates."""
    duties.queue_due(clock.now())
