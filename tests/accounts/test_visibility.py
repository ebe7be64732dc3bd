"""Who sees what, as exact sets: the own member, another firm, a stranger, nobody, and a member without the right."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from accounts import joining, tokens
from accounts.models import ApiToken, Invitation, Membership, Organisation, Role
from tests.accounts.conftest import by, invitation_to
from tests.factories import StaffFactory, member


@pytest.fixture
def people(firm, admin, drafter, other_firm_admin, stranger):
    key, _ = tokens.create(by=by(admin), organisation=firm, role="reader", name="Ours", expires_in=None)
    return {
        "admin": admin,
        "drafter": drafter,
        "reader": member(firm, Role.READER),
        "key": key.user,
        "other firm": other_firm_admin,
        "stranger": stranger,
        "nobody": AnonymousUser(),
        "staff": StaffFactory(),
        "staff with the right": StaffFactory(rights=["accounts.view_organisation"]),
    }


def seen_by(people, model):
    """Who sees how much: name → set of rows, those who see nothing left out."""
    seen = {name: set(model.objects.visible_to(person)) for name, person in people.items()}
    for rows, person in zip(seen.values(), people.values(), strict=True):
        assert len(rows) == model.objects.visible_to(person).count()  # no row twice
    return {name: rows for name, rows in seen.items() if rows}


def test_organisation_is_seen_by_its_members_and_staff_with_the_right(people, firm, other_firm_admin):
    other = other_firm_admin.organisations.get()
    assert seen_by(people, Organisation) == {
        **{name: {firm} for name in ("admin", "drafter", "reader", "key")},
        "other firm": {other},
        "staff with the right": {firm, other},
    }


def test_membership_is_seen_by_its_members_and_staff_with_the_right(people, firm, other_firm_admin):
    ours, theirs = set(firm.memberships.all()), set(other_firm_admin.memberships.all())
    assert len(ours) == 4
    assert seen_by(people, Membership) == {
        **dict.fromkeys(["admin", "drafter", "reader", "key"], ours),
        "other firm": theirs,
        "staff with the right": ours | theirs,
    }


def test_invitation_is_seen_by_administrators_of_its_organisation(people, firm, admin, other_firm_admin):
    ours = invitation_to(firm, "guest@example.org", by=admin)
    theirs = invitation_to(other_firm_admin.organisations.get(), "guest@example.org", by=other_firm_admin)
    assert seen_by(people, Invitation) == {"admin": {ours}, "other firm": {theirs}}


def test_token_is_seen_by_its_owner_and_administrators_of_its_organisation(people, firm, admin, drafter):
    shared = ApiToken.objects.get(organisation=firm)
    own, _ = tokens.create(by=by(drafter), user=drafter, name="Mine", expires_in=None)
    assert seen_by(people, ApiToken) == {"admin": {shared}, "drafter": {own}, "key": {shared}}


def test_whoever_is_removed_sees_nothing_any_more(firm, admin, drafter):
    joining.remove_member(by=by(admin), membership=Membership.objects.get(user=drafter))
    for model in (Organisation, Membership, Invitation, ApiToken):
        assert not model.objects.visible_to(drafter).exists()


# --- the same on pages ------------------------------------------------------------------------------------------------
@pytest.fixture
def addresses(firm, admin, drafter):
    """Every page that belongs to the firm: its address, and what a GET or POST of it answers to an administrator."""
    offer = invitation_to(firm, "guest@example.org", by=admin)
    shared, _ = tokens.create(by=by(admin), organisation=firm, role="reader", name="Ours", expires_in=None)
    membership = Membership.objects.get(user=drafter)
    return {
        "detail": reverse("accounts:organisation_detail", args=[firm.code]),
        "edit": reverse("accounts:edit_organisation", args=[firm.code]),
        "invite": reverse("accounts:invite", args=[firm.code]),
        "leave": reverse("accounts:leave", args=[firm.code]),
        "role": reverse("accounts:change_role", args=[firm.code, membership.pk]),
        "remove": reverse("accounts:remove_member", args=[firm.code, membership.pk]),
        "revoke invitation": reverse("accounts:revoke_invitation", args=[firm.code, offer.code]),
        "revoke token": reverse("accounts:revoke_token", args=[shared.prefix]),
    }


def answers(client, addresses, method):
    return {name: getattr(client, method)(address).status_code for name, address in addresses.items()}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["other_firm_admin", "stranger"])
def test_strangers_get_404_on_every_page_of_a_firm(request, client, addresses, method, who):
    client.force_login(request.getfixturevalue(who))
    expected = dict.fromkeys(addresses, 404)
    expected["revoke invitation" if method == "get" else "detail"] = 405  # whether there is anything or not
    assert answers(client, addresses, method) == expected


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_has_not_signed_in_is_sent_to_sign_in(client, addresses, method):
    assert set(answers(client, addresses, method).values()) == {302}
    response = client.get(addresses["detail"])
    assert response["Location"] == f"{reverse('account_login')}?next={addresses['detail']}"


def test_member_without_the_right_sees_the_firm_and_changes_nothing(client, addresses, drafter, firm):
    client.force_login(drafter)
    before = (set(firm.memberships.values_list("user", "role")), set(firm.invitations.values_list("pk", "revoked_at")))
    assert answers(client, {**addresses}, "get") == {
        "detail": 200, "edit": 403, "invite": 403, "leave": 200, "role": 403, "remove": 403, "revoke invitation": 405,
        "revoke token": 404,
    }  # fmt: skip
    del addresses["leave"]
    assert answers(client, addresses, "post") == {
        "detail": 405, "edit": 403, "invite": 403, "role": 403, "remove": 403, "revoke invitation": 403,
        "revoke token": 404,
    }  # fmt: skip
    page = client.get(addresses["detail"]).content.decode()
    assert "guest@example.org" not in page
    assert not any(address in page for name, address in addresses.items() if name not in ("detail", "leave"))
    assert before == (
        set(firm.memberships.values_list("user", "role")), set(firm.invitations.values_list("pk", "revoked_at")),
    )  # fmt: skip


def test_staff_with_the_right_look_and_change_nothing(client, addresses):
    client.force_login(StaffFactory(rights=["accounts.view_organisation"]))
    assert answers(client, addresses, "get") == {
        "detail": 200, "edit": 403, "invite": 403, "leave": 404, "role": 403, "remove": 403, "revoke invitation": 405,
        "revoke token": 404,
    }  # fmt: skip


def test_token_pages_show_ones_own_alone(client, addresses, drafter, other_firm_admin, stranger):
    tokens.create(by=by(drafter), user=drafter, name="Drafter’s own", expires_in=None)
    page = reverse("accounts:tokens")
    for person in (other_firm_admin, stranger):
        client.force_login(person)
        content = client.get(page).content.decode()
        assert "Ours" not in content
        assert "Drafter’s own" not in content
    client.force_login(drafter)
    content = client.get(page).content.decode()
    assert "Drafter’s own" in content
    assert "Ours" not in content
