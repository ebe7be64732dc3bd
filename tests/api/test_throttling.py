"""How often the API may be called, and whose calls are whose."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisIsAway
from rest_framework.test import APIClient

from config.throttling import Callers, Strangers
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/api/v1/consultations/"


@pytest.fixture(autouse=True)
def rates(monkeypatch, freeze):
    """Within one minute, which is what is counted: a test that ran into the next began at nothing again."""
    freeze(timezone.now().replace(second=30))
    monkeypatch.setattr(Strangers, "THROTTLE_RATES", {"anon": "2/min"})
    monkeypatch.setattr(Callers, "THROTTLE_RATES", {"user": "3/min"})


def statuses(caller, times, **headers) -> list[int]:
    return [caller.get(LIST, headers=headers).status_code for _ in range(times)]


def test_a_stranger_is_counted_by_address():
    caller = APIClient(REMOTE_ADDR="192.0.2.1")
    assert statuses(caller, 3) == [200, 200, 429]
    refused = caller.get(LIST)
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert (refused["Content-Type"], refused.json()["code"]) == ("application/problem+json", "throttled")
    assert statuses(APIClient(REMOTE_ADDR="192.0.2.2"), 1) == [200]


def test_the_readable_page_is_refused_as_a_page():
    caller = APIClient(REMOTE_ADDR="192.0.2.3")
    statuses(caller, 2)
    refused = caller.get("/api/v1/docs", headers={"Accept": "text/html"})
    assert (refused.status_code, refused["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert b"Too many tries" in refused.content
    assert refused["Retry-After"]


def test_a_caller_is_counted_as_a_person_whatever_the_token_or_address(call):
    user = factories.UserFactory()
    first, second = call(user), call(user)
    assert statuses(first, 2) + statuses(second, 2, REMOTE_ADDR="192.0.2.9") == [200, 200, 200, 429]
    assert statuses(call(factories.UserFactory()), 1) == [200]


def test_the_next_minute_begins_at_nothing(freeze):
    caller = APIClient(REMOTE_ADDR="192.0.2.4")
    assert statuses(caller, 3) == [200, 200, 429]
    freeze(timezone.now() + timedelta(seconds=int(caller.get(LIST)["Retry-After"])))
    assert statuses(caller, 1) == [200]


def test_a_forged_forwarded_address_is_no_way_round():
    caller = APIClient(REMOTE_ADDR="192.0.2.1")
    seen = [caller.get(LIST, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(3)]
    assert seen == [200, 200, 429]


def test_behind_our_own_proxy_the_clients_address_counts(settings):
    settings.NUM_PROXIES = 1
    caller = APIClient(REMOTE_ADDR="10.0.0.1")
    of = {client: f"203.0.113.9, 198.51.100.{client}" for client in (1, 2)}
    assert statuses(caller, 3, **{"X-Forwarded-For": of[1]}) == [200, 200, 429]
    assert statuses(caller, 1, **{"X-Forwarded-For": of[2]}) == [200]


def test_one_ipv6_network_is_one_caller():
    seen = [statuses(APIClient(REMOTE_ADDR=f"2001:db8::{n}"), 1)[0] for n in range(1, 4)]
    assert seen == [200, 200, 429]
    assert statuses(APIClient(REMOTE_ADDR="2001:db8:1::1"), 1) == [200]


def test_without_redis_calls_are_let_through_and_the_log_says_so(monkeypatch, caplog):
    def away(*args, **kwargs):
        raise RedisIsAway("nobody there")

    monkeypatch.setattr(cache, "count", away)
    assert statuses(APIClient(), 3) == [200, 200, 200]
    assert "calls are not counted" in caplog.text
