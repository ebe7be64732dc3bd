"""Whatever is put into an address or a form of the staff pages, the answer says what is wrong and is never a 500."""

import pytest
from django.contrib import admin

from consultations.models import Consultation, Deadline
from responses.models import Response
from tests.factories import ConsultationFactory, ResponseFactory, UserFactory, paper, submit_row

pytestmark = [pytest.mark.django_db, pytest.mark.long]
IDS = ["abc", "99999999999999999999", "%00", "_5f%F0%9F%98%80"]
QUERIES = [
    "p=999999", "p=-1", "p=abc", "p=99999999999999999999999", "o=99.-77.x", "o=%00", "q=%00", "q=" + "a" * 3000,
    "q=%25%27%22%3B--", "q=%F0%9F%98%80", "_facets=True", "all=", "e=1", "_popup=1", "_to_field=id", "_to_field=%00",
    "id__exact=%00", "id__in=1,2,x", "reference__exact=%00", "pk=1", "state=nothing", "state=%00", "status=%00",
    "body=%00", "kind=%00&kind=x", "received_from=yesterday", "received_from=%00", "received_from=0001-01-01",
    "received_to=9999-12-31", "closes_from=9999-12-31", "closes_to=0001-01-01", "consultation=%00", "at_from=1-1-1",
    "due_to=9999-12-31", "nonsense=1", "consultation__id__exact=abc", "organisation__members__password__startswith=a",
]  # fmt: skip


@pytest.fixture
def rows(db) -> None:
    response = ResponseFactory(consultation=paper())
    submit_row(response)
    ConsultationFactory(draft=True)


LISTS = [
    "consultations/consultation", "responses/response", "accounts/act", "notifications/notification", "accounts/user",
]  # fmt: skip


@pytest.mark.parametrize("where", LISTS)
def test_no_query_of_a_list_fails(admin_site, rows, where):
    for query in QUERIES:
        answer = admin_site.get(f"/admin/{where}/?{query}")
        assert answer.status_code in (200, 302, 400), f"{where}?{query}: {answer.status_code}"
        if answer.status_code == 302:
            assert answer["Location"] == f"/admin/{where}/?e=1"


def test_no_list_fails_at_what_it_does_not_know(admin_site, rows):
    for model in admin.site._registry:
        page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert admin_site.get(f"{page}?nonsense=%00&q=%00&p=x&o=x").status_code == 302


@pytest.mark.parametrize("given", IDS)
def test_no_id_fails(admin_site, rows, given):
    for model, model_admin in admin.site._registry.items():
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{given}"
        for page in ("change", "delete", "history", *(button.path for button in model_admin.buttons)):
            answer = admin_site.get(f"{base}/{page}/")
            assert answer.status_code in (302, 400, 403, 404), f"{base}/{page}/: {answer.status_code}"
    assert admin_site.get(f"/admin/consultations/consultation/{given}/paste/").status_code in (302, 400, 404)
    assert admin_site.get(f"/admin/responses/response/questions/{given}/").status_code in (302, 400, 404)


@pytest.mark.parametrize("given", IDS)
def test_no_parent_in_the_address_of_add_fails(admin_site, rows, given):
    for model in ("deadline", "section", "question", "document"):
        for answer in (
            admin_site.get(f"/admin/consultations/{model}/add/?consultation={given}"),
            admin_site.post(f"/admin/consultations/{model}/add/?consultation={given}", {"title": "x"}),
        ):
            assert answer.status_code in (200, 302, 400), answer.status_code


def test_no_version_in_the_address_fails(admin_site, rows):
    pk = Response.objects.get().pk
    for version in ["abc", "0", "-1", "99999999999999999999", "%00", ""]:
        assert admin_site.get(f"/admin/responses/response/{pk}/change/?version={version}").status_code == 200


HOSTILE = ["\x00", "\x0b\x0c\x1c", "\u202e<script>alert(1)</script>{{ 7|add:7 }}", "😀" * 200, "a" * 10_000]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_in_a_form_fails(admin_site, rows, text):
    draft = Consultation.objects.get(published_at=None)
    public = Consultation.objects.get(published_at__isnull=False)
    deadline = Deadline.objects.get()
    base = "/admin/consultations"
    forms = {
        f"{base}/consultation/add/": {"title": text, "kind": text, "summary": text, "published_on": text},
        f"{base}/consultation/{draft.pk}/change/": {"title": text, "kind": "nprm", "sources": text, "lead": text},
        f"{base}/consultation/{draft.pk}/publish/": {"when": text, "on": text, "at": text, "time_zone": text},
        f"{base}/consultation/{draft.pk}/paste/": {"annex": text},
        f"{base}/consultation/{public.pk}/withdraw/": {"reason": text} if text == "\x00" else {"reason": ""},
        f"{base}/deadline/{deadline.pk}/extend/": {"closes_at": text, "closes_time": text, "reason": text},
        f"{base}/deadline/add/?consultation={draft.pk}": {"label": text, "closes_on": text, "time_zone": text},
        f"{base}/section/add/?consultation={draft.pk}": {"title": text, "position": text, "deadline": text},
        f"{base}/question/add/?consultation={draft.pk}": {"text": text, "section": text, "kind": text, "options": text},
        f"{base}/outcome/add/": {"consultations": text, "kind": text},
        f"{base}/topic/add/": {"name": text, "slug": text},
        "/admin/accounts/user/add/": {"email": text, "name": text, "time_zone": text},
        "/admin/auth/group/add/": {"name": text, "permissions": text},
    }
    for address, sent in forms.items():
        status = admin_site.post(address, sent).status_code
        assert status in (200, 302, 400, 409, 422), f"{address}: {status}"


def test_what_was_typed_is_kept_and_escaped(admin_site, rows):
    draft = Consultation.objects.get(published_at=None)
    answer = admin_site.post(
        f"/admin/consultations/deadline/add/?consultation={draft.pk}",
        {"label": "<script>x</script>", "closes_on": "not a day", "time_zone": "Europe/London", "position": "0"},
    )
    said = answer.content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in said
    assert "<script>x" not in said
    assert "not a day" in said
    assert not draft.deadlines.exists()


def test_paste_with_broken_rows_is_refused_plainly(admin_site, rows):
    draft = Consultation.objects.get(published_at=None)
    page = f"/admin/consultations/consultation/{draft.pk}/paste/"
    for sent in (
        {"save": "1"},
        {"save": "1", "s-TOTAL_FORMS": "x", "q-TOTAL_FORMS": "-1"},
        {
            "save": "1",
            "s-TOTAL_FORMS": "999999999",
            "s-INITIAL_FORMS": "0",
            "q-TOTAL_FORMS": "1",
            "q-INITIAL_FORMS": "0",
        },
    ):
        assert admin_site.post(page, sent).status_code in (200, 400, 422)
    assert not draft.sections.exists()


def test_person_of_a_taken_address_is_refused_at_the_field(admin_site):
    UserFactory(email="taken@example.org")
    answer = admin_site.post(
        "/admin/accounts/user/add/", {"email": "TAKEN@example.org", "time_zone": "Europe/London", "is_active": "on"}
    )
    assert answer.status_code == 200
    assert "There is a person with this e-mail address already." in answer.content.decode()
