"""What the clock asks of the responses, and what it asks of their files."""

from celery import shared_task

from notifications import alone, clock
from responses import chain, digests, exporting, extraction, reconciling, reminders, scanning, searching, uploading


@shared_task(time_limit=900, soft_time_limit=840)
def queue_due_reminders() -> None:
    """Owe the reminders whose moment has come."""
    reminders.queue_due(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def queue_due_digests() -> None:
    """Owe the digests whose moment has come."""
    digests.queue_due(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def seal_receipts() -> None:
    """Chain the receipts that are not in the chain yet."""
    chain.seal(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def reconcile_post() -> None:
    """Compare the post that should exist with the post that does."""
    reconciling.reconcile(clock.now())


@shared_task(time_limit=900, soft_time_limit=840)
def scan_files() -> None:
    """Ask the virus scanner about the files that wait; then their text may be read."""
    with alone.only_one("scan-files", seconds=900) as free:
        if free and scanning.scan_due(clock.now()):
            extract_texts.delay()


@shared_task(time_limit=900, soft_time_limit=840)
def extract_texts() -> None:
    """Read the text of the files that may be read."""
    with alone.only_one("extract-texts", seconds=900) as free:
        if free:
            extraction.extract_due(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def forget_uploads() -> None:
    """Let go of files that never came whole."""
    uploading.forget_old(clock.now())


@shared_task(time_limit=1_500, soft_time_limit=1_440)
def build_exports() -> None:
    """Build the exports that were asked for, and let go of those that expired."""
    with alone.only_one("build-exports", seconds=1_500) as free:
        if free:
            exporting.build_due(clock.now())


@shared_task(time_limit=300, soft_time_limit=280)
def index_filed() -> None:
    """Let what was filed be found by who filed it."""
    searching.index_due()
