from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from accounts import emails, joining
from accounts.models import Act, Invitation, Membership, Organisation, OrganisationKind, Role
from notifications.models import Notification, Priority
from notifications.refusal import Conflict, NotAllowed, Refusal
from tests.accounts.conftest import NOW, by, invitation_to
from tests.factories import MembershipFactory, UserFactory, member


def with_check_digits(body: str) -> str:
    rest = int("".join(str(int(character, 36)) for character in body + "00")) % 97
    return f"{body}{98 - rest:02d}"


def roles(organisation):
    return {(m.user.email, m.role) for m in organisation.memberships.select_related("user")}


# --- founding ---------------------------------------------------------------------------------------------------------
def test_create_organisation_makes_its_founder_administrator_and_records_it(stranger, now):
    made = joining.create_organisation(
        by=by(stranger), name=" Demonstration Firm C ", kind="firm", frn="122 702", company_number="sc123456"
    )
    assert (made.name, made.frn, made.company_number) == ("Demonstration Firm C", "122702", "SC123456")
    assert roles(made) == {(stranger.email, "admin")}
    act = Act.objects.get()
    assert (act.verb, act.subject, act.organisation_code, act.at, act.actor) == (
        "created organisation", f"organisation:{made.code}", made.code, NOW, stranger.email,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "A\x0cReply-To: e@example.org"),
        ("name", "x" * 201),
        ("kind", "guild"),
        ("frn", "12"),
        ("lei", "549300KR0OQF5DB6SW00"),
        ("company_number", "12"),
    ],
)
def test_create_organisation_refuses_bad_input_at_its_field_and_makes_nothing(stranger, field, value):
    with pytest.raises(Refusal) as caught:
        joining.create_organisation(by=by(stranger), **{"name": "Demonstration", "kind": "firm", field: value})
    assert caught.value.field == field
    assert not Organisation.objects.exists()
    assert not Act.objects.exists()


def test_create_organisation_refuses_an_lei_that_is_already_here(stranger, admin, firm):
    lei = with_check_digits("549300DEMONSTRATIO")
    Organisation.objects.filter(pk=firm.pk).update(lei=lei)
    with pytest.raises(Conflict) as caught:
        joining.create_organisation(by=by(stranger), name="Demonstration", kind="firm", lei=lei)
    assert caught.value.field == "lei"
    assert set(Organisation.objects.all()) == {firm}


def test_create_organisation_is_for_people(db):
    service = UserFactory(is_service=True)
    for actor in (None, service):
        with pytest.raises(NotAllowed):
            joining.create_organisation(by=by(actor), name="Demonstration", kind="firm")


def test_change_details_records_what_it_was(admin, firm):
    joining.change_details(by=by(admin), organisation=firm, name="Demonstration Firm Z", kind="law_firm")
    firm.refresh_from_db()
    assert (firm.name, firm.kind) == ("Demonstration Firm Z", "law_firm")
    assert Act.objects.get().detail == {"before": {"name": "Demonstration Firm A", "kind": "firm"}}


def test_change_details_without_a_change_records_nothing(admin, firm):
    joining.change_details(by=by(admin), organisation=firm, name=firm.name, kind=firm.kind)
    assert not Act.objects.exists()


def test_organisation_of_several_cannot_become_an_individual(admin, drafter, firm):
    with pytest.raises(Conflict) as caught:
        joining.change_details(by=by(admin), organisation=firm, name=firm.name, kind="individual")
    assert caught.value.field == "kind"


# --- inviting ---------------------------------------------------------------------------------------------------------
def test_invite_owes_one_message_and_records_it(admin, firm, now):
    made = joining.invite(by=by(admin), organisation=firm, email=" New@Example.org ", role="reader", now=now)
    assert (made.email, made.role, made.expires_at) == ("new@example.org", "reader", NOW + timedelta(days=14))
    owed = Notification.objects.get()
    assert (owed.kind, owed.key, owed.address, owed.payload, owed.priority, owed.due_at) == (
        "invitation", f"invitation:{made.pk}", "new@example.org", {"invitation": made.pk}, Priority.ACCOUNT, NOW,
    )  # fmt: skip
    assert Act.objects.get().verb == "invited"


