from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import joining, tokens
from accounts.models import ApiToken, Membership, Organisation, Role, User
from notifications.models import Notification
from tests.accounts.conftest import by, invitation_to
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory, member


def text(response):
    return response.content.decode()


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


# --- organisations ----------------------------------------------------------------------------------------------------
def test_with_one_organisation_its_page_is_shown_at_once(signed_in, firm):
    response = signed_in.get(reverse("accounts:organisation"))
    assert response["Location"] == reverse("accounts:organisation_detail", args=[firm.code])


def test_with_several_organisations_they_are_listed(signed_in, admin, firm):
    other = MembershipFactory(
        user=admin, organisation=OrganisationFactory(name="Demonstration Trade Body")
    ).organisation
    page = text(signed_in.get(reverse("accounts:organisation")))
    assert firm.name in page
    assert other.name in page


def test_without_organisation_the_way_to_one_is_shown(client, stranger):
    client.force_login(stranger)
    assert reverse("accounts:create_organisation") in text(client.get(reverse("accounts:organisation")))


def test_open_invitations_are_shown_to_the_invited(client, stranger, firm, admin):
    invitation_to(firm, stranger.email, by=admin)
    client.force_login(stranger)
    assert f"Join {firm.name}" in text(client.get(reverse("accounts:organisation")))


def test_create_organisation(client, stranger):
    client.force_login(stranger)
    response = client.post(
        reverse("accounts:create_organisation"), {"name": "Demonstration Firm", "kind": "firm", "frn": "122 702"}
    )
    made = Organisation.objects.get()
    assert response["Location"] == reverse("accounts:organisation_detail", args=[made.code])
    assert made.frn == "122702"


def test_bad_details_are_refused_at_their_fields_and_keep_what_was_typed(client, stranger):
    client.force_login(stranger)
    typed = {"name": "Demonstration Firm", "kind": "firm", "frn": "12", "lei": "ABC", "company_number": "1"}
    response = client.post(reverse("accounts:create_organisation"), typed)
    assert response.status_code == 400
    assert set(response.context["form"].errors) == {"frn", "lei", "company_number"}
    page = text(response)
    assert 'value="Demonstration Firm"' in page
    assert 'value="ABC"' in page
    assert "<title>Error: " in page
    assert not Organisation.objects.exists()


def test_control_characters_in_a_name_are_refused(client, stranger):
    client.force_login(stranger)
    response = client.post(
        reverse("accounts:create_organisation"), {"name": "A\x0cReply-To: e@example.org", "kind": "firm"}
    )
    assert set(response.context["form"].errors) == {"name"}


def test_an_lei_that_is_here_already_is_refused_at_its_field(client, stranger, firm):
    from tests.accounts.test_joining import with_check_digits

    lei = with_check_digits("549300DEMONSTRATIO")
    Organisation.objects.filter(pk=firm.pk).update(lei=lei)
    client.force_login(stranger)
    response = client.post(reverse("accounts:create_organisation"), {"name": "B", "kind": "firm", "lei": lei.lower()})
    assert response.status_code == 409
    assert set(response.context["form"].errors) == {"lei"}


@pytest.mark.parametrize("target", ["/profile/", "https://evil.example.com/", "//evil.example.com/"])
def test_who_founds_an_organisation_on_the_way_to_a_page_gets_there(client, stranger, target):
    client.force_login(stranger)
    made = client.post(reverse("accounts:create_organisation") + f"?next={target}", {"name": "B", "kind": "firm"})
    assert (made["Location"] == target) is (target == "/profile/")


def test_edit_organisation(signed_in, firm):
    address = reverse("accounts:edit_organisation", args=[firm.code])
    assert f'value="{firm.name}"' in text(signed_in.get(address))
    signed_in.post(address, {"name": "Demonstration Firm New", "kind": "trade_body"})
    firm.refresh_from_db()
    assert (firm.name, firm.kind) == ("Demonstration Firm New", "trade_body")


def test_what_a_body_without_members_loses_is_said_before_its_kind_is_changed(signed_in, firm):
    address, said = (
        reverse("accounts:edit_organisation", args=[firm.code]),
        "the members that you list in a draft are not",
    )
    assert said not in text(signed_in.get(address))
    for kind in ("trade_body", "consumer_body"):
        signed_in.post(address, {"name": firm.name, "kind": kind})
        assert said in text(signed_in.get(address))


def test_refused_edit_still_shows_the_true_name_above(signed_in, firm):
    response = signed_in.post(
        reverse("accounts:edit_organisation", args=[firm.code]), {"name": "x\x0by", "kind": "firm"}
    )
    assert response.status_code == 400
    assert f"Change the details of {firm.name}" in text(response)


