from datetime import timedelta

import pytest

from accounts import tokens
from accounts.api_auth import digest_of
from accounts.models import Act, ApiToken, Membership, Role, User
from notifications.refusal import Conflict, NotAllowed, Refusal
from tests.accounts.conftest import NOW, by
from tests.factories import MembershipFactory

YEAR = timedelta(days=365)


def test_personal_token_acts_as_its_maker_and_only_its_digest_is_kept(drafter, now):
    token, secret = tokens.create(by=by(drafter), user=drafter, name=" Filing, test ", expires_in=YEAR)
    assert (token.user, token.organisation, token.name, token.expires_at) == (drafter, None, "Filing, test", NOW + YEAR)
    assert secret.startswith(f"snd_{token.prefix}_")
    assert token.digest == digest_of(secret)
    kept = str(ApiToken.objects.values_list()) + str(Act.objects.values_list())
    assert secret not in kept
    assert secret.split("_", 2)[2] not in kept
    assert Act.objects.get().verb == "created API token"


def test_personal_token_is_made_by_oneself_alone(admin, drafter):
    for owner in (drafter, None):
        with pytest.raises(NotAllowed):
            tokens.create(by=by(admin), user=owner, name="Filing", expires_in=YEAR)
    assert not ApiToken.objects.exists()


def test_organisation_token_acts_as_a_service_account_of_it_alone(admin, firm, now):
    token, _ = tokens.create(by=by(admin), organisation=firm, role="submitter", name="Filing", expires_in=None)
    account = token.user
    assert account.is_service
    assert not account.has_usable_password()
    assert not account.is_staff
    assert account.email == f"token-{token.prefix}@service.invalid".lower()
    assert {(m.organisation, m.role) for m in account.memberships.all()} == {(firm, "submitter")}
    assert (token.created_by, token.expires_at) == (admin, None)
    assert Act.objects.get().organisation_code == firm.code


@pytest.mark.parametrize("actor", ["drafter", "stranger", "other_firm_admin"])
def test_organisation_token_is_made_by_its_administrators_alone(request, firm, admin, actor):
    with pytest.raises(NotAllowed):
        tokens.create(
            by=by(request.getfixturevalue(actor)), organisation=firm, role="reader", name="Filing", expires_in=YEAR
        )
    assert not User.objects.filter(is_service=True).exists()


@pytest.mark.parametrize("role", ["admin", "", "owner"])
def test_organisation_token_is_never_administrator(admin, firm, role):
    with pytest.raises(Refusal) as caught:
        tokens.create(by=by(admin), organisation=firm, role=role, name="Filing", expires_in=YEAR)
    assert caught.value.field == "role"
    assert not User.objects.filter(is_service=True).exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x0cb"])
def test_token_needs_a_name_of_one_line(drafter, name):
    with pytest.raises(Refusal) as caught:
        tokens.create(by=by(drafter), user=drafter, name=name, expires_in=YEAR)
    assert caught.value.field == "name"


def test_individual_has_personal_tokens_only(individual, stranger):
    MembershipFactory(organisation=individual, user=stranger)
    with pytest.raises(Conflict):
        tokens.create(by=by(stranger), organisation=individual, role="reader", name="Filing", expires_in=YEAR)


def test_service_account_makes_no_tokens(admin, firm):
    token, _ = tokens.create(by=by(admin), organisation=firm, role="submitter", name="Filing", expires_in=None)
    with pytest.raises(NotAllowed):
        tokens.create(by=by(token.user), user=token.user, name="More", expires_in=None)


def test_tokens_have_a_limit_and_revoking_makes_room(drafter, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    first, _ = tokens.create(by=by(drafter), user=drafter, name="One", expires_in=YEAR)
    with pytest.raises(Conflict):
        tokens.create(by=by(drafter), user=drafter, name="Two", expires_in=YEAR)
    tokens.revoke(by=by(drafter), token=first)
    tokens.create(by=by(drafter), user=drafter, name="Two", expires_in=YEAR)


def test_revoking_takes_the_service_account_out_and_twice_is_once(admin, firm, now):
    token, _ = tokens.create(by=by(admin), organisation=firm, role="submitter", name="Filing", expires_in=None)
    tokens.revoke(by=by(admin), token=token)
    tokens.revoke(by=by(admin), token=token)
    token.refresh_from_db()
    assert token.revoked_at == NOW
    assert not token.user.is_active
    assert set(Membership.objects.filter(organisation=firm).values_list("user", "role")) == {(admin.pk, Role.ADMIN)}
    assert list(Act.objects.values_list("verb", flat=True)) == ["created API token", "revoked API token"]


def test_revoking_is_for_the_owner_or_an_administrator(admin, drafter, other_firm_admin, firm):
    personal, _ = tokens.create(by=by(drafter), user=drafter, name="Mine", expires_in=None)
    shared, _ = tokens.create(by=by(admin), organisation=firm, role="reader", name="Ours", expires_in=None)
    for person, token in [
        (admin, personal),
        (other_firm_admin, personal),
        (drafter, shared),
        (other_firm_admin, shared),
    ]:
        with pytest.raises(NotAllowed):
            tokens.revoke(by=by(person), token=token)
    assert not ApiToken.objects.filter(revoked_at__isnull=False).exists()


def test_former_administrator_cannot_revoke(admin, drafter, firm):
    shared, _ = tokens.create(by=by(admin), organisation=firm, role="reader", name="Ours", expires_in=None)
    Membership.objects.filter(user=admin).delete()
    with pytest.raises(NotAllowed):
        tokens.revoke(by=by(admin), token=shared)
