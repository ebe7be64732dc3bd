"""Telling the workers at once that there is post; beat tells them every few seconds anyway, so this may fail."""

import logging

import kombu.exceptions
import redis.exceptions
from celery import current_app
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)

WOKEN = "post-woken"  # in the cache while a wake-up is on its way
AWAY = (redis.exceptions.RedisError, kombu.exceptions.OperationalError, OSError)


def wake() -> None:
    """Ask the workers to sweep now. Never fails.

    While one wake-up is on its way no other is sent, so a rush of submissions does not become a rush of sweeps.
    """
    try:
        if cache.add(WOKEN, 1, timeout=settings.SWEEP_SECONDS):
            current_app.send_task("notifications.tasks.deliver", expires=settings.SWEEP_SECONDS)
    except AWAY as error:
        logger.warning("post not woken, the next sweep will find it: %s", error)


def woken() -> None:
    """A sweep begins: whatever is queued from here on wakes another, since this one may be past it."""
    try:
        cache.delete(WOKEN)
    except AWAY as error:
        logger.warning("Redis is away, the sweep goes on without it: %s", error)
