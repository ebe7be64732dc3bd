from datetime import timedelta

import pytest
from rest_framework.response import Response as ApiResponse
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts import tokens
from accounts.models import ApiToken, User
from tests.accounts.conftest import NOW, by

factory = APIRequestFactory(enforce_csrf_checks=True)


class WhoAmI(APIView):
    def get(self, request):
        return ApiResponse({"email": request.user.email, "token": request.auth and request.auth.prefix})

    post = get


def call(token=None, method="get", **headers):
    if token is not None:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return WhoAmI.as_view()(getattr(factory, method)("/", **headers))


@pytest.fixture
def made(drafter, now):
    return tokens.create(by=by(drafter), user=drafter, name="Filing", expires_in=timedelta(days=30))


def test_token_calls_as_its_person(made, drafter):
    response = call(made[1])
    assert (response.status_code, response.data) == (200, {"email": drafter.email, "token": made[0].prefix})


def test_token_changes_things_without_csrf(made):
    assert call(made[1], "post").status_code == 200


def test_token_of_an_organisation_calls_as_its_service_account(admin, firm, now):
    token, secret = tokens.create(by=by(admin), organisation=firm, role="reader", name="Filing", expires_in=None)
    assert call(secret).data["email"] == token.user.email


def test_token_costs_one_query_once_its_use_is_noted(made, django_assert_num_queries):
    with django_assert_num_queries(2):
        call(made[1])
    with django_assert_num_queries(1):
        call(made[1])


def test_use_is_noted_to_the_hour(made, freeze):
    token, secret = made
    call(secret)
    assert used(token) == NOW
    freeze(NOW + timedelta(minutes=59))
    call(secret)
    assert used(token) == NOW
    later = freeze(NOW + timedelta(minutes=60))
    call(secret)
    assert used(token) == later


def used(token):
    return ApiToken.objects.values_list("last_used_at", flat=True).get(pk=token.pk)


def refused(response):
    return (response.status_code, response["WWW-Authenticate"], response.data["code"])


def test_no_token_is_401_with_a_challenge(db):
    assert refused(call()) == (401, "Bearer", "not_authenticated")


@pytest.mark.parametrize(
    "given",
    ["", "snd", "snd_ABC_short", "nonsense", "snd_BCDFGHJKMN_" + "x" * 43, "snd_BCDFGHJKMN_" + "é" * 43, "a b", "\x00"],
)
def test_unknown_token_is_401(made, given):
    assert refused(call(given)) == (401, "Bearer", "authentication_failed")


def test_right_prefix_with_wrong_secret_is_401(made):
    token, secret = made
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    assert refused(call(wrong)) == (401, "Bearer", "authentication_failed")
    assert used(token) is None


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_token_ends_on_the_second(made, freeze, seconds):
    freeze(NOW + timedelta(days=30, seconds=seconds))
    assert call(made[1]).status_code == (200 if seconds < 0 else 401)


def test_revoked_token_is_401(made, drafter):
    tokens.revoke(by=by(drafter), token=made[0])
    assert refused(call(made[1])) == (401, "Bearer", "authentication_failed")


def test_token_of_a_person_who_may_not_sign_in_is_401(made, drafter):
    User.objects.filter(pk=drafter.pk).update(is_active=False)
    assert refused(call(made[1])) == (401, "Bearer", "authentication_failed")


def test_every_refused_token_gets_the_same_words(made, drafter):
    wrong = made[1][:-1] + "!"
    tokens.revoke(by=by(drafter), token=made[0])
    assert call(made[1]).data == call(wrong).data == call("nonsense").data


def test_session_reads_and_needs_csrf_to_write(client, drafter):
    client.force_login(drafter)
    request = factory.get("/")
    request.user = drafter
    assert WhoAmI.as_view()(request).data["email"] == drafter.email
    request = factory.post("/")
    request.user = drafter
    assert WhoAmI.as_view()(request).status_code == 403


def test_forced_user_is_who_calls(drafter):
    request = factory.get("/")
    force_authenticate(request, drafter)
    assert WhoAmI.as_view()(request).data["email"] == drafter.email


def test_schema_names_both_ways():
    from accounts.api_schema import SessionScheme, TokenScheme

    assert TokenScheme.get_security_definition(None, None)["scheme"] == "bearer"
    assert SessionScheme.get_security_definition(None, None)["in"] == "cookie"
