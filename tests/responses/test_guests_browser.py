"""The pages of guests in a real browser: accessible by axe, and at 320 pixels."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role
from accounts.record import By
from responses import drafting, guests
from responses.drafting import Given
from responses.models import Guest, May
from tests import factories
from tests.config.test_browser import check, follow, visit  # noqa: F401 (a fixture)
from tests.factories import UserFactory, member, question
from tests.responses.pages import section_url, url
from tests.responses.test_browser import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_pages_of_guests_are_accessible_and_fit(visit, live_server) -> None:  # noqa: F811
    closes = timezone.now() + timedelta(days=9)
    paper = factories.paper_with_two_deadlines(chapters_close=closes, discussion_closes=closes)
    firm = factories.OrganisationFactory(name="Demonstration Firm A")
    response = factories.ResponseFactory(consultation=paper, organisation=firm)
    inside = member(firm, Role.SUBMITTER, name="Demonstration Sender", confirmed=True)
    counsel = UserFactory(name="Demonstration Counsel", email="counsel@example.org", confirmed=True)
    some = [question(paper, number).section for number in ("2.1", "3.1")]
    for email in (counsel.email, "another.firm@example.org"):
        guests.invite(response=response, email=email, sections=some, may=May.DRAFT, by=By(user=inside, door="page"))
    offer = guests.link(Guest.objects.get(email=counsel.email)).split("/", 3)[3]
    given = Given(question=question(paper, "2.1"), text="Records should be kept for six years.")
    drafting.save_answer(response=response, given=given, by=By(user=inside, door="page"))

    sign_in(visit.page.context, live_server, inside)
    check(visit(url("guests", response)))
    sign_in(visit.page.context, live_server, counsel)
    check(visit(f"/{offer}"))
    follow(visit.page, "button:text-is('Accept')")
    check(visit.page)
    check(visit(section_url(response, question(paper, "2.1"))))
