"""Celery, and the whole beat schedule on one page.

Tasks carry no work: each says "sweep now" to a function that takes what is due from the rows. So a lost task costs one
sweep, a task that runs twice finds nothing left to do, and any number of beats may run beside each other.
"""

import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("soundings")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# A wake-up that no worker took before the next one is worth nothing: the next does the same work.
WAKE = {"schedule": float(settings.SWEEP_SECONDS), "options": {"expires": settings.SWEEP_SECONDS}}

app.conf.beat_schedule = {
    # what is due becomes a row …
    "announce consultations that have opened": {"task": "consultations.tasks.announce_openings", **WAKE},
    "queue the reminders that are due": {"task": "responses.tasks.queue_due_reminders", **WAKE},
    "remind staff of their own dates": {"task": "consultations.tasks.remind_staff", **WAKE},
    "queue the digests that are due": {"task": "responses.tasks.queue_due_digests", **WAKE},
    # … and rows become post
    "deliver the post": {"task": "notifications.tasks.deliver", **WAKE},
    "call the webhooks": {"task": "accounts.tasks.call_webhooks", **WAKE},
    "seal the record of acts": {"task": "accounts.tasks.seal_record", **WAKE},
    "chain the receipts": {"task": "responses.tasks.seal_receipts", **WAKE},
    "scan the files that wait": {"task": "responses.tasks.scan_files", **WAKE},
    "read the text of files": {"task": "responses.tasks.extract_texts", **WAKE},
    "build the exports": {"task": "responses.tasks.build_exports", **WAKE},
    "let what was filed be searched": {"task": "responses.tasks.index_filed", **WAKE},
    "let go of unfinished uploads": {"task": "responses.tasks.forget_uploads", "schedule": crontab(minute="37")},
    "let go of asked addresses": {"task": "consultations.tasks.forget_requests", "schedule": crontab(minute="23")},
    # at a minute of the clock: counted from the start of beat, a beat that is restarted often would never come to it
    "compare the post with what is owed": {"task": "responses.tasks.reconcile_post", "schedule": crontab(minute="7")},
}
# In memory: the default keeps a file beside the process, which a kill can corrupt and which ties beat to one machine.
app.conf.beat_scheduler = "celery.beat:Scheduler"
app.conf.beat_max_loop_interval = 5
