"""Wiring: settings, routes, Celery, health, logs. Importing Celery here lets `shared_task` find it in every process."""

import gc

# Before all else is loaded: two hundred thousand objects that stay. Python would look among them for garbage each time
# that 700 more are there, which was a tenth of the time that a process takes to start.
gc.set_threshold(10_000)

from config.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