def test_invitation_says_its_end_by_the_clock_of_who_invites(admin, firm, now):
    admin.time_zone = "America/New_York"
    admin.save()
    joining.invite(by=by(admin), organisation=firm, email="new@example.org", role="reader", now=now)
    written = emails.invitation(Notification.objects.get(), now)
    end = "5:30am on 16 March 2026, Eastern Time"
    assert end in written.text
    assert end in written.html


def test_invitation_link_is_not_kept_anywhere(admin, firm, now):
    made = joining.invite(by=by(admin), organisation=firm, email="new@example.org", role="reader", now=now)
    token = joining.link(made).rstrip("/").rsplit("/", 1)[1]
    assert joining.read_token(token) == made
    assert token not in str(Notification.objects.values_list()) + str(Act.objects.values_list())


@pytest.mark.parametrize("token", ["", "2345", "BCDFGHJKMN.abc", "x.y.z", "ünï.cødé", "a" * 5000])
def test_read_token_knows_only_its_own_links(db, token):
    assert joining.read_token(token) is None


@pytest.mark.parametrize("actor", ["drafter", "stranger", "other_firm_admin"])
def test_only_an_administrator_invites(request, firm, admin, now, actor):
    with pytest.raises(NotAllowed):
        joining.invite(
            by=by(request.getfixturevalue(actor)), organisation=firm, email="new@example.org", role="reader", now=now
        )
    assert not Invitation.objects.exists()
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [
        ("nobody", "reader", "email"),
        ("a@example.org\x0cBcc: b@example.org", "reader", "email"),
        ("token-x@service.invalid", "reader", "email"),
        (f"{'a' * 250}@example.org", "reader", "email"),
        ("drafter@FIRM-A.example.org", "reader", "email"),
        ("new@example.org", "owner", "role"),
    ],
)
def test_invite_refuses_bad_input_at_its_field(admin, drafter, firm, now, email, role, field):
    with pytest.raises(Refusal) as caught:
        joining.invite(by=by(admin), organisation=firm, email=email, role=role, now=now)
    assert caught.value.field == field
    assert not Invitation.objects.exists()


def test_invite_refuses_a_second_open_offer_and_replaces_an_expired_one(admin, firm, freeze, now):
    first = joining.invite(by=by(admin), organisation=firm, email="new@example.org", role="reader", now=now)
    with pytest.raises(Conflict):
        joining.invite(by=by(admin), organisation=firm, email="NEW@example.org", role="reader", now=now)
    later = freeze(NOW + timedelta(days=14))
    second = joining.invite(by=by(admin), organisation=firm, email="new@example.org", role="drafter", now=later)
    assert set(firm.invitations.open(later)) == {second}
    first.refresh_from_db()
    assert first.revoked_at == later


def test_invite_stops_whoever_fills_the_post_room(admin, firm, now, monkeypatch):
    monkeypatch.setattr(joining, "INVITATIONS_A_DAY", 2)
    for name in "ab":
        joining.invite(by=by(admin), organisation=firm, email=f"{name}@example.org", role="reader", now=now)
    with pytest.raises(Conflict):
        joining.invite(by=by(admin), organisation=firm, email="c@example.org", role="reader", now=now)
    tomorrow = now + timedelta(days=1, seconds=1)
    joining.invite(by=by(admin), organisation=firm, email="c@example.org", role="reader", now=tomorrow)


def test_individual_answers_alone(individual, stranger, now):
    MembershipFactory(organisation=individual, user=stranger)
    with pytest.raises(Conflict):
        joining.invite(by=by(stranger), organisation=individual, email="new@example.org", role="reader", now=now)


# --- accepting --------------------------------------------------------------------------------------------------------
def token_of(invitation):
    return joining.link(invitation).rstrip("/").rsplit("/", 1)[1]


