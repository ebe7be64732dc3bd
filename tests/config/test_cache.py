"""The cache holds JSON: nothing that is read from Redis can run code."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from config.cache import JSONSerializer


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
