"""Wiring: settings, routes, Celery, health, logs. Importing Celery here lets `shared_task` find it in every process."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
