"""responses/few.py: staff hear of a paper that is about to close with few responses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as configured
from django.utils.module_loading import import_string

from consultations import duties
from notifications.message import Skip
from notifications.models import Notification
from tests.factories import ResponseFactory, StaffFactory, paper, submit_row

pytestmark = pytest.mark.django_db

CLOSES = datetime(2025, 10, 20, 23, 0, tzinfo=UTC)
MOMENT = datetime(2025, 10, 17, 8, 0, tzinfo=UTC)  # nine in London, three days before


def write(row, now):
    return import_string(configured.NOTIFICATION_KINDS[row.kind])(row, now)


@pytest.fixture
def consultation(settings):
    settings.FEW_RESPONSES = 2
    opened = CLOSES - timedelta(days=60)
    made = paper(reference="DEMO1/25", published_at=opened, announced_at=opened, closes_at=CLOSES, questions=1)
    made.owner = StaffFactory(confirmed=True)
    made.save()
    return made


def test_few_are_told_three_days_and_one_day_before(consultation):
    submit_row(ResponseFactory(consultation=consultation))
    ResponseFactory(consultation=consultation)  # a draft: nobody is told of it
    for moment in (MOMENT - timedelta(seconds=1), MOMENT, MOMENT + timedelta(days=1), MOMENT + timedelta(days=2)):
        duties.queue_due(moment)
    first, second = Notification.objects.order_by("pk")
    assert (first.payload["step"], second.payload["step"]) == (-3, -1)
    message = write(first, MOMENT)
    assert message.subject == "DEMO1/25: 1 response so far (Responses)"
    assert "draft" not in message.text

    submit_row(ResponseFactory(consultation=consultation))
    assert isinstance(write(second, MOMENT + timedelta(days=2)), Skip)


def test_enough_or_elsewhere_is_not_told(consultation):
    consultation.takes_responses = False
    consultation.save()
    assert duties.queue_due(MOMENT) == 0
