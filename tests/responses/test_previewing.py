"""responses/previewing.py and its staff pages: what each e-mail says, and nothing is changed or sent by looking."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Invitation
from accounts.record import By
from consultations import publishing
from consultations.models import Consultation, Follow
from notifications.message import Message
from notifications.models import Notification
from responses import previewing
from responses.models import State, Submission, TimeRequest
from tests.factories import OutcomeFactory, ResponseFactory, StaffFactory, UserFactory, paper, submit_row

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 10, 1, 9, tzinfo=UTC)
RIGHTS = [
    "notifications.view_notification", "responses.view_response", "responses.view_submission",
    "responses.view_confidential",
]  # fmt: skip


@pytest.fixture
def rows(freeze):
    """One real row for each kind of e-mail."""
    freeze(NOW)
    by = By(user=None, door="command")
    opened, moved, withdrawn = (
        paper(reference=name, published_at=NOW - timedelta(days=3), closes_at=NOW + timedelta(days=30))
        for name in ("OPENED", "MOVED", "GONE")
    )
    deadline = moved.deadlines.get()
    publishing.extend_deadline(deadline=deadline, closes_at=NOW + timedelta(days=60), reason="Asked for.", by=by)
    publishing.withdraw(consultation=withdrawn, reason="Not needed.", by=by)
    OutcomeFactory(published_at=NOW).consultations.set([opened])
    response = ResponseFactory(consultation=opened)
    submit_row(response)
    submit_row(response)
    gone = ResponseFactory(consultation=moved)
    submit_row(gone)
    gone.state, gone.withdrawn_at = State.WITHDRAWN, NOW
    gone.save()


@pytest.fixture
def staff(freeze):
    freeze(NOW)
    return StaffFactory(confirmed=True, rights=RIGHTS)


def test_every_kind_is_filled_from_real_rows_and_nothing_is_left_behind(rows, staff):
    before = (Follow.objects.count(), Invitation.objects.count(), Notification.objects.count(), staff.leads)

    for kind in previewing.SAMPLES:
        found = previewing.preview(kind, reader=staff, now=NOW)
        assert isinstance(found, Message), f"{kind}: {found.reason}"
        assert found.subject
        assert found.text
        assert "<html" in found.html

    staff.refresh_from_db()
    after = (Follow.objects.count(), Invitation.objects.count(), Notification.objects.count(), staff.leads)
    assert after == before


def test_a_request_that_waits_is_in_no_preview_s_way(rows, staff):
    firm = Submission.objects.latest("pk").response
    closing = firm.consultation.deadlines.filter(closes_at__isnull=False).first()
    TimeRequest.objects.create(
        organisation=firm.organisation, deadline=closing, closes_at=closing.closes_at, reason="Its own", asked_at=NOW
    )  # fmt: skip

    Consultation.objects.filter(pk=firm.consultation_id).update(is_rehearsal=True)
    for kind in ("more_time_asked", "more_time_decided"):
        found = previewing.preview(kind, reader=staff, now=NOW)
        assert isinstance(found, Message), f"{kind}: {found.reason}"
        assert "Its own" not in found.text
        assert found.text.startswith("REHEARSAL"), kind


def test_without_rows_a_preview_says_so(staff):
    for kind in previewing.kinds():
        found = previewing.preview(kind, reader=staff, now=NOW)
        assert isinstance(found, Message) == (kind == "account_mail"), kind


def test_what_staff_may_not_read_is_not_in_a_preview(rows, freeze):
    reader = StaffFactory(confirmed=True, rights=["notifications.view_notification"])

    assert not isinstance(previewing.preview("response_submitted", reader=reader, now=NOW), Message)


def test_staff_see_them_and_send_themselves_a_test(rows, staff, client):
    client.force_login(staff)

    listed = client.get("/admin/previews/")
    assert b"MOVED: open for responses" in listed.content
    page = client.get("/admin/previews/deadline_extended/")
    assert b"more time to respond" in page.content
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    framed = client.get("/admin/previews/deadline_extended/html/")
    assert framed["Content-Security-Policy"].endswith("sandbox")
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert client.post("/admin/previews/deadline_extended/test/").status_code == 302

    row = Notification.objects.get(kind="preview")
    assert row.address == staff.email
    message = previewing.as_test(row, NOW)
    assert message.subject.startswith("Test: MOVED: more time to respond")
    assert message.unsubscribe_url == ""


@pytest.mark.parametrize("path", ["", "deadline_extended/", "deadline_extended/html/"])
def test_nobody_else_sees_them(client, path, freeze):
    freeze(NOW)
    address = f"/admin/previews/{path}"
    assert client.get(address).status_code == 302
    client.force_login(UserFactory())
    assert client.get(address).status_code in (302, 403)
    client.force_login(StaffFactory())
    assert client.get(address).status_code == 403
    assert client.post("/admin/previews/deadline_extended/test/").status_code == 403
    assert not Notification.objects.exists()


def test_there_is_no_preview_of_a_kind_that_is_not(staff, client):
    client.force_login(staff)
    for kind in ("nothing", "preview"):
        assert client.get(f"/admin/previews/{kind}/").status_code == 404
        assert client.post(f"/admin/previews/{kind}/test/").status_code == 404