def test_accept_joins_in_the_role_offered_and_twice_is_once(admin, firm, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "Guest@Example.org", by=admin, role=Role.SUBMITTER)
    first = joining.accept(by=by(guest), token=token_of(offer), now=now)
    again = joining.accept(by=by(guest), token=token_of(offer), now=now)
    assert first == again
    assert roles(firm) == {(admin.email, "admin"), ("guest@example.org", "submitter")}
    assert list(Act.objects.values_list("verb", flat=True)) == ["accepted invitation"]
    offer.refresh_from_db()
    assert (offer.accepted_by, offer.accepted_at) == (guest, NOW)


def test_accept_is_for_the_confirmed_address_alone(admin, firm, stranger, now):
    unconfirmed = UserFactory(email="guest@example.org")
    offer = invitation_to(firm, "guest@example.org", by=admin)
    for person in (stranger, unconfirmed):
        with pytest.raises(NotAllowed, match=r"guest@example\.org"):
            joining.accept(by=by(person), token=token_of(offer), now=now)
    assert roles(firm) == {(admin.email, "admin")}


def test_accept_takes_a_second_confirmed_address(admin, firm, stranger, now):
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=stranger, email="second@example.org", verified=True)
    joining.accept(by=by(stranger), token=token_of(invitation_to(firm, "second@example.org", by=admin)), now=now)
    assert (stranger.email, "drafter") in roles(firm)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_accept_expires_on_the_second(admin, firm, now, seconds):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin)
    at = offer.expires_at + timedelta(seconds=seconds)
    if seconds < 0:
        joining.accept(by=by(guest), token=token_of(offer), now=at)
    else:
        with pytest.raises(Conflict, match="expired"):
            joining.accept(by=by(guest), token=token_of(offer), now=at)


def test_accept_refuses_what_was_withdrawn(admin, firm, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin)
    joining.revoke(by=by(admin), invitation=offer)
    joining.revoke(by=by(admin), invitation=offer)
    with pytest.raises(Conflict, match="withdrawn"):
        joining.accept(by=by(guest), token=token_of(offer), now=now)
    assert list(Act.objects.values_list("verb", flat=True)) == ["withdrew invitation"]


def test_whoever_was_removed_does_not_come_back_by_the_old_link(admin, firm, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin)
    membership = joining.accept(by=by(guest), token=token_of(offer), now=now)
    joining.remove_member(by=by(admin), membership=membership)
    with pytest.raises(Conflict, match="used"):
        joining.accept(by=by(guest), token=token_of(offer), now=now)
    assert roles(firm) == {(admin.email, "admin")}


def test_accept_leaves_the_role_of_a_member_as_it_is(admin, firm, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin, role=Role.READER)
    MembershipFactory(organisation=firm, user=guest, role=Role.SUBMITTER)
    joining.accept(by=by(guest), token=token_of(offer), now=now)
    assert ("guest@example.org", "submitter") in roles(firm)


def test_accepted_offer_cannot_be_withdrawn(admin, firm, now):
    offer = invitation_to(firm, "guest@example.org", by=admin, accepted_at=now)
    with pytest.raises(Conflict):
        joining.revoke(by=by(admin), invitation=offer)


def test_withdrawing_is_for_administrators(admin, drafter, other_firm_admin, firm):
    offer = invitation_to(firm, "guest@example.org", by=admin)
    for person in (drafter, other_firm_admin):
        with pytest.raises(NotAllowed):
            joining.revoke(by=by(person), invitation=offer)


