import pytest

from responses.models import Response
from tests import factories

pytestmark = pytest.mark.django_db


def test_factories_make_what_the_database_accepts() -> None:
    consultation = factories.paper_with_two_deadlines()
    response = factories.ResponseFactory(consultation=consultation)
    factories.AnswerFactory(response=response)
    factories.AttachmentFactory(response=response)
    factories.submit_row(response)
    factories.OutcomeFactory(consultations=[consultation])
    factories.FollowFactory(topic=factories.TopicFactory())
    factories.DeadlineChangeFactory()
    factories.DocumentFactory()
    factories.StaffFactory(rights=["responses.view_response"], confirmed=True)
    assert Response.objects.get().latest.version == 1
