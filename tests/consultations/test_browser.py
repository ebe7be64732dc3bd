"""The pages about consultations in a real browser: accessible by axe, and no sideways scrolling at 320 pixels."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import addresses
from consultations import managing
from consultations.models import Consultation
from consultations.rehearsing import rehearse
from tests.accounts.test_browser import sign_in
from tests.config.test_browser import check, visit  # noqa: F401 (a fixture)
from tests.consultations.test_loading import BY, load_shipped
from tests.factories import ConsultationFactory, FollowFactory, StaffFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEYS = ["fca-cp25-14", "fdic-ag20-2025", "uk-us-taskforce-2025"]


@pytest.fixture
def papers() -> list[Consultation]:
    load_shipped(*KEYS)
    found = list(Consultation.objects.order_by("pk"))
    return [*found, rehearse(consultation=found[0], by=BY, now=timezone.now())]


def test_pages_for_everybody_are_accessible_and_fit(visit, papers):  # noqa: F811
    for path in ("/", "/?q=zzz&status=none&jurisdiction=XX", "/?page=9", reverse("accessibility")):
        check(visit(path))
    for paper in papers:
        check(visit(reverse("consultations:detail", args=[paper.code])))


def test_pages_for_an_address_without_an_account_are_accessible_and_fit(visit, papers):  # noqa: F811
    address = addresses.confirm(address="reader@example.org", by=BY, now=timezone.now())
    for paper in papers:
        FollowFactory(user=address, consultation=paper, muted=paper.is_rehearsal)
    check(visit(reverse("consultations:manage", args=[managing.token(address)])))
    check(visit(f"{reverse('consultations:follow_by_email')}?consultation={papers[0].code}"))


def test_pages_for_the_signed_in_are_accessible_and_fit(visit, live_server, papers):  # noqa: F811
    user = UserFactory(email="regulatory.consultations.team@demonstration-firm.example.org")
    for paper in papers:
        FollowFactory(user=user, consultation=paper, muted=paper.is_rehearsal)
    FollowFactory(user=user, authority=papers[0].authorities.get())
    sign_in(visit.page.context, live_server, user)
    check(visit(reverse("consultations:following")))
    check(visit(reverse("consultations:detail", args=[papers[0].code])))


def test_a_preview_is_accessible_and_fits(visit, live_server):  # noqa: F811
    sign_in(visit.page.context, live_server, StaffFactory(rights=["consultations.view_consultation"]))
    check(visit(reverse("consultations:detail", args=[ConsultationFactory(draft=True).code])))


def test_one_finds_reads_and_follows_by_keyboard(visit, live_server, papers):  # noqa: F811
    user = UserFactory()
    sign_in(visit.page.context, live_server, user)
    page = visit("/")
    page.get_by_label("Search").focus()
    page.keyboard.type("CP25/14")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Stablecoin issuance and cryptoasset custody", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Follow this consultation").focus()
    page.keyboard.press("Enter")
    page.get_by_text("You follow CP25/14").wait_for()
    assert page.get_by_role("button", name="Unfollow this consultation").is_visible()
