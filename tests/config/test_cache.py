"""The cache holds JSON: nothing that is read from Redis can run code."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError

from config.cache import ForgivingRedisCache, JSONSerializer


@pytest.mark.parametrize("value", [None, True, False, 0, -7, 1.5, "", "5", "é", [1, [2.0]], {"a": {"b": None}}])
def test_values_come_back_as_they_went_in(value):
    cache.set("value", value)
    assert cache.get("value", "absent") == value
    assert type(cache.get("value", "absent")) is type(value)


def test_integers_can_be_counted_up():
    cache.set("count", 1)
    assert cache.incr("count") == 2


def test_what_json_cannot_hold_is_refused_when_stored():
    with pytest.raises(TypeError):
        JSONSerializer().dumps(datetime.now(UTC))


def test_a_pickle_is_not_read():
    with pytest.raises(ValueError):
        JSONSerializer().loads(b"\x80\x05N.")


@pytest.fixture
def absent_redis(monkeypatch):
    """A cache whose Redis nobody answers for."""
    monkeypatch.setattr(ForgivingRedisCache, "_away_until", 0)
    return ForgivingRedisCache("redis://127.0.0.1:1/0", {})


def test_without_redis_reads_miss_and_writes_are_dropped(absent_redis, caplog):
    absent_redis.set("a", 1)
    assert absent_redis.get("a", "otherwise") == "otherwise"
    assert absent_redis.delete("a") is False
    assert absent_redis.touch("a") is False
    assert caplog.messages == ["Redis is out of reach: going on without the cache"]  # once, not for each call


def test_without_redis_counting_and_locking_say_so(absent_redis):
    for call in (lambda: absent_redis.add("a", 1), lambda: absent_redis.incr("a")):
        with pytest.raises(RedisError):
            call()


def test_redis_is_used_again_after_a_while(absent_redis, monkeypatch):
    absent_redis.get("a")
    monkeypatch.setattr(ForgivingRedisCache, "_away_until", 0)
    cache.set("b", 2)
    assert cache.get("b") == 2