# --- invitations ------------------------------------------------------------------------------------------------------
def test_invite_and_withdraw(signed_in, firm):
    signed_in.post(reverse("accounts:invite", args=[firm.code]), {"email": "New@example.org", "role": "reader"})
    offer = firm.invitations.get()
    assert "new@example.org" in text(signed_in.get(reverse("accounts:organisation_detail", args=[firm.code])))
    signed_in.post(reverse("accounts:revoke_invitation", args=[firm.code, offer.code]))
    offer.refresh_from_db()
    assert offer.revoked_at
    assert "new@example.org" not in text(
        signed_in.get(reverse("accounts:organisation_detail", args=[firm.code]))
    ).replace("The invitation to new@example.org has been withdrawn.", "")


def test_refused_invitation_is_said_at_its_field(signed_in, firm, drafter):
    response = signed_in.post(
        reverse("accounts:invite", args=[firm.code]), {"email": drafter.email, "role": "submitter"}
    )
    assert response.status_code == 409
    assert set(response.context["form"].errors) == {"email"}
    assert f'value="{drafter.email}"' in text(response)
    assert not Notification.objects.exists()


def address_of(invitation):
    return joining.link(invitation).split("://", 1)[1].partition("/")[2].join(["/", ""])


def test_invitation_page_says_who_invites_to_what_role(client, firm, admin):
    offer = invitation_to(firm, "guest@example.org", by=admin, role=Role.SUBMITTER)
    page = text(client.get(address_of(offer)))
    assert firm.name in page
    assert admin.name in page
    assert Role.SUBMITTER.label in page
    assert f"{reverse('account_login')}?next={address_of(offer).replace('/', '%2F')}" in page


def test_unknown_invitation_is_404(client, db):
    assert client.get("/invitations/nothing/").status_code == 404
    assert client.post("/invitations/nothing/").status_code == 404


def test_accepting_by_page(client, firm, admin):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin)
    client.force_login(guest)
    assert client.get(address_of(offer)).status_code == 200
    assert not firm.memberships.filter(user=guest).exists()
    for _ in range(2):
        response = client.post(address_of(offer))
        assert response["Location"] == reverse("accounts:organisation_detail", args=[firm.code])
    assert firm.memberships.filter(user=guest).count() == 1
    assert client.get(address_of(offer)).status_code == 302


def test_another_person_is_told_whose_it_is(client, firm, admin, stranger):
    offer = invitation_to(firm, "guest@example.org", by=admin)
    client.force_login(stranger)
    assert "the invitation is for guest@example.org" in text(client.get(address_of(offer)))
    response = client.post(address_of(offer))
    assert response.status_code == 403
    assert "This invitation is for guest@example.org" in text(response)
    assert not firm.memberships.filter(user=stranger).exists()


@pytest.mark.parametrize("signed", [True, False])
def test_withdrawn_invitation_says_so(client, firm, admin, now, signed):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    if signed:
        client.force_login(guest)
    page = text(client.get(address_of(invitation_to(firm, guest.email, by=admin, revoked_at=now))))
    assert "has been withdrawn" in page
    assert "<form method" not in page.split("<main", 1)[1]


def test_post_by_nobody_changes_nothing(client, firm, admin):
    offer = invitation_to(firm, "guest@example.org", by=admin)
    assert client.post(address_of(offer)).status_code == 200
    offer.refresh_from_db()
    assert offer.accepted_at is None


# --- members ----------------------------------------------------------------------------------------------------------
def test_change_role_by_page(signed_in, firm, drafter):
    membership = Membership.objects.get(user=drafter)
    address = reverse("accounts:change_role", args=[firm.code, membership.pk])
    assert signed_in.get(address).status_code == 200
    signed_in.post(address, {"role": "submitter"})
    membership.refresh_from_db()
    assert membership.role == "submitter"


def test_demoting_the_last_administrator_is_refused_at_the_role(signed_in, firm, admin):
    membership = Membership.objects.get(user=admin)
    response = signed_in.post(reverse("accounts:change_role", args=[firm.code, membership.pk]), {"role": "reader"})
    assert response.status_code == 409
    assert set(response.context["form"].errors) == {"role"}
    assert 'value="reader" id="id_role_3" checked' in text(response) or "checked" in text(response)


def test_remove_member_asks_first(signed_in, firm, drafter):
    membership = Membership.objects.get(user=drafter)
    address = reverse("accounts:remove_member", args=[firm.code, membership.pk])
    assert f"Remove {drafter.name}?" in text(signed_in.get(address))
    assert firm.memberships.filter(user=drafter).exists()
    assert signed_in.post(address).status_code == 302
    assert not firm.memberships.filter(user=drafter).exists()


def test_leave_by_page(client, firm, drafter):
    client.force_login(drafter)
    address = reverse("accounts:leave", args=[firm.code])
    assert client.get(address).status_code == 200
    assert client.post(address)["Location"] == reverse("accounts:organisation")
    assert not firm.memberships.filter(user=drafter).exists()


def test_last_administrator_is_told_why_not(signed_in, firm):
    response = signed_in.post(reverse("accounts:leave", args=[firm.code]))
    assert response.status_code == 409
    assert "needs an administrator" in text(response)


# --- tokens -----------------------------------------------------------------------------------------------------------
def secret_in(response):
    return response.context["secret"]


