"""Suppression: bounces and complaints by webhook, what they stop, and what staff may undo."""

import base64
import json

import pytest

from accounts.models import Act
from notifications import outbox, suppressing
from notifications.models import Notification, Priority, Suppression, SuppressionReason
from notifications.refusal import Conflict
from tests.factories import StaffFactory
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db
ADDRESS = "/anymail/postmark/tracking/"
BOUNCE = {
    "RecordType": "Bounce",
    "ID": 42,
    "Type": "HardBounce",
    "Email": "Gone@Example.org",
    "BouncedAt": "2025-10-01T09:00:00Z",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Description": "The server was unable to deliver your message",
    "Details": "550 no such person",
}


@pytest.fixture
def tell(client, settings):
    settings.WEBHOOK_SECRET = "post:secret"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "post:secret"}

    def call(event, secret: str = "post:secret") -> int:
        credentials = base64.b64encode(secret.encode()).decode()
        answer = client.post(
            ADDRESS,
            json.dumps(event),
            content_type="application/json",
            headers={"Authorization": f"Basic {credentials}"},
        )
        return answer.status_code

    return call


def standing() -> dict[str, str]:
    return dict(Suppression.objects.filter(lifted_at=None).values_list("address", "reason"))


def suppress(address: str, reason: SuppressionReason = SuppressionReason.BOUNCED) -> Suppression:
    suppressing.suppress(address=address, reason=reason, now=NOW)
    return Suppression.objects.get(address=address, lifted_at=None)


def test_a_hard_bounce_suppresses_once_and_after_lifting_the_same_event_does_not(tell):
    assert (tell(BOUNCE), tell(BOUNCE)) == (200, 200)
    assert standing() == {"gone@example.org": "bounced"}
    assert Suppression.objects.get().said == "550 no such person"

    suppressing.lift(suppression=Suppression.objects.get(), who="staff@example.org")
    tell(BOUNCE)
    assert standing() == {}
    tell({**BOUNCE, "ID": 43})
    assert standing() == {"gone@example.org": "bounced"}


def test_a_complaint_suppresses_and_a_soft_bounce_or_a_delivery_does_not(tell):
    tell({**BOUNCE, "ID": 2, "Type": "SoftBounce", "Email": "full@example.org"})
    tell({"RecordType": "Delivery", "Recipient": "fine@example.org", "DeliveredAt": "2025-10-01T09:00:00Z"})
    tell({**BOUNCE, "ID": 3, "RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": "cross@example.org"})

    assert standing() == {"cross@example.org": "complained"}


@pytest.mark.parametrize("secret", ["post:wrong", ":", "secret"])
def test_a_call_without_the_secret_is_refused(tell, secret):
    assert tell(BOUNCE, secret=secret) == 400
    assert standing() == {}


def test_without_a_secret_there_is_no_door_and_none_for_unknown_services(client, settings, tell):
    assert client.post("/anymail/nobody/tracking/").status_code == 404
    settings.WEBHOOK_SECRET = ""
    assert tell(BOUNCE) == 404
    assert client.post("/anymail/postmark/inbound/").status_code == 404


def test_what_goes_to_a_suppressed_address_is_passed_over_with_the_reason_and_the_rest_goes(owe, server):
    suppress("a@example.org")
    owe("a", address="A@example.org")
    owe("b")

    counts = outbox.deliver(now=NOW, worker="test")

    assert (counts.sent, counts.skipped) == (1, 1)
    row = Notification.objects.get(key="a")
    assert (row.state, row.reason) == (
        "skipped",
        "The address is suppressed: The address does not exist or refuses our post for good.",
    )
    assert server.addresses() == ["b@example.org"]


def test_who_complained_still_gets_the_link_that_they_ask_for_but_not_at_an_address_that_is_gone(owe, server):
    suppress("cross@example.org", SuppressionReason.COMPLAINED)
    suppress("gone@example.org")
    for key in ("cross", "gone"):
        owe(key, priority=Priority.ACCOUNT)
        owe(f"{key}-news", address=f"{key}@example.org")

    outbox.deliver(now=NOW, worker="test")

    assert server.addresses() == ["cross@example.org"]


def test_lifting_lets_post_go_again_once(owe, server):
    suppression = suppress("a@example.org")
    suppressing.lift(suppression=suppression, who="staff@example.org")
    with pytest.raises(Conflict):
        suppressing.lift(suppression=suppression, who="staff@example.org")
    owe("a")

    assert outbox.deliver(now=NOW, worker="test").sent == 1


def test_staff_see_a_suppression_and_undo_it_on_the_record(client):
    suppression = suppress("a@example.org")
    page = f"/admin/notifications/suppression/{suppression.pk}/"
    client.force_login(StaffFactory(rights=["notifications.view_suppression"]))
    assert "a@example.org" in client.get("/admin/notifications/suppression/?standing=yes").content.decode()
    assert client.post(f"{page}lift/").status_code == 403

    both = ["notifications.view_suppression", "notifications.change_suppression"]
    client.force_login(StaffFactory(rights=both))
    assert client.post(f"{page}lift/").status_code == 302
    assert standing() == {}
    assert Act.objects.get(subject=f"suppression:{suppression.pk}").verb == "suppression lifted"
    assert client.get("/admin/notifications/suppression/?standing=no").status_code == 200
