"""What the clock asks of the record and of the webhooks."""

from celery import shared_task

from accounts import calling, record


@shared_task(time_limit=120, soft_time_limit=100)
def seal_record() -> None:
    """Chain the acts written since."""
    record.seal()


@shared_task(time_limit=240, soft_time_limit=180)
def call_webhooks() -> None:
    """Tell the programs what they are owed, for up to a minute; the next sweep takes the rest."""
    calling.call_due()