def test_token_is_shown_once(signed_in, admin):
    made = signed_in.post(reverse("accounts:create_token"), {"name": "Filing", "owner": "me", "days": "30"})
    assert made.url == reverse("accounts:token_created")  # so that loading the page again makes no second token
    response = signed_in.get(made.url)
    token = ApiToken.objects.get()
    assert secret_in(response) in text(response)
    assert "no-store" in response["Cache-Control"]
    assert token.user == admin
    listed = text(signed_in.get(reverse("accounts:tokens")))
    assert token.prefix in listed
    assert secret_in(response) not in listed
    again = signed_in.get(made.url)
    assert again.url == reverse("accounts:tokens")


def test_organisation_token_by_page(signed_in, firm):
    data = {"name": "Filing", "owner": firm.code, "role": "submitter", "days": ""}
    signed_in.post(reverse("accounts:create_token"), data)
    token = ApiToken.objects.get()
    assert (token.organisation, token.expires_at, token.user.memberships.get().role) == (firm, None, "submitter")


def test_organisations_that_one_does_not_administer_cannot_be_chosen(client, drafter, firm):
    client.force_login(drafter)
    data = {"name": "Filing", "owner": firm.code, "role": "reader", "days": "30"}
    response = client.post(reverse("accounts:create_token"), data)
    assert response.status_code == 400
    assert "owner" in response.context["form"].errors
    assert not ApiToken.objects.exists()


def test_whoever_administers_nothing_makes_personal_tokens(client, drafter):
    client.force_login(drafter)
    assert "What an organisation" not in text(client.get(reverse("accounts:create_token")))
    client.post(reverse("accounts:create_token"), {"name": "Filing", "owner": "me", "days": "30"})
    assert ApiToken.objects.get().user == drafter


def test_revoke_token_asks_first(signed_in, admin):
    token, _ = tokens.create(by=by(admin), user=admin, name="Filing", expires_in=timedelta(days=1))
    address = reverse("accounts:revoke_token", args=[token.prefix])
    assert "Revoke “Filing”?" in text(signed_in.get(address))
    assert signed_in.post(address).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at
    assert token.prefix not in text(signed_in.get(reverse("accounts:tokens")))


# --- oneself ----------------------------------------------------------------------------------------------------------
def test_profile_saves_name_and_time_zone(signed_in, admin):
    signed_in.post(reverse("accounts:profile"), {"name": "Demonstration Name", "time_zone": "America/New_York"})
    admin.refresh_from_db()
    assert (admin.name, admin.time_zone) == ("Demonstration Name", "America/New_York")


def test_profile_refuses_bad_input_and_keeps_it(signed_in, admin):
    response = signed_in.post(reverse("accounts:profile"), {"name": "", "time_zone": "Mars/Olympus"})
    assert response.status_code == 400
    assert set(response.context["form"].errors) == {"name", "time_zone"}
    assert User.objects.get(pk=admin.pk).name == admin.name


# --- cost -------------------------------------------------------------------------------------------------------------
PAGES = {"organisation": 6, "tokens": 3, "organisations": 5}  # two of each: the session, who is signed in


@pytest.mark.parametrize("rows", [1, 3])
def test_pages_cost_the_same_for_one_row_and_for_three(client, admin, firm, rows, django_assert_num_queries):
    for number in range(rows):
        member(firm, Role.READER)
        invitation_to(firm, f"guest-{number}@example.org", by=admin)
        tokens.create(by=by(admin), user=admin, name=f"Token {number}", expires_in=None)
        tokens.create(by=by(admin), organisation=firm, role="reader", name=f"Ours {number}", expires_in=None)
        MembershipFactory(user=admin)
        invitation_to(OrganisationFactory(), admin.email, by=admin)
    client.force_login(admin)
    addresses = {
        "organisation": reverse("accounts:organisation_detail", args=[firm.code]),
        "tokens": reverse("accounts:tokens"),
        "organisations": reverse("accounts:organisation"),
    }
    for name, address in addresses.items():
        client.get(address)
        with django_assert_num_queries(PAGES[name]):
            assert client.get(address).status_code == 200


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(signed_in, firm, admin, drafter, method):
    from accounts.models import Act

    offer = invitation_to(firm, "guest@example.org", by=admin)
    token, _ = tokens.create(by=by(admin), user=admin, name="Filing", expires_in=None)
    pk = Membership.objects.get(user=drafter).pk
    acts = Act.objects.count()
    for address in [
        *(reverse(f"accounts:{name}", args=[firm.code]) for name in ("edit_organisation", "invite", "leave")),
        *(reverse(f"accounts:{name}", args=[firm.code, pk]) for name in ("change_role", "remove_member")),
        reverse("accounts:revoke_invitation", args=[firm.code, offer.code]),
        reverse("accounts:revoke_token", args=[token.prefix]),
        address_of(offer),
    ]:
        getattr(signed_in, method)(address)
    offer.refresh_from_db()
    token.refresh_from_db()
    assert (offer.revoked_at, offer.accepted_at, token.revoked_at) == (None, None, None)
    assert firm.memberships.count() == 2
    assert Act.objects.count() == acts
