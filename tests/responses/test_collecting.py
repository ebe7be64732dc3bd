"""A trade body collects its members' input: who comes in, who reads what, what is copied, and whom it speaks for."""

import hashlib
import json
import zipfile
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Act, Organisation, OrganisationKind, Role, User
from accounts.record import By
from accounts.staff.acts import acts_for
from consultations import publishing
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import (
    archive,
    auditing,
    checking,
    collecting,
    collection_emails,
    contributing,
    downloads,
    erasing,
    exporting,
    proving,
    snapshot,
    speaking_for,
    submission,
)
from responses.collecting import Wanted
from responses.collection_models import Naming
from responses.contributing import Text
from responses.models import (
    Answer,
    AnswerVersion,
    Collection,
    Contribution,
    ContributionAnswer,
    Export,
    Guest,
    May,
    MemberInvitation,
    Reuse,
    SentInput,
    SpokenFor,
)
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, paper, question
from tests.responses.pages import consents, queries, signed_in, url
from tests.responses.test_erasing import found

pytestmark = pytest.mark.django_db
READS = ["responses.view_response", "responses.view_submission", "responses.view_receipt"]


def by(user: User) -> By:
    return By(user=user, door="page")


class World:
    """A trade body with a draft of a paper of two questions, and a collection for it."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.paper = paper(questions=2)
        self.body = factories.OrganisationFactory(name="Demonstration Trade Body", kind=OrganisationKind.TRADE_BODY)
        self.people = {role: member(self.body, role, confirmed=True) for role in Role.values}
        self.lead = self.people[Role.SUBMITTER]
        self.response = factories.ResponseFactory(consultation=self.paper, organisation=self.body, consented=True)
        self.one, self.two = question(self.paper, "1"), question(self.paper, "2")
        self.collection = collecting.open_collection(response=self.response, wanted=self.wanted(), by=by(self.lead))

    def wanted(self, **fields: object) -> Wanted:
        given = {
            "title": "What do our members think?", "note": "Be brief.", "closes_at": self.now + timedelta(days=14),
            "time_zone": "Europe/London", "questions": [self.one, self.two],
        }  # fmt: skip
        return Wanted(**{**given, **fields})

    @property
    def token(self) -> str:
        return collecting.sharing_code(Collection.objects.get(pk=self.collection.pk))

    def firm(self, name: str, text: str = "", *, naming: str = Naming.LIST) -> tuple[Contribution, User]:
        """A member firm that came in by the code, and where it has a text sent that on question 1."""
        user = member(factories.OrganisationFactory(name=name), Role.DRAFTER, confirmed=True)
        row = contributing.join(token=self.token, organisation=user.organisations.get(), by=by(user))
        if text:
            self.write(row, user, text, naming=naming)
            contributing.send(contribution=row, by=by(user))
        row.refresh_from_db()
        return row, user

    def write(self, row: Contribution, user: User, text: str, *, version: int = 0, naming: str = "") -> dict:
        texts = [Text(question=self.one, text=text, version=version)]
        return contributing.save(contribution=row, texts=texts, naming=naming, by=by(user))

    def list(self, *ticked: Contribution, typed: tuple[str, ...] = ()) -> list[str]:
        codes = [row.code for row in ticked]
        made = speaking_for.list_members(response=self.response, ticked=codes, typed=typed, by=by(self.lead))
        return [row.name for row in made]


@pytest.fixture
def world() -> World:
    return World()


# --- Who sees what ----------------------------------------------------------------------------------------------------
def test_each_person_sees_exactly_their_rows(world):
    first, first_user = world.firm("Demonstration Firm A", "What A thinks.")
    world.write(first, first_user, "What A has not sent.", version=1)
    second, second_user = world.firm("Demonstration Firm B")
    world.write(second, second_user, "A draft of B.")
    world.list(first)
    MemberInvitation.objects.create(
        collection=world.collection, email="x@example.org", invited_by=world.lead, invited_at=world.now,
        expires_at=world.now,
    )  # fmt: skip
    rival = member(factories.OrganisationFactory(kind=OrganisationKind.TRADE_BODY))
    guest = UserFactory(confirmed=True)
    Guest.objects.create(
        response=world.response, email=guest.email, user=guest, whole=True, may=May.DRAFT, invited_by=world.lead,
        invited_at=world.now, expires_at=world.now, accepted_at=world.now,
    )  # fmt: skip
    readers = {role: world.people[role] for role in (Role.SUBMITTER, Role.READER)}
    people = {
        **readers, "first": first_user, "second": second_user, "guest": guest, "rival": rival,
        "stranger": UserFactory(), "anonymous": AnonymousUser(),
        "staff": StaffFactory(rights=[*READS, "responses.view_confidential"]),
        "superuser": StaffFactory(is_superuser=True),
    }  # fmt: skip
    sees = {  # of the body, of the member A, of the member B
        Collection: ({"body"}, set(), set()),
        MemberInvitation: ({"body"}, set(), set()),
        SpokenFor: ({"body"}, set(), set()),
        Contribution: ({"A"}, {"A"}, {"B"}),
        SentInput: ({"A"}, {"A"}, set()),
        ContributionAnswer: (set(), {"A"}, {"B"}),
    }
    for model, (body, first_sees, second_sees) in sees.items():
        expected = {**dict.fromkeys(readers, body), "first": first_sees, "second": second_sees}
        for who, user in people.items():
            found = {whose(row) for row in model.objects.visible_to(user)}
            assert found == expected.get(who, set()), (model.__name__, who)

    pages = {name: url(name, world.response) for name in ("collection", "change_collection", "collected", "members")}
    own = {**{who: set(pages) for who in readers}, "first": {first.name}, "second": {second.name}}
    pages |= {row.name: reverse("responses:contribution", args=[row.code]) for row in (first, second)}
    for who in (*readers, "first", "second", "guest"):  # and others in tests/authorisation.txt
        client = signed_in(people[who])
        answers = {name: client.get(address) for name, address in pages.items()}
        assert {name for name, answer in answers.items() if answer.status_code == 200} == own.get(who, set()), who
        assert {answer.status_code for answer in answers.values()} <= {200, 404}
        said = " ".join(answer.content.decode() for answer in answers.values())
        assert ("What A thinks." in said) == (who in readers)
        assert ("What A has not sent." in said) == (who == "first")
        assert ("A draft of B." in said) == (who == "second")
        assert (collecting.spaced(world.token) in said) == (who == Role.SUBMITTER)


def whose(row) -> str:
    contribution = row if isinstance(row, Contribution) else getattr(row, "contribution", None)
    return contribution.name[-1] if contribution and not isinstance(row, SpokenFor) else "body"


def test_acts_of_collecting_are_not_for_staff_and_a_members_are_not_the_bodys(world):
    row, user = world.firm("Demonstration Firm A", "What A thinks.")
    collecting.invite(collection=world.collection, emails=["new@example.org"], by=by(world.lead))
    collecting.copy(response=world.response, question=world.one, sent=row.latest, by=by(world.lead))
    world.list(row)
    collecting.renew_code(collection=world.collection, by=by(world.lead))
    collecting.end_code(collection=world.collection, by=by(world.lead))
    contributing.withdraw(contribution=row, by=by(user))
    collecting.end(collection=world.collection, by=by(world.lead))
    done = {
        "collection opened", "members invited", "input copied", "members listed", "sharing code renewed",
        "sharing code ended", "collection ended",
    }  # fmt: skip
    of_body = Act.objects.filter(organisation_code=world.body.code)
    assert set(of_body.values_list("verb", flat=True)) == done
    of_member = Act.objects.filter(organisation_code=row.organisation.code)
    assert list(of_member.values_list("verb", flat=True)) == ["joined collection", "input sent", "input withdrawn"]
    assert not acts_for(StaffFactory(rights=["accounts.view_act"])).exists()
    assert "What A thinks." not in json.dumps([act.detail for act in Act.objects.all()])


# --- Opening ----------------------------------------------------------------------------------------------------------
def test_a_collection_is_opened_by_who_may_draft_for_a_body_with_members(world):
    for kind, expected in (("law_firm", 404), ("consumer_body", 200)):
        firm = factories.OrganisationFactory(kind=kind)
        response = factories.ResponseFactory(consultation=world.paper, organisation=firm)
        client = signed_in(member(firm))
        assert client.get(url("collection", response)).status_code == expected
        assert client.get(url("members", response)).status_code == expected
        assert ("members’ input" in client.get(url("detail", response)).content.decode()) == (expected == 200)
    unable = factories.ResponseFactory(consultation=world.paper)
    opening = {"response": unable, "wanted": world.wanted(), "by": by(member(unable.organisation))}
    with pytest.raises(NotAllowed, match="trade body"):
        collecting.open_collection(**opening)
    for role in (Role.READER, Role.DRAFTER):
        other = factories.ResponseFactory(organisation=world.body)
        asked = list(other.consultation.sections.get().questions.all())
        opening = {"response": other, "wanted": world.wanted(questions=asked), "by": by(world.people[role])}
        if role == Role.READER:
            with pytest.raises(NotAllowed):
                collecting.open_collection(**opening)
        else:
            collecting.open_collection(**opening)
    with pytest.raises(Conflict):
        collecting.open_collection(response=world.response, wanted=world.wanted(), by=by(world.lead))


def test_what_cannot_be_asked_is_refused_at_its_field(world):
    closes_at = world.one.section.deadline.closes_at
    for field, wrong in (
        ("title", {"title": "  "}),
        ("title", {"title": "two\nlines"}),
        ("questions", {"questions": []}),
        ("day", {"closes_at": world.now - timedelta(seconds=1)}),
        ("day", {"closes_at": closes_at}),
        ("note", {"note": "x" * 10_001}),
    ):
        with pytest.raises(Refusal) as raised:
            collecting.change(collection=world.collection, wanted=world.wanted(**wrong), by=by(world.lead))
        assert raised.value.field == field
    wanted = world.wanted(closes_at=closes_at - timedelta(seconds=1))
    collecting.change(collection=world.collection, wanted=wanted, by=by(world.lead))


def test_the_form_says_when_it_closes_and_asks_all_that_is_open(world):
    response = factories.ResponseFactory(consultation=paper(questions=2), organisation=world.body)
    client, day = signed_in(world.lead), (world.now + timedelta(days=9)).date()
    codes = [question(response.consultation, number).code for number in "12"]
    given = {"title": "T", "note": "", "day": day.isoformat(), "time": "17:00", "zone": "Europe/London", "which": ""}
    assert client.get(url("collection", response)).context["form"].fields["questions"].initial == codes
    for wrong in ({"day": "never"}, {"time": "99"}, {"zone": "Mars"}, {"day": "2020-01-01"}, {"questions": ["X"]}):
        answer = client.post(url("collection", response), {**given, "questions": codes, **wrong})
        assert answer.status_code == 400, wrong
        assert set(answer.context["form"].errors) == set(wrong)
    assert client.post(url("collection", response), {**given, "questions": codes}).status_code == 302
    made = Collection.objects.get(response=response)
    assert (made.questions.count(), made.closes_at.astimezone().tzinfo is not None) == (2, True)
    assert "5:00pm on" in client.get(url("collection", response)).content.decode()
    changed = client.post(url("change_collection", response), {**given, "time": "18:00", "questions": codes[:1]})
    assert changed.status_code == 302
    assert made.questions.get().code == codes[0]


# --- Coming in --------------------------------------------------------------------------------------------------------
def test_a_code_opens_until_it_is_renewed_ended_or_has_run_out(world, freeze):
    first, user = world.token, UserFactory(confirmed=True)
    assert len(first) == 30
    assert collecting.read(collecting.spaced(first).lower()).collection == world.collection
    for guess in (first[:-1] + "2", first[:-1] + "3", first[:10] + "B" * 20, "B" * 30, "", first[:10], "é" * 30, "a.b"):
        if guess != first:
            assert collecting.read(guess) is None
    collecting.renew_code(collection=world.collection, by=by(world.lead))
    second = world.token
    assert collecting.read(first) is None
    client = signed_in(user)
    for token, status in ((first, 404), (second, 200), ("nonsense", 404)):
        assert client.get(reverse("responses:join_collection", args=[token])).status_code == status
    freeze(timezone.now() + timedelta(days=13))
    assert not collecting.read(second).why_not(timezone.now())
    Collection.objects.update(code_expires_at=timezone.now())
    assert "run out" in collecting.read(second).why_not(timezone.now())
    with pytest.raises(Conflict, match="run out"):
        contributing.join(token=second, organisation=None, name="Firm", by=by(user))
    collecting.end_code(collection=world.collection, by=by(world.lead))
    assert collecting.read(second) is None
    assert not Contribution.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT responses_collection::text FROM responses_collection")
        assert second[10:] not in cursor.fetchone()[0]


def test_an_invitation_is_for_one_confirmed_address_and_works_once(world, freeze):
    invited, other = UserFactory(confirmed=True), UserFactory(confirmed=True)
    emails = [f" {invited.email.upper()} ", invited.email, ""]
    (row,) = collecting.invite(collection=world.collection, emails=emails, by=by(world.lead))
    assert collecting.invite(collection=world.collection, emails=emails, by=by(world.lead)) == []
    letter = Notification.objects.get(kind="collection_invitation")
    message = collection_emails.invitation(letter, timezone.now())
    token = collecting.link(row).rstrip("/").rsplit("/", 1)[-1]
    assert token in message.text
    assert world.body.name in message.subject
    address = reverse("responses:join_collection", args=[token])
    anonymous = Client()
    assert "Register" in anonymous.get(address).content.decode()
    assert anonymous.session["invitation_page"] == address  # the way back after registering
    assert signed_in(other).post(address, {"who": "another", "name": "X"}).status_code == 403
    client = signed_in(invited)
    assert client.post(address, {"who": "another", "name": " "}).status_code == 400
    came = client.post(address, {"who": "another", "name": "Demonstration Member"})
    made = Contribution.objects.get()
    assert came.headers["Location"] == reverse("responses:contribution", args=[made.code])
    assert client.get(address).headers["Location"] == came.headers["Location"]
    again = {"token": token, "organisation": None, "by": by(invited)}
    assert contributing.join(name="A second name", **again) == made
    assert "has been used" in signed_in(other).get(address).content.decode()
    assert "accepted" in collection_emails.invitation(letter, timezone.now()).reason

    (late,) = collecting.invite(collection=world.collection, emails=[other.email], by=by(world.lead))
    collecting.revoke(invitation=late, by=by(world.lead))
    assert collecting.read(collecting.SIGNER.sign(late.code)).why_not(timezone.now()).endswith("withdrawn.")
    collecting.change(
        collection=world.collection, wanted=world.wanted(closes_at=world.now + timedelta(days=20)), by=by(world.lead)
    )
    (late,) = collecting.invite(collection=world.collection, emails=[other.email], by=by(world.lead))
    now = freeze(timezone.now() + timedelta(days=15))
    assert "run out" in collecting.read(collecting.SIGNER.sign(late.code)).why_not(now)
    assert len(collecting.invite(collection=world.collection, emails=[other.email], by=by(world.lead))) == 1


def test_addresses_that_are_none_are_refused_together(world):
    client, long = signed_in(world.lead), "a@" + "b." * 130 + "uk"
    for emails in ("", "a@service.invalid", "a@example.org\nb", "\x00@x", long):
        answer = client.post(url("collection", world.response), {"action": "invite", "emails": emails})
        assert answer.status_code == 400
        assert "emails" in answer.context["form"].errors
    assert not MemberInvitation.objects.exists()


def test_nobody_comes_in_unconfirmed_or_for_the_body_itself_or_as_a_reader(world):
    unconfirmed = UserFactory()
    with pytest.raises(NotAllowed, match="Confirm"):
        contributing.join(token=world.token, organisation=None, name="Firm", by=by(unconfirmed))
    with pytest.raises(Refusal):
        contributing.join(token=world.token, organisation=world.body, by=by(world.lead))
    reader = member(factories.OrganisationFactory(), Role.READER, confirmed=True)
    with pytest.raises(NotAllowed):
        contributing.join(token=world.token, organisation=reader.organisations.get(), by=by(reader))
    row, _ = world.firm("Demonstration Firm A")
    colleague = member(row.organisation, Role.DRAFTER, confirmed=True)
    assert contributing.join(token=world.token, organisation=row.organisation, by=by(colleague)) == row


# --- Writing and sending ----------------------------------------------------------------------------------------------
def test_what_was_sent_is_kept_word_for_word_and_nothing_is_sent_twice(world):
    row, user = world.firm("Demonstration Firm A")
    with pytest.raises(Refusal, match="Write something"):
        contributing.send(contribution=row, by=by(user))
    world.write(row, user, "First.\r\nLine.")
    with pytest.raises(Refusal) as raised:
        contributing.send(contribution=row, by=by(user))
    assert raised.value.field == "naming"
    world.write(row, user, "First.\r\nLine.", version=1, naming=Naming.LIST)
    first = contributing.send(contribution=row, by=by(user))
    assert contributing.send(contribution=row, by=by(user)) == first
    world.write(row, user, "Second.", version=1)
    second = contributing.send(contribution=row, by=by(user))
    assert [(sent.number, sent.content[world.one.code]) for sent in row.versions.order_by("number")] == [
        (1, "First.\nLine."), (2, "Second."),
    ]  # fmt: skip
    assert second.sha256 == snapshot.digest(second.content)
    for change in (lambda: SentInput.objects.update(number=9), first.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_two_people_of_a_member_lose_nothing_to_each_other(world):
    row, user = world.firm("Demonstration Firm A")
    client, address = signed_in(user), reverse("responses:contribution", args=[row.code])
    world.write(row, user, "What a colleague wrote.")
    given = {f"{world.one.code}-text": "What I wrote.", f"{world.one.code}-version": "0", "action": "send"}
    answer = client.post(address, {**given, "naming": "list", f"{world.two.code}-text": "More.",
                                   f"{world.two.code}-version": "0"})  # fmt: skip
    said = answer.content.decode()
    assert answer.status_code == 412
    assert "What I wrote." in said
    assert "What a colleague wrote." in said
    assert not SentInput.objects.exists()
    assert row.answers.get(question=world.two).text == "More."
    version = answer.context["form"][f"{world.one.code}-version"].value()
    assert client.post(address, {**given, f"{world.one.code}-version": version}).status_code == 302
    assert row.answers.get(question=world.one).text == "What I wrote."
    assert SentInput.objects.get().content[world.one.code] == "What I wrote."
    assert client.post(address, {f"{world.one.code}-text": "x" * 200_001, "action": "send"}).status_code == 400


@pytest.mark.parametrize("how", ["its date", "ended", "consultation withdrawn"])
def test_after_it_closed_nothing_is_written_and_nothing_typed_is_lost(world, freeze, how):
    row, user = world.firm("Demonstration Firm A", "What A thinks.")
    if how == "its date":
        freeze(world.collection.closes_at)
        assert world.write(row, user, "In the last second.", version=1) == {}
        freeze(world.collection.closes_at + timedelta(seconds=1))
    elif how == "ended":
        collecting.end(collection=world.collection, by=by(world.lead))
    else:
        publishing.withdraw(consultation=world.paper, reason="Not needed.", by=By(user=None, door="command"))
    address = reverse("responses:contribution", args=[row.code])
    given = {f"{world.one.code}-text": "Too late.", f"{world.one.code}-version": "1", "action": "send"}
    answer = signed_in(user).post(address, given)
    assert answer.status_code == 409
    assert "Too late." in answer.content.decode()
    assert SentInput.objects.count() == 1
    assert not row.answers.filter(text="Too late.").exists()
    join = signed_in(UserFactory(confirmed=True)).get(reverse("responses:join_collection", args=[world.token or "x"]))
    assert 'role="alert"' in join.content.decode()
    assert signed_in(world.lead).get(url("collected", world.response)).status_code == 200
    if how == "ended":
        collecting.change(collection=world.collection, wanted=world.wanted(), by=by(world.lead))
        assert world.write(row, user, "Open again.", version=1) == {}


def test_no_value_of_any_field_makes_a_page_fall_over(world):
    row, user = world.firm("Demonstration Firm A")
    lead, firm = signed_in(world.lead), signed_in(user)
    address = reverse("responses:contribution", args=[row.code])
    fields = ("title", "note", "day", "time", "zone", "which", "questions", "action", "emails", "invitation")
    texts = [f"{world.one.code}-text", f"{world.one.code}-version", "naming"]
    for client, where, names in (
        (lead, url("change_collection", world.response), fields),
        (lead, url("collection", world.response), fields),
        (lead, url("collected", world.response), ("question", "contribution", "version")),
        (lead, url("members", world.response), ("ticked", "typed")),
        (firm, address, [*texts, "action"]),
        (firm, reverse("responses:contributions"), ["sharing_code"]),
        (firm, reverse("responses:join_collection", args=[world.token]), ["who", "name"]),
    ):
        client.raise_request_exception = False
        for value, action in (("\x00", "revoke"), ("9" * 30, "send"), ("\u202e", "\u202e")):
            given = {**dict.fromkeys(names, value), "action": action}
            assert client.post(where, given).status_code < 500, (where, value)


# --- Side by side, and copying ----------------------------------------------------------------------------------------
def test_a_text_is_copied_to_the_end_of_the_answer_with_where_it_came_from(world):
    row, user = world.firm("Demonstration Firm A", "What A thinks.")
    world.firm("Demonstration Firm B", "What B thinks.")
    factories.AnswerFactory(response=world.response, question=world.one, text="What we wrote.")
    client, address = signed_in(world.lead), url("collected", world.response)
    shown = client.get(address).content.decode()
    assert shown.index("What A thinks.") < shown.index("What B thinks.")
    given = {"question": world.one.code, "contribution": row.code, "version": "1"}
    assert client.post(address, given).status_code == 302
    answer = Answer.objects.get(response=world.response)
    assert answer.text == "What we wrote.\n\nWhat A thinks."
    reuse = Reuse.objects.get()
    assert (reuse.sent, reuse.version, reuse.by, reuse.words) == (row.latest, answer.version, world.lead, 3)
    assert reuse.sha256 == hashlib.sha256(b"What A thinks.").hexdigest()
    assert AnswerVersion.objects.filter(answer=answer).latest("ordinal").how == "imported"
    section = client.get(url("section", world.response, world.one.section_id)).content.decode()
    assert "words from Demonstration Firm A (input, version 1), copied at" in " ".join(section.split())
    assert "Copied</strong>" in client.get(address).content.decode()
    assert client.post(address, given).status_code == 409

    world.write(row, user, "Something else.", version=1)
    contributing.send(contribution=row, by=by(user))
    stale = client.post(address, given)
    assert stale.status_code == 409
    assert "another version" in stale.content.decode()
    contributing.withdraw(contribution=row, by=by(user))
    assert "Something else." not in client.get(address).content.decode()
    for wrong in ({"contribution": "X"}, {"question": "\x00"}, {"version": "99"}, {"version": "²"}):
        assert client.post(address, {**given, "version": "2", **wrong}).status_code in (400, 404)
    assert signed_in(world.people[Role.READER]).post(address, given).status_code in (403, 404)
    assert Reuse.objects.count() == 1


def test_pages_take_as_many_queries_for_three_members_as_for_one(world):
    client, counts = signed_in(world.lead), {1: [], 3: []}
    for many, firms in ((1, "A"), (3, "BC")):
        for firm in firms:
            row, _ = world.firm(f"Demonstration Firm {firm}", f"What {firm} thinks.")
            collecting.copy(response=world.response, question=world.one, sent=row.latest, by=by(world.lead))
        world.list(*Contribution.objects.all())
        for name in ("collection", "collected", "members"):
            with queries() as counted:
                assert client.get(url(name, world.response)).status_code == 200
            counts[many].append(len(counted))
    assert counts[1] == counts[3]


# --- The members it speaks for ----------------------------------------------------------------------------------------
def test_who_asked_not_to_be_named_is_never_listed(world):
    row, user = world.firm("Demonstration Firm A", "What A thinks.")
    shy, _ = world.firm("Demonstration Firm B", "What B thinks.", naming=Naming.WITHHOLD)
    assert world.list(row, typed=(" zeta  plc ", "", "ZETA PLC", "Alpha")) == [
        "Alpha", "Demonstration Firm A", "zeta plc",
    ]  # fmt: skip
    for wrong in ({"ticked": [shy.code]}, {"typed": ["demonstration firm b"]}, {"typed": ["a\u202eb"]}):
        with pytest.raises(Refusal):
            speaking_for.list_members(
                response=world.response, by=by(world.lead), **{"ticked": [], "typed": [], **wrong}
            )
    client, address = signed_in(world.lead), url("members", world.response)
    for wrong in ({"ticked": shy.code}, {"typed": "x" * 201}):
        assert client.post(address, {"typed": "", **wrong}).status_code == 400
    assert "Asked not to be named" in client.get(address).content.decode()
    world.write(row, user, "What A thinks.", version=1, naming=Naming.WITHHOLD)
    contributing.send(contribution=row, by=by(user))
    assert list(SpokenFor.objects.values_list("name", flat=True)) == ["Alpha", "zeta plc"]
    assert client.post(address, {"typed": ""}).status_code == 302
    assert not SpokenFor.objects.exists()
    assert signed_in(world.people[Role.READER]).post(address, {"typed": "X"}).status_code == 403


def test_the_list_is_filed_proved_and_erased_and_is_absent_where_there_is_none(world):
    row, _ = world.firm("Demonstration Firm A", "What A thinks.")
    factories.AnswerFactory(response=world.response, question=world.one, text="We speak for them.")
    bare = submission.submit(response=world.response, by=by(world.lead))
    assert set(bare.content) == {"consultation", "organisation", "consents", "sections", "files", "left_out"}
    assert "speaks_for" not in bare.receipt.payload
    world.list(row, typed=("Demonstration Member",))
    client = signed_in(world.lead)
    assert "Demonstration Firm A" in client.get(url("check", world.response)).content.decode()
    assert "2 members" in client.get(url("detail", world.response)).content.decode()
    filed = submission.submit(response=world.response, by=by(world.lead))
    assert filed.version == 2
    assert filed.content["speaks_for"] == [
        {"name": "Demonstration Firm A", "organisation": row.organisation.code},
        {"name": "Demonstration Member", "organisation": ""},
    ]
    assert "What A thinks." not in json.dumps(filed.content)
    assert "Demonstration Member" not in json.dumps(filed.receipt.payload)
    assert ("Speaks for", "Demonstration Firm A") in downloads.facts(filed)["facts"]
    assert client.get(reverse("responses:receipt_pdf", args=[filed.receipt.code])).status_code == 200
    for name, key in (("receipt", filed.receipt.code), ("submission", filed.reference)):
        assert "Demonstration Member" in client.get(reverse(f"responses:{name}", args=[key])).content.decode()
    assert checking.check(proving.document(filed.receipt)).is_good
    altered = {**filed.content, "speaks_for": [{"name": "Somebody else", "organisation": ""}]}
    filed.receipt.submission.content = altered
    assert "list of members" in proving.differences(filed.receipt.payload, filed.receipt)[0]
    erasing.erase(submission=filed, reason="A court.", by=by(world.lead), now=timezone.now())
    filed.refresh_from_db()
    assert "speaks_for" not in filed.content
    assert list(auditing.faults()) == []


def test_a_list_that_is_not_filed_any_more_is_named_where_it_would_be_filed(world):
    factories.AnswerFactory(response=world.response, question=world.one, text="We speak for them.")
    world.list(typed=("Demonstration Member",))
    client, address, said = (
        signed_in(world.lead),
        url("check", world.response),
        "You listed 1 member that you speak for",
    )
    assert said not in client.get(address).content.decode()
    Organisation.objects.filter(pk=world.body.pk).update(kind=OrganisationKind.FIRM)
    shown = client.get(address).content.decode()
    assert f"{said}. It is not filed" in shown
    assert "Demonstration Member" not in shown
    assert "speaks_for" not in submission.submit(response=world.response, by=by(world.lead)).content


def test_staff_see_who_also_responded_itself_and_the_body_does_not(world):
    row, _ = world.firm("Demonstration Firm A", "What A thinks.")
    own = factories.ResponseFactory(consultation=world.paper, organisation=row.organisation)
    factories.submit_row(own)  # confidential
    factories.AnswerFactory(response=world.response, question=world.one, text="We speak for them.")
    world.list(row, typed=("Demonstration Firm Z",))
    filed = submission.submit(response=world.response, by=by(world.lead))
    staff = signed_in(StaffFactory(rights=READS))
    confidential = signed_in(StaffFactory(rights=[*READS, "responses.view_confidential"]))
    of_body = reverse("admin:responses_response_change", args=[world.response.pk])
    of_member = reverse("admin:responses_response_change", args=[own.pk])
    own.refresh_from_db()
    assert f"{own.latest.reference}</a>" in staff.get(of_body).content.decode()
    assert f"{filed.reference}</a>" in staff.get(of_member).content.decode()
    body = signed_in(world.lead)
    for address in (url("members", world.response), url("detail", world.response), url("collection", world.response),
                    reverse("responses:submission", args=[filed.reference])):  # fmt: skip
        assert own.code not in body.get(address).content.decode()

    world.response.refresh_from_db()
    world.response.text_consent = "confidential"
    world.response.save()
    hidden = submission.submit(response=world.response, by=by(world.lead))
    assert "Demonstration Firm A" not in staff.get(of_body).content.decode()
    assert hidden.reference not in staff.get(of_member).content.decode()
    assert f"{hidden.reference}</a>" in confidential.get(of_member).content.decode()


def test_a_firm_takes_away_what_it_wrote_and_a_body_what_it_got(world, tmp_path):
    row, user = world.firm("Demonstration Firm A", "What A thinks.")
    world.write(row, user, "Not sent.", version=1)
    world.list(row)
    for organisation, name, has in (
        (world.body, f"responses/{world.response.code}/input.json", "What A thinks."),
        (row.organisation, "contributions.json", "Not sent."),
    ):
        with (tmp_path / "all.zip").open("wb") as target:
            archive.write(target, organisation, now=timezone.now())
        with zipfile.ZipFile(tmp_path / "all.zip") as made:
            said = {each: made.read(each).decode() for each in made.namelist()}
        assert has in said[name]
        assert any("Not sent." in text for text in said.values()) == (organisation != world.body)


def test_what_a_member_wrote_is_erased_for_good_and_that_it_sent_stays(world):
    row, user = world.firm("Demonstration Firm A", "Zyzzyvaquux, says A.")
    world.write(row, user, "Zyzzyvaquux once more.", version=1)
    world.list(row)
    sent = row.versions.get()
    with pytest.raises(IntegrityError), transaction.atomic():  # nothing but a whole erasure is let through
        SentInput.objects.filter(pk=sent.pk).update(content={}, erased_at=world.now)
    built = {"asked_by": user, "asked_at": world.now, "due_at": world.now, "built_at": world.now}
    for organisation in (world.body, row.organisation):
        Export.objects.create(organisation=organisation, expires_at=world.now + timedelta(days=7), **built)
    with pytest.raises(CommandError, match="Say why"):
        call_command("erase_input", row.code, reason=" ")

    call_command("erase_input", row.code, reason="Its author asked for it.", stdout=StringIO())

    assert found("zyzzyvaquux") == set()
    sent.refresh_from_db()
    assert (sent.content, sent.sha256, sent.sent_by, sent.erased_at is None) == ({}, "", user, False)
    assert not SpokenFor.objects.filter(contribution=row).exists()
    exporting.forget_expired(timezone.now())  # as the transaction's end does
    assert not Export.objects.filter(expires_at__gt=timezone.now()).exists()
    act = Act.objects.get(verb="input erased")
    assert (act.subject, act.detail["reason"]) == (f"contribution:{row.code}", "Its author asked for it.")
    assert not acts_for(StaffFactory(rights=["accounts.view_act"])).filter(pk=act.pk).exists()
    for person in (user, world.lead):
        assert "zyzzyvaquux" not in str([*SentInput.objects.visible_to(person).values()]).lower()
    with pytest.raises(IntegrityError), transaction.atomic():
        SentInput.objects.filter(pk=sent.pk).update(content={"x": "Again."}, sha256="x")


# --- The whole way ----------------------------------------------------------------------------------------------------
def test_from_an_invitation_and_a_code_to_a_receipt(world):
    lead = signed_in(world.lead)
    first, second = (
        member(factories.OrganisationFactory(name=f"Demonstration Firm {n}"), confirmed=True) for n in "AB"
    )
    given = {"action": "invite", "emails": first.email}
    assert lead.post(url("collection", world.response), given).status_code == 302
    row = MemberInvitation.objects.get()
    tokens = {first: collecting.link(row).rstrip("/").rsplit("/", 1)[-1]}
    page = lead.get(url("collection", world.response)).context
    found = signed_in(second).post(reverse("responses:contributions"), {"sharing_code": page["sharing_code"].lower()})
    tokens[second] = found.headers["Location"].rstrip("/").rsplit("/", 1)[-1]
    for user, token in tokens.items():
        client, organisation = signed_in(user), user.organisations.get()
        came = client.post(reverse("responses:join_collection", args=[token]), {"who": organisation.code})
        text = {f"{world.one.code}-text": f"{organisation} thinks so.", f"{world.one.code}-version": "0"}
        assert client.post(came.headers["Location"], {**text, "naming": "list", "action": "send"}).status_code == 302
        assert organisation.name in client.get(reverse("responses:contributions")).content.decode()
    sent = {row.name: row for row in Contribution.objects.all()}
    for row in sent.values():
        copied = {"question": world.one.code, "contribution": row.code, "version": "1"}
        assert lead.post(url("collected", world.response), copied).status_code == 302
    ticked = {"ticked": [row.code for row in sent.values()], "typed": "Demonstration Firm C"}
    assert lead.post(url("members", world.response), ticked).status_code == 302
    assert lead.post(url("consents", world.response), consents()).status_code == 302
    checked = lead.get(url("check", world.response)).context["prepared"].sha256
    filed = lead.post(url("submit", world.response), {"checked": checked})
    receipt = lead.get(filed.headers["Location"]).content.decode()
    assert all(f"Demonstration Firm {name}" in receipt for name in "ABC")
    document = lead.get(f"{filed.headers['Location']}receipt.json").content
    assert checking.check(document).is_good
    content = world.response.submissions.get().content
    assert content["sections"][0]["questions"][0]["answer"]["text"] == (
        "Demonstration Firm A thinks so.\n\nDemonstration Firm B thinks so."
    )
    assert lead.post(url("collection", world.response), {"action": "end"}).status_code == 302
    assert lead.post(url("collection", world.response), {"action": "anything"}).status_code == 400
