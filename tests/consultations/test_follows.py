"""Following by criteria, as an organisation, and with reminders of one's own: the rule, the pages, the record."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Act, Role
from accounts.record import By
from consultations import following
from consultations.forms import FindForm
from consultations.models import Consultation, Follow, Kind
from notifications.refusal import NotAllowed, Refusal
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    OrganisationFactory,
    TopicFactory,
    UserFactory,
    member,
    paper,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 10, 1, 9, 0, tzinfo=UTC)
OF_SEARCH = {"q": "words", "body": "authority", "topic": "topic", "jurisdiction": "jurisdiction", "kind": "kind"}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


# --- The rule ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def library():
    """Papers that differ in everything one can search by."""
    uk, us = AuthorityFactory(slug="uk", jurisdiction="UK"), AuthorityFactory(slug="us", jurisdiction="US")
    wax, soap = TopicFactory(slug="wax"), TopicFactory(slug="soap")
    made = [
        ConsultationFactory(
            authorities=[uk], kind=Kind.CONSULTATION_PAPER, title="On tallow candles", reference="CP1/25"
        ),
        ConsultationFactory(authorities=[us, uk], kind=Kind.NPRM, title="Custody 100% of the_time", reference="AG-20"),
        ConsultationFactory(authorities=[us], kind=Kind.NPRM, title="Soap", summary="The regulating of tallow."),
        ConsultationFactory(
            authorities=[uk],
            kind=Kind.CALL_FOR_INPUT,
            body="A word on candle-making",
            title="Ünïcode",
            reference="Notices 9",
        ),
        ConsultationFactory(authorities=[uk], is_rehearsal=True, title="Rehearsal of tallow"),
    ]
    for number, topics in enumerate([[wax], [wax, soap], [soap], [], [wax]]):
        made[number].topics.set(topics)
    return made


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        ({"q": "tallow"}, {0, 2}),
        ({"q": "regulated"}, {2}),
        ({"q": "candle"}, {0, 3}),
        ({"q": "cp1/25"}, {0}),
        ({"q": "otices"}, {3}),
        ({"q": "9 notices"}, {3}),
        ({"q": "candle -notices"}, {0}),
        ({"q": "0% o"}, {1}),
        ({"q": "0_ o"}, set()),
        ({"q": '"tallow candles" or soap'}, {0, 2}),
        ({"q": "tallow -soap"}, {0}),
        ({"q": "tallow -regulates"}, {0}),
        ({"q": "cp1/25 -candles"}, set()),
        ({"q": 'candle -"tallow candle" -wax'}, {3}),
        ({"q": "ünï"}, {3}),
        ({"q": "%"}, {1}),
        ({"q": "'); --"}, set()),
        ({"body": "uk"}, {0, 1, 3}),
        ({"body": "us", "topic": "wax"}, {1}),
        ({"topic": "soap"}, {1, 2}),
        ({"topic": "soap", "jurisdiction": "UK"}, {1}),
        ({"jurisdiction": "US"}, {1, 2}),
        ({"kind": "nprm", "q": "tallow"}, {2}),
        ({"body": "uk", "kind": "nprm", "jurisdiction": "US", "topic": "soap", "q": "custody"}, {1}),
    ],
)
def test_what_a_saved_search_brings_is_what_the_list_shows(library, search, numbers):
    user = UserFactory(confirmed=True)
    reader = signed_in(user)
    given = {**search, "when": "usual"}
    assert reader.post(reverse("consultations:save_search"), given).status_code == 302

    form = FindForm({**search, "rehearsals": "none"})
    now = datetime(2100, 1, 1, tzinfo=UTC)
    shown = set(form.narrow(Consultation.objects.visible_to(user, now).with_status(now), now))
    told = {row for row in library if following.hears(user=user, consultation=row)}
    heard = set(Consultation.objects.filter(following.heard_by(user)))
    assert told == heard == shown == {library[number] for number in numbers}
    follow = Follow.objects.get()
    assert (
        set(Follow.objects.filter(pk=follow.pk))
        == {row for each in told for row in following.bringing(user=user, consultation=each)}
        or not told
    )


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"consultation": True, "kind": "nprm"},
        {"kind": "nprm", "muted": True},
        {"kind": "poem"},
        {"kind": "nprm", "leads": ["7x"]},
        {"kind": "nprm", "leads": ["07d"]},
        {"kind": "nprm", "rhythm": "hourly"},
        {"kind": "nprm", "organisation": True},
        {"kind": "nprm", "user": None},
        {"consultation": True, "organisation": True, "user": None, "muted": True},
    ],
)
def test_the_database_takes_no_follow_that_means_nothing(row):
    made = {"consultation": ConsultationFactory, "organisation": OrganisationFactory}
    given = {name: made[name]() if value is True and name in made else value for name, value in row.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(**{"user": UserFactory(), **given})


def test_the_same_search_is_kept_once_and_only_so_many(monkeypatch):
    user, body = UserFactory(), AuthorityFactory()
    for words in ("a b", " a  b ", "a\x00b"):
        following.follow(user=user, target=Follow(words=words, authority=body))
    assert Follow.objects.get().words == "a b"
    monkeypatch.setattr(following, "MOST_SEARCHES", 1)
    following.follow(user=user, target=Follow(words="a b", authority=body))
    with pytest.raises(Refusal):
        following.follow(user=user, target=Follow(words="c"))
    with pytest.raises(Refusal):
        following.follow(user=user, target=Follow(words=" "))


# --- Organisations ----------------------------------------------------------------------------------------------------
def test_what_a_firm_follows_is_heard_by_who_may_draft_for_it_now():
    firm, body = OrganisationFactory(), AuthorityFactory()
    first, reader = member(firm, Role.SUBMITTER, confirmed=True), member(firm, Role.READER, confirmed=True)
    about = ConsultationFactory(authorities=[body])
    following.follow_for(organisation=firm, target=body, by=By(user=first, door="page"))
    muting = member(firm, Role.ADMIN, confirmed=True)
    following.mute(user=muting, consultation=about)
    assert set(following.followers_of(about)) == {first}

    joiner = member(firm, Role.DRAFTER, confirmed=True)
    first.memberships.all().delete()
    assert set(following.followers_of(about)) == {joiner}
    reader.memberships.update(role=Role.DRAFTER)
    assert set(following.followers_of(about)) == {joiner, reader}
    assert about in Consultation.objects.filter(following.heard_by(joiner))
    assert about not in Consultation.objects.filter(following.heard_by(first))


def test_only_who_may_draft_chooses_what_a_firm_follows():
    firm, body = OrganisationFactory(), AuthorityFactory()
    drafter, reader, stranger = member(firm, Role.DRAFTER), member(firm, Role.READER), UserFactory()
    row = following.follow_for(organisation=firm, target=body, by=By(user=drafter, door="page"))
    for user in (reader, stranger):
        by = By(user=user, door="page")
        with pytest.raises(NotAllowed):
            following.follow_for(organisation=firm, target=TopicFactory(), by=by)
        for refused in (following.stop, following.choose_leads):
            with pytest.raises(NotAllowed):
                refused(follow=row, by=by, **({"leads": []} if refused is following.choose_leads else {}))
    assert set(Follow.objects.visible_to(reader)) == {row}
    assert not Follow.objects.visible_to(stranger).exists()


# --- The record -------------------------------------------------------------------------------------------------------
def test_each_change_is_recorded_once_and_not_as_the_papers_own_story():
    user, about = UserFactory(confirmed=True), ConsultationFactory()
    by = By(user=user, door="page", ip="192.0.2.7")
    for _ in range(2):
        following.follow(user=user, target=about, by=by)
    for _ in range(2):
        following.unfollow(user=user, target=about, by=by)
    row = following.follow(user=user, target=about, by=by)
    for _ in range(2):
        following.choose_leads(follow=row, leads=["1d", "7d"], by=by)
    following.unsubscribe(following.unsubscribe_token(user=user, consultations=[about]))
    acts = list(Act.objects.order_by("pk").values_list("verb", "door", "subject", "consultation_code"))
    verbs = ["followed", "muted", "followed", "changed reminders", "muted"]
    assert acts == [(verb, "link" if n == 4 else "page", f"user:{user.pk}", "") for n, verb in enumerate(verbs)]


def test_who_hears_again_hears_from_then_on():
    user, about = UserFactory(), ConsultationFactory()
    following.mute(user=user, consultation=about, now=NOW)
    assert following.follow(user=user, target=about, now=NOW + timedelta(days=3)).since == NOW + timedelta(days=3)


# --- The pages --------------------------------------------------------------------------------------------------------
def test_a_search_is_saved_for_oneself_or_a_firm_and_taken_back(library):
    firm = OrganisationFactory()
    user, reader = member(firm, Role.DRAFTER, confirmed=True), member(firm, Role.READER, confirmed=True)
    client = signed_in(user)
    listed = client.get(reverse("consultations:list"), {"q": "tallow", "body": "uk", "status": "open"}).content.decode()
    assert f"{reverse('consultations:save_search')}?q=tallow&amp;body=uk" in listed
    form = client.get(reverse("consultations:save_search"), {"q": "tallow", "body": "uk"})
    assert 'value="tallow"' in form.content.decode()
    given = {"q": "tallow", "body": "uk", "whose": firm.code, "when": "own", "leads": ["2d"], "other_leads": "2 weeks"}
    assert client.post(reverse("consultations:save_search"), given).url == reverse("consultations:following")
    row = Follow.objects.get()
    assert (row.organisation, row.user, row.leads) == (firm, None, ["14d", "2d"])

    assert row.target in client.get(reverse("consultations:following")).content.decode()
    seen = signed_in(reader).get(reverse("consultations:following")).content.decode()
    assert row.target in seen
    one, remove = (
        reverse("consultations:one_follow", args=[row.pk]),
        reverse("consultations:remove_follow", args=[row.pk]),
    )
    assert one not in seen
    assert signed_in(reader).post(remove).status_code == 403
    assert signed_in(UserFactory()).post(remove).status_code == 404
    assert client.get(one).status_code == 200
    assert client.post(one, {"when": "usual"}).status_code == 302
    row.refresh_from_db()
    assert row.leads is None
    assert client.post(remove).status_code == 302
    assert not Follow.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"when": "usual"},
        {"when": "usual", "q": " \x00"},
        {"when": "usual", "body": "nobody"},
        {"when": "usual", "kind": "poem"},
        {"when": "usual", "q": "x", "whose": "another"},
        {"when": "own", "q": "x", "other_leads": "never"},
        {"q": "x"},
        {"when": "usual", "q": "x" * 201},
    ],
)
def test_what_cannot_be_followed_is_said_and_changes_nothing(given):
    user = member(OrganisationFactory(), Role.DRAFTER)
    response = signed_in(user).post(reverse("consultations:save_search"), given)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not Follow.objects.exists()


def test_a_firm_follows_one_paper_by_its_drafters_alone():
    about, firm = paper(), OrganisationFactory()
    address = reverse("consultations:follow_for", args=[about.code])
    drafter, reader = member(firm, Role.DRAFTER), member(firm, Role.READER)
    assert signed_in(drafter).get(address).status_code == 200
    assert signed_in(reader).post(address, {"organisation": firm.code}).status_code == 403
    assert not Follow.objects.exists()
    assert signed_in(drafter).post(address, {"organisation": firm.code}).status_code == 302
    assert Follow.objects.get().organisation == firm
