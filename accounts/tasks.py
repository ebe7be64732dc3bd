"""What the clock asks of the record."""

from celery import shared_task

from accounts import record


@shared_task(time_limit=120, soft_time_limit=100)
def seal_record() -> None:
    """Chain the acts written since."""
    record.seal()
