"""What the clock and committed events ask of the post room."""

from celery import shared_task

from notifications import outbox


@shared_task(time_limit=240, soft_time_limit=180, bind=True)
def deliver(self: object) -> None:
    """Send what is due, for up to a minute; the next sweep takes the rest."""
    outbox.deliver(worker=str(getattr(getattr(self, "request", None), "hostname", None) or "worker"))
