"""notifications/circuit.py and mail_service.py: a server that is away is left alone, and no faster than the rate."""

import time
from datetime import timedelta

import pytest
import requests
from anymail.exceptions import AnymailRecipientsRefused, AnymailRequestsAPIError
from django.utils import timezone
from urllib3.exceptions import NewConnectionError

from notifications import circuit, mail_service, outbox
from notifications.circuit import Turn
from notifications.fate import Fate, ServerAway
from notifications.models import Circuit, Notification
from tests.live import free_port
from tests.notifications.conftest import NOW

pytestmark = pytest.mark.django_db


def pause_over() -> None:
    Circuit.objects.update(open_until=timezone.now() - timedelta(seconds=1))


def test_after_a_failure_nobody_calls_then_one_tries_and_then_all_may(owe, server, settings):
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    owe("a")
    outbox.deliver(now=NOW, worker="test")
    settings.EMAIL_PORT = port

    assert outbox.deliver(now=NOW, worker="test").sent == 0  # it is back, but nobody is to know before the pause ends
    assert Notification.objects.get().state == "pending"
    pause_over()
    assert (circuit.turn(), circuit.turn()) == (Turn.TRY, Turn.WAIT)
    pause_over()
    assert outbox.deliver(now=NOW, worker="test").sent == 1
    assert circuit.turn() is Turn.GO


def test_the_pause_doubles_to_a_minute_and_the_first_answer_ends_it():
    pauses = []
    for _ in range(6):
        circuit.failed("refused")
        row = Circuit.objects.get()
        pauses.append(round((row.open_until - timezone.now()).total_seconds()))
    assert pauses == [5, 10, 20, 40, 60, 60]

    circuit.answered()
    row.refresh_from_db()
    assert (row.failures, row.open_until, row.reason) == (0, None, "")


def test_no_faster_than_the_rate_over_all_workers(owe, server, settings):
    settings.MAIL_PER_SECOND = 20
    for n in range(5):
        owe(str(n))

    began = time.monotonic()
    assert sum(outbox.deliver(now=NOW, worker=str(n), limit=2).sent for n in range(3)) == 5

    assert time.monotonic() - began >= 4 / 20


@pytest.mark.parametrize(("rate", "size"), [(0, 50), (1, 30), (0.01, 1), (1000, 50)])
def test_a_batch_goes_out_well_within_its_lease(settings, rate, size):
    settings.MAIL_PER_SECOND, settings.POST_LEASE_SECONDS = rate, 120

    assert circuit.batch(50) == size


# --- What an e-mail service's answer means ----------------------------------------------------------------------------
def answered(status: int) -> AnymailRequestsAPIError:
    response = requests.Response()
    response.status_code, response.reason = status, "said"
    return AnymailRequestsAPIError(response=response)


def unanswered(cause: Exception) -> AnymailRequestsAPIError:
    error = AnymailRequestsAPIError("Error posting")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (AnymailRecipientsRefused(), Fate.REFUSED),
        (answered(400), Fate.REFUSED),
        (answered(422), Fate.REFUSED),
        (answered(500), Fate.DOUBT),
        (answered(504), Fate.DOUBT),
        (unanswered(requests.ReadTimeout()), Fate.DOUBT),
        (unanswered(requests.ConnectionError("reset")), Fate.DOUBT),
    ],
)
def test_what_the_answer_means_for_the_message(error, fate):
    assert mail_service.fate_of(error)[0] is fate


@pytest.mark.parametrize(
    "error",
    [
        answered(401),
        answered(429),
        answered(503),
        unanswered(requests.ConnectTimeout()),
        unanswered(requests.ConnectionError(NewConnectionError(None, "refused"))),
    ],
)
def test_what_is_said_of_us_or_of_the_moment_costs_no_message_anything(error):
    with pytest.raises(ServerAway):
        mail_service.fate_of(error)


def test_an_email_service_in_the_place_of_smtp(owe, settings):
    """A service that nobody answers for: the post waits, nothing fails."""
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "t",
        "POSTMARK_API_URL": f"http://127.0.0.1:{free_port()}/",
        "REQUESTS_TIMEOUT": 2,
    }
    owe("a")

    outbox.deliver(now=NOW, worker="test")

    row = Notification.objects.get()
    assert (row.state, row.attempts) == ("pending", 0)
    assert "Waiting for the mail server" in row.reason