def test_invitations_for_are_the_open_ones_to_confirmed_addresses(admin, firm, other_firm_admin, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    mine = invitation_to(firm, "guest@example.org", by=admin)
    other = other_firm_admin.organisations.get()
    invitation_to(other, "guest@example.org", by=other_firm_admin, revoked_at=now)
    invitation_to(other, "someone@example.org", by=other_firm_admin)
    assert joining.invitations_for(guest, now=now) == [mine]
    assert joining.invitations_for(UserFactory(email="unconfirmed@example.org"), now=now) == []


# --- members ----------------------------------------------------------------------------------------------------------
def of(user, organisation):
    return Membership.objects.get(user=user, organisation=organisation)


def test_change_role_records_both_roles(admin, drafter, firm):
    joining.change_role(by=by(admin), membership=of(drafter, firm), role="submitter")
    assert of(drafter, firm).role == "submitter"
    assert Act.objects.get().detail == {"member": drafter.email, "before": "drafter", "role": "submitter"}


def test_only_administrators_change_and_remove(admin, drafter, other_firm_admin, firm):
    for person in (drafter, other_firm_admin):
        with pytest.raises(NotAllowed):
            joining.change_role(by=by(person), membership=of(drafter, firm), role="admin")
        with pytest.raises(NotAllowed):
            joining.remove_member(by=by(person), membership=of(admin, firm))
    assert roles(firm) == {(admin.email, "admin"), (drafter.email, "drafter")}


def test_last_administrator_stays(admin, drafter, firm):
    for act in (
        lambda: joining.leave(by=by(admin), organisation=firm),
        lambda: joining.remove_member(by=by(admin), membership=of(admin, firm)),
        lambda: joining.change_role(by=by(admin), membership=of(admin, firm), role="reader"),
    ):
        with pytest.raises(Conflict, match="administrator"):
            act()
    joining.change_role(by=by(admin), membership=of(drafter, firm), role="admin")
    joining.leave(by=by(admin), organisation=firm)
    assert roles(firm) == {(drafter.email, "admin")}


def test_an_administrator_who_cannot_sign_in_does_not_count(admin, firm):
    member(firm, Role.ADMIN, is_active=False)
    with pytest.raises(Conflict):
        joining.leave(by=by(admin), organisation=firm)


def test_leave_is_for_members(stranger, firm):
    with pytest.raises(Conflict):
        joining.leave(by=by(stranger), organisation=firm)


def at_once(*acts):
    """Run them in threads that start together; what each raised, or None."""
    barrier, raised = Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        barrier.wait()
        try:
            act()
        except Exception as error:
            raised[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_leave_at_once_leave_one_behind(firm, admin):
    second = member(firm, Role.ADMIN)
    raised = at_once(
        lambda: joining.leave(by=by(admin), organisation=firm), lambda: joining.leave(by=by(second), organisation=firm)
    )
    assert sorted(type(error).__name__ for error in raised) == ["Conflict", "NoneType"]
    assert firm.memberships.filter(role=Role.ADMIN).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_invitation_sent_twice_at_once_is_one(firm, admin, now):
    def invite():
        joining.invite(by=by(admin), organisation=firm, email="new@example.org", role="reader", now=NOW)

    raised = at_once(invite, invite, invite)
    assert sorted(type(error).__name__ for error in raised) == ["Conflict", "Conflict", "NoneType"]
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_accepting_and_withdrawing_at_once_end_in_one_of_both(firm, admin, now):
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(firm, "guest@example.org", by=admin)
    raised = at_once(
        lambda: joining.accept(by=by(guest), token=token_of(offer), now=NOW),
        lambda: joining.revoke(by=by(admin), invitation=offer),
    )
    offer.refresh_from_db()
    joined = firm.memberships.filter(user=guest).exists()
    assert sum(error is None for error in raised) == 1
    assert joined == bool(offer.accepted_at) == (offer.revoked_at is None)


def test_individual_has_one_member(individual, stranger, now):
    MembershipFactory(organisation=individual, user=stranger)
    guest = UserFactory(email="guest@example.org", confirmed=True)
    offer = invitation_to(individual, "guest@example.org", by=stranger)
    with pytest.raises(Conflict):
        joining.accept(by=by(guest), token=token_of(offer), now=now)
    assert individual.kind == OrganisationKind.INDIVIDUAL
    assert individual.memberships.count() == 1
