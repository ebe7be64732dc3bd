"""The whole way through the real processes: publish, alert, draft, submit, receipt, status over the API."""

import re
from datetime import timedelta
from html import unescape

import pytest
import requests
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone

from accounts.models import Organisation, Role, User
from consultations import following
from responses.models import Submission
from tests.factories import PASSWORD, OrganisationFactory, member, paper, question
from tests.live import Soundings, body_of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


class Browser:
    """A person at a browser without JavaScript: follows links, fills forms, keeps cookies."""

    def __init__(self, soundings: Soundings) -> None:
        self.site = soundings.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.page = ""

    def get(self, path: str, status: int = 200) -> str:
        return self._read(self.session.get(self.site + path.removeprefix(self.site), timeout=30), status)

    def post(self, path: str, status: int = 200, **fields: object) -> str:
        """Send a form as the page that was last read would: with its CSRF token."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert token, "the page before has no form"
        data = {"csrfmiddlewaretoken": token[1], **fields}
        return self._read(self.session.post(self.site + path, data=data, timeout=30), status)

    def sign_in(self, user: User) -> None:
        self.get("/account/login/")
        self.post("/account/login/", login=user.email, password=PASSWORD)
        assert "Sign out" in self.page

    def link(self, pattern: str) -> str:
        found = re.search(rf'(?:href|action)="({pattern})"', self.page)
        assert found, f"no link to {pattern}"
        return unescape(found[1])

    def _read(self, answer: requests.Response, status: int) -> str:
        assert answer.status_code == status, f"{answer.url}: {answer.status_code}\n{answer.text[:3000]}"
        self.page = answer.text
        return self.page


def who_signs_in(organisation: Organisation, role: str, **fields: bool) -> User:
    """With a password as the server keeps it; the tests' own hasher is a quick one that the server refuses."""
    user = member(organisation, role, confirmed=True, **fields)
    user.password = Argon2PasswordHasher().encode(PASSWORD, "a-salt-for-tests")
    user.save(update_fields=["password"])
    return user


def test_from_publication_to_status_over_the_api(live_soundings):
    draft = paper(published_at=None, announced_at=None, closes_at=timezone.now() + timedelta(days=30))
    assert draft.published_at is None
    staff = who_signs_in(OrganisationFactory(), Role.READER, is_staff=True, is_superuser=True)
    firm = OrganisationFactory()
    person = who_signs_in(firm, Role.SUBMITTER)
    stranger = who_signs_in(OrganisationFactory(), Role.ADMIN)
    following.follow(user=person, target=draft.authorities.get())

    # A draft is nobody's business but the staff's.
    visitor = Browser(live_soundings)
    visitor.get(f"/consultations/{draft.code}/", status=404)

    # Staff publish it in the admin.
    desk = Browser(live_soundings)
    desk.sign_in(staff)
    button = f"/admin/consultations/consultation/{draft.pk}/publish/"
    desk.get(button)
    desk.post(button, when="now", time_zone="Europe/London")
    draft.refresh_from_db()
    assert draft.published_at is not None

    # The follower hears of it, and the letter leads to the page.
    (alert,) = live_soundings.mailbox.wait_for(1, to=person.email)
    assert draft.reference in alert["Subject"]
    assert alert["Auto-Submitted"] == "auto-generated"
    page = f"{live_soundings.url}/consultations/{draft.code}/"
    assert page in body_of(alert)

    # The firm drafts and files.
    firm_browser = Browser(live_soundings)
    firm_browser.sign_in(person)
    firm_browser.get(page)
    firm_browser.post("/responses/start/", consultation=draft.code)
    section = firm_browser.link(r"/responses/\w+/sections/\d+/")
    code = section.split("/")[2]
    firm_browser.get(section)
    words = "What the demonstration firm thinks of it."
    first = question(draft, "1")
    firm_browser.post(section, **{f"{first.code}-text": words, f"{first.code}-version": "0", "return": "1"})
    firm_browser.get(f"/responses/{code}/consents/")
    firm_browser.post(
        f"/responses/{code}/consents/", text_consent="publish", name_consent="list", foi_position="no_objection"
    )
    assert words in firm_browser.get(f"/responses/{code}/check/")
    firm_browser.post(f"/responses/{code}/submit/")
    filed = Submission.objects.get(response__code=code)
    assert filed.reference in firm_browser.page
    pdf = firm_browser.session.get(f"{live_soundings.url}/responses/receipts/{filed.receipt.code}/receipt.pdf")
    assert (pdf.status_code, pdf.headers["Content-Type"], pdf.content[:5]) == (200, "application/pdf", b"%PDF-")

    # The receipt comes by e-mail, without a word of the answer.
    receipt = live_soundings.mailbox.wait_for(2, to=person.email)[-1]
    assert filed.reference in body_of(receipt)
    assert words not in receipt.as_string()

    # A program asks for the status.
    firm_browser.get("/tokens/new/")
    made = firm_browser.post("/tokens/new/", name="Demonstration program", owner="me", days="30")
    token = re.search(r"snd_\w+_[\w-]+", made)
    assert token, made
    api = requests.get(
        f"{live_soundings.url}/api/v1/submissions/{filed.reference}/",
        headers={"Authorization": f"Bearer {token[0]}"},
        timeout=30,
    )
    assert api.status_code == 200, api.text
    assert (api.json()["reference"], api.json()["sha256"]) == (filed.reference, filed.sha256)

    # Staff read it; another firm finds nothing.
    assert filed.response.code in desk.get("/admin/responses/response/") or draft.reference in desk.page
    other = Browser(live_soundings)
    other.sign_in(stranger)
    for path in (f"/responses/{code}/", section, f"/responses/receipts/{filed.receipt.code}/"):
        other.get(path, status=404)
