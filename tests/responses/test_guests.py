"""Guests of a response: exactly what they reach by any door, how they come in and go, and what is kept of it."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import Http404
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import Act, Role, SignOffRule, User
from accounts.record import By
from accounts.staff.acts import acts_for
from consultations.models import Question
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import allowances, drafting, guests, importing, keeping, signing, snapshot, submission, teamwork
from responses.drafting import Given
from responses.forms import name_of
from responses.guest_emails import guest_answered, guest_invited
from responses.models import Answer, AnswerVersion, Attachment, Comment, Guest, May, Response
from responses.pages import desk_or_guest
from responses.permissions import WHOLE, writing_in
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, question
from tests.responses.pages import own_response, queries, section_url, signed_in, status, stored, typed, url
from tests.test_authorisation import PEOPLE, World, client_of, methods, outcome, routes, table

pytestmark = pytest.mark.django_db
START = factories.OPENED + timedelta(days=1)
NUMBERS = ["2.1", "3.2", "6.1"]


def by(user) -> By:
    return By(user=user, door="page")


class Firm:
    """A firm's draft of a paper of four sections, each answer saying which it is; Firm B answers the paper too."""

    def __init__(self) -> None:
        self.paper = factories.paper_with_two_deadlines()
        self.response, self.admin = own_response(self.paper, consented=True)
        self.submitter = member(self.response.organisation, Role.SUBMITTER, confirmed=True, name="Demonstration Sender")
        for number in ("2.1", "2.3", "6.1", "7.1"):
            self.write(number, f"Text of {number}.")
        teamwork.comment(response=self.response, question=self.asked("2.1"), text="Internal doubt", by=by(self.admin))

    def asked(self, number: str):
        return question(self.paper, number)

    def section(self, number: str):
        return self.paper.sections.get(number=number)

    def write(self, number: str, text: str, version: int = 0, who: User | None = None) -> Answer:
        given = Given(question=self.asked(number), text=text, version=version)
        return drafting.save_answer(response=self.response, given=given, by=by(who or self.admin))

    def invite(self, email: str, sections: str | None = "2", may: str = May.DRAFT, **more) -> Guest:
        shared = None if sections is None else [self.section(number) for number in sections]
        given = {"response": self.response, "email": email, "sections": shared, "may": may, "by": by(self.submitter)}
        return guests.invite(**{**given, **more})

    def guest(self, sections: str | None = "2", may: str = May.DRAFT, user: User | None = None) -> User:
        user = user or UserFactory(confirmed=True)
        guests.accept(token=token(self.invite(user.email, sections, may)), by=by(user))
        return user

    def reached(self, user: User) -> set[str]:
        """The sections that the doors which are open to guests would show."""
        request = RequestFactory().get("/")
        request.user = user
        try:
            here = desk_or_guest(request, self.response.code)
        except Http404:
            return set()
        return {part.section.number for part in here.parts()}


def token(guest: Guest) -> str:
    return guests.link(guest).rstrip("/").rsplit("/", 1)[-1]


@pytest.fixture
def firm(freeze) -> Firm:
    freeze(START)
    return Firm()


# --- What a guest reaches ---------------------------------------------------------------------------------------------
DOORS = {
    "responses:section", "responses:autosave", "responses:versions", "responses:restore", "responses:word",
    "responses:save_word", "responses:word_form", "responses:shared", "responses:leave_shared",
}  # fmt: skip


def test_every_other_door_answers_a_guest_as_it_answers_a_stranger() -> None:
    world, guest, known = World(), UserFactory(confirmed=True), table()
    response = Response.objects.get(code=world.things["response"])
    offer = {"response": response, "email": guest.email, "sections": None, "may": May.DRAFT}
    made = guests.invite(**offer, by=by(world.people["member"]))
    guests.accept(token=token(made), by=by(guest))
    client, differs = client_of(guest), set()
    stranger, insider = PEOPLE.index("stranger"), PEOPLE.index("member")
    for name, route in routes():
        asked = methods(route) if name.startswith("responses:") else {"GET"} & methods(route)
        for method in asked if name.startswith(("responses:", "api:")) else ():
            row = known[f"{method} {name}"]
            asks_who = row[stranger] != row[insider] or name in DOORS
            if asks_who and outcome(client, method, world.address(name, route)) != row[stranger]:
                differs.add(name)
    assert differs == DOORS


def test_each_person_reaches_exactly_what_was_shared(firm: Firm) -> None:
    ended, unconfirmed, gone = firm.guest("23"), firm.guest("23"), firm.guest("23")
    guests.end(guest=Guest.objects.get(user=ended), by=by(firm.submitter))
    unconfirmed.emailaddress_set.update(verified=False)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    invited = UserFactory(confirmed=True)
    firm.invite(invited.email)
    rival = own_response(firm.paper)[1]
    people = {
        "of one": (firm.guest("2"), {"2"}),
        "of two": (firm.guest("36", May.READ), {"3", "6"}),
        "of the whole": (firm.guest(None), {"2", "3", "6", "7"}),
        "member": (firm.admin, {"2", "3", "6", "7"}),
        "ended": (ended, set()),
        "address no longer confirmed": (unconfirmed, set()),
        "deactivated": (gone, set()),
        "invited, not accepted": (invited, set()),
        "stranger": (UserFactory(confirmed=True), set()),
        "rival": (rival, set()),
        "staff": (StaffFactory(rights=["responses.view_response", "responses.view_confidential"]), set()),
    }
    assert {who: firm.reached(user) for who, (user, _) in people.items()} == {
        who: has for who, (_, has) in people.items()
    }
    for who, (user, _) in people.items():
        if who != "member":
            for model in (Answer, AnswerVersion, Attachment, Comment, Guest):
                assert not model.objects.visible_to(user).filter(**of(model, firm.response)).exists(), (who, model)


def of(model: type, response: Response) -> dict[str, Response]:
    return {"answer__response" if model is AnswerVersion else "response": response}


def test_nothing_beyond_the_shared_sections_is_said_by_any_door(firm: Firm) -> None:
    beyond = factories.AttachmentFactory(response=firm.response, question=firm.asked("6.1"), name="beyond.txt")
    whole = factories.AttachmentFactory(response=firm.response, name="whole.txt")
    shared = factories.AttachmentFactory(response=firm.response, question=firm.asked("2.1"), name="shared.txt")
    client = signed_in(firm.guest("2"))
    said = []
    for number in NUMBERS:
        asked = firm.asked(number)
        for page in (section_url(firm.response, asked), f"{url('versions', firm.response, asked.code)}?one=1"):
            answer = client.get(page)
            assert answer.status_code == (200 if number[0] == "2" else 404)
            said.append(answer.content.decode() if answer.status_code == 200 else "")
    said += [client.get(page).content.decode() for page in (url("shared", firm.response), reverse("responses:list"))]
    for kind in ("docx", "xlsx"):
        form = zipfile.ZipFile(io.BytesIO(client.get(url("word_form", firm.response, kind)).content))
        said.append("".join(form.read(name).decode("utf-8", "ignore") for name in form.namelist()))
    everything = "".join(said)
    assert "Text of 2.1." in everything
    assert "shared.txt" in everything
    for hidden in ("Text of 6.1", "Text of 7.1", "Internal doubt", "whole.txt", "beyond.txt", "Discussion of"):
        assert hidden not in everything
    opened = {
        file.name
        for file in (beyond, whole, shared)
        if status(client.get(reverse("responses:attachment", args=[file.code]))) == 200
    }
    assert opened == {"shared.txt"}


def test_an_answer_beyond_does_not_show_through_a_question_that_depends_on_it(firm: Firm) -> None:
    gate, asked = firm.asked("2.2"), firm.asked("3.1")
    type(asked).objects.filter(pk=asked.pk).update(shown_if=gate, shown_if_answer="No")
    client = signed_in(firm.guest("3"))
    pages = [section_url(firm.response, asked), url("shared", firm.response), url("word_form", firm.response, "xlsx")]
    before = [seen(client, page) for page in pages]
    given = Given(question=gate, selected=("No",))
    drafting.save_answer(response=firm.response, given=given, by=by(firm.admin))
    assert [seen(client, page) for page in pages] == before
    assert "Answer only if you answered" in before[0]


def seen(client, page: str) -> str:
    answer = client.get(page)
    if answer.headers["Content-Type"].startswith("text/html"):
        return re.sub('csrfmiddlewaretoken" value="[^"]*', "", answer.content.decode().split("<main")[1])
    return zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml").decode()


# --- The way of one guest ---------------------------------------------------------------------------------------------
def test_counsel_is_invited_drafts_and_is_let_go(firm: Firm, client) -> None:
    inside = signed_in(firm.submitter)
    sent = {"email": "Counsel@Example.org", "share": "some", "sections": [firm.section("2").pk], "may": "draft"}
    assert inside.post(url("guests", firm.response), sent).status_code == 302
    letter = Notification.objects.get(kind="guest_invited")
    assert letter.address == "counsel@example.org"
    message = guest_invited(letter, START)
    assert firm.response.organisation.name not in message.subject
    address = guests.link(Guest.objects.get())
    assert address in message.text
    assert f"You would see: {firm.section('2')}\n" in message.text

    page = (
        address.removeprefix("http://localhost:8000")
        if "localhost:8000" in address
        else reverse("responses:guest_invitation", args=[token(Guest.objects.get())])
    )
    assert "Register" in client.get(page).content.decode()
    assert client.session["invitation_page"] == page
    counsel = UserFactory(email="counsel@example.org", name="Demonstration Counsel", confirmed=True)
    client.force_login(counsel)
    assert "Accept" in client.get(page).content.decode()
    front = url("shared", firm.response)
    assert client.post(page)["Location"] == front
    assert client.post(page)["Location"] == front  # said twice
    assert "has accepted your invitation" in guest_answered(Notification.objects.get(kind="guest_answered"), START).text
    assert front in client.get(reverse("responses:list")).content.decode()

    asked = firm.asked("2.1")
    written = client.post(section_url(firm.response, asked), typed(asked, version=1, text="As counsel says."))
    assert written["Location"] == front
    assert stored(firm.response)["2.1"][0] == "As counsel says."
    foot = inside.get(section_url(firm.response, asked)).content.decode()
    assert "Saved by Demonstration Counsel (a guest, counsel@example.org)" in foot
    beyond = firm.asked("6.1")
    assert client.post(section_url(firm.response, beyond), typed(beyond, version=1, text="x")).status_code == 403

    inside.post(url("end_guest", firm.response, Guest.objects.get().code))
    lost = client.post(section_url(firm.response, asked), typed(asked, version=2, text="Written in vain."))
    assert lost.status_code == 403
    assert "You are no longer a guest of this response" in lost.content.decode()
    assert "Written in vain." in lost.content.decode()
    saved = client.post(section_url(firm.response, asked, "autosave"), typed(asked, version=2, text="In vain."))
    assert (saved.status_code, "no longer a guest" in saved.json()["detail"]) == (409, True)
    assert client.get(section_url(firm.response, asked)).status_code == 404
    assert stored(firm.response)["2.1"][0] == "As counsel says."
    verbs = ["guest invited", "guest accepted", "guest ended"]
    told = Act.objects.filter(verb__startswith="guest").order_by("pk")
    assert list(told.values_list("verb", flat=True)) == verbs
    assert {act.organisation_code for act in told} == {firm.response.organisation.code}
    assert not acts_for(StaffFactory(rights=["accounts.view_act"])).filter(verb__in=verbs).exists()


def test_a_guest_s_stale_save_keeps_both_texts_and_shows_the_shared_answer_alone(firm: Firm) -> None:
    client, asked = signed_in(firm.guest("2")), firm.asked("2.1")
    firm.write("2.1", "A colleague was faster.", 1)
    answer = client.post(section_url(firm.response, asked), typed(asked, version=1, text="Counsel was late."))
    assert answer.status_code == 412
    said = answer.content.decode()
    assert "faster." in said
    assert "late." in said
    assert "Text of 6.1" not in said
    assert [row.how for row in Answer.objects.get(question=asked).versions.all()][:1] == ["set_aside"]


def test_a_section_taken_away_gives_back_what_was_typed(firm: Firm) -> None:
    user = firm.guest("23")
    guests.change(guest=Guest.objects.get(), sections=[firm.section("3")], may=May.DRAFT, by=by(firm.admin))
    asked = firm.asked("2.1")
    lost = signed_in(user).post(section_url(firm.response, asked), typed(asked, version=1, text="Written in vain."))
    assert lost.status_code == 403
    assert "no longer shared with you" in lost.content.decode()
    assert "Written in vain." in lost.content.decode()


def test_the_form_goes_both_ways_within_what_was_shared(firm: Firm) -> None:
    client = signed_in(firm.guest("2"))
    theirs = importing.form(firm.response, ".xlsx", START)  # a member's own, of the whole
    edited = replaced(theirs, {"Text of 2.1.": "From the form.", "Text of 6.1.": "Beyond."})
    shown = client.post(url("word", firm.response), {"file": SimpleUploadedFile("form.xlsx", edited)})
    assert [row["change"].question.number for row in shown.context["rows"]] == ["2.1"]
    sent = {
        f"{firm.asked(n).code}-{name}": value
        for n in ("2.1", "6.1")
        for name, value in {"take": 1, "text": f"New {n}", "version": 1}.items()
    }
    assert client.post(url("save_word", firm.response), sent)["Location"] == url("shared", firm.response)
    assert {number: stored(firm.response)[number][0] for number in ("2.1", "6.1")} == {
        "2.1": "New 2.1",
        "6.1": "Text of 6.1.",
    }


def replaced(content: bytes, words: dict[str, str]) -> bytes:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content))
    for row in book.active.iter_rows():
        for cell in row:
            cell.value = words.get(cell.value, cell.value)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


# --- What a guest may not do ------------------------------------------------------------------------------------------
def test_of_drafting_a_guest_may_answer_and_nothing_else(firm: Firm) -> None:
    user, asked = firm.guest(None), firm.asked("2.1")
    said = {"response": firm.response, "by": by(user)}
    consents = {"text_consent": "publish", "name_consent": "list", "foi_position": "no_objection"}
    refused = {
        "consents": lambda: drafting.state_consents(**said, **consents),
        "assigns": lambda: teamwork.assign(**said, questions=[asked], to=None),
        "calls ready": lambda: teamwork.call_ready(**said, questions=[asked], ready=True),
        "comments": lambda: teamwork.comment(**said, question=asked, text="x"),
        "asks for sign-off": lambda: signing.ask(**said),
        "submits": lambda: submission.submit(**said),
        "invites": lambda: firm.invite("other@example.org", by=by(user)),
        "gives more": lambda: guests.change(guest=Guest.objects.get(), sections=None, may=May.DRAFT, by=by(user)),
    }
    for what, act in refused.items():
        assert isinstance(refusal_of(act), NotAllowed), what
    reader = firm.guest(None, May.READ)
    with pytest.raises(NotAllowed):
        firm.write("2.1", "Not mine to write.", 1, reader)
    assert writing_in(reader, firm.response) is None
    assert writing_in(user, firm.response) == writing_in(firm.admin, firm.response) == WHOLE


def refusal_of(act) -> Refusal | None:
    try:
        act()
    except Refusal as refusal:
        return refusal
    return None


def test_a_guest_of_one_section_saves_nothing_beyond_it(firm: Firm) -> None:
    user = firm.guest("2")
    given = [Given(question=firm.asked(number), text="Counsel’s.", version=1) for number in ("2.1", "6.1")]
    saved, refused = drafting.save_answers(response=firm.response, given=given, by=by(user))
    assert [answer.question.number for answer in saved.values()] == ["2.1"]
    assert [type(refusal) for refusal in refused.values()] == [NotAllowed]


def test_a_guest_works_to_the_deadline_and_a_guest_of_two_firms_mixes_nothing(firm: Firm, freeze) -> None:
    other = own_response(firm.paper)[0]
    rival = firm.guest("6", user=member(other.organisation, confirmed=True))
    assert [row.response for row in Guest.objects.of(rival)] == [firm.response]
    assert set(Response.objects.of(rival).filter(consultation=firm.paper)) == {other}
    firm.write("6.1", "In time.", 1, rival)
    assert not other.answers.exists()
    freeze(factories.DISCUSSION_CLOSES + timedelta(seconds=1))
    with pytest.raises(Conflict):
        firm.write("6.1", "Too late.", 2, rival)
    assert signed_in(rival).get(section_url(firm.response, firm.asked("6.1"))).status_code == 200
    assert not allowances.of(other, START)


def test_a_guest_s_change_voids_the_sign_off(firm: Firm) -> None:
    user = firm.guest("2")
    firm.response.organisation.memberships.filter(user=firm.admin).update(may_sign_off=True)
    firm.response.organisation.sign_off = SignOffRule.REQUIRED
    firm.response.organisation.save()
    ready = signing.look(firm.response, START)
    signing.sign(response=firm.response, checked=snapshot.digest(ready.prepared.content), by=by(firm.admin))
    assert signing.look(firm.response, START).approval.given
    firm.write("2.1", "Changed by counsel.", 1, user)
    assert not signing.look(firm.response, START).approval.given


# --- Invitations ------------------------------------------------------------------------------------------------------
def test_an_invitation_is_for_one_address_for_fourteen_days_and_once(firm: Firm, freeze) -> None:
    made = firm.invite("counsel@example.org")
    row = {str(value) for value in Guest.objects.values_list().get()}
    assert token(made) not in row
    assert guests.SIGNER.signature(made.code) not in row
    assert guests.read_token(made.code) is None
    assert guests.read_token(f"{made.code}.{'A' * 43}") is None
    counsel, thief = UserFactory(email="counsel@example.org", confirmed=True), UserFactory(confirmed=True)
    unproved = UserFactory(email="Counsel2@example.org")
    for somebody in (thief, unproved):
        with pytest.raises(NotAllowed):
            guests.accept(token=token(made), by=by(somebody))
    freeze(START + timedelta(days=14))
    with pytest.raises(Conflict, match="expired"):
        guests.accept(token=token(made), by=by(counsel))
    again = firm.invite("counsel@example.org")  # takes the place of the one that ran out
    with pytest.raises(Conflict, match="withdrawn"):
        guests.accept(token=token(made), by=by(counsel))
    guests.accept(token=token(again), by=by(counsel))
    guests.end(guest=again, by=by(firm.admin))
    with pytest.raises(Conflict, match="withdrawn"):
        guests.accept(token=token(again), by=by(counsel))
    third = firm.invite("counsel@example.org")
    guests.decline(token=token(third), by=by(counsel))
    with pytest.raises(Conflict, match="declined"):
        guests.accept(token=token(third), by=by(counsel))
    assert not Guest.objects.of(counsel).exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "member"}, "email"),
        ({"email": "guest"}, "email"),
        ({"email": "invited@example.org"}, "email"),
        ({"sections": ""}, "sections"),
        ({"may": "submit"}, "may"),
    ],
)
def test_an_invitation_that_does_not_fit_says_where(firm: Firm, changed: dict[str, str], field: str) -> None:
    known = {"member": firm.admin.email, "guest": firm.guest("2").email}
    firm.invite("invited@example.org")
    email = known.get(changed.get("email", ""), changed.get("email", "new@example.org"))
    with pytest.raises(Refusal) as refused:
        firm.invite(email, changed.get("sections", "2"), changed.get("may", May.READ))
    assert refused.value.field == field


def test_a_page_that_refuses_says_so_once_in_its_title_and_a_long_name_ends_in_dots(firm: Firm) -> None:
    told = signed_in(firm.submitter).post(url("guests", firm.response), {"email": "no address"}).content.decode()
    assert "<title>Error: Guests" in told
    assert name_of(Question(text="word " * 20)) == f"“{'word ' * 11}word…”"


def test_only_those_who_may_submit_look_after_guests_and_all_members_see_them(firm: Firm) -> None:
    made = firm.invite("counsel@example.org")
    for role in (Role.DRAFTER, Role.READER):
        client = signed_in(member(firm.response.organisation, role))
        assert "counsel@example.org" in client.get(url("guests", firm.response)).content.decode()
        sent = {"email": "x@example.org", "share": "whole", "may": "read"}
        assert client.post(url("guests", firm.response), sent).status_code == 403
        assert client.post(url("guest", firm.response, made.code), sent).status_code == 403
        assert client.post(url("end_guest", firm.response, made.code)).status_code == 403
    assert Guest.objects.get().ended_at is None


def test_a_guest_may_leave_and_who_becomes_a_member_is_one(firm: Firm) -> None:
    user = firm.guest("2")
    assert signed_in(user).post(url("leave_shared", firm.response)).status_code == 302
    assert firm.reached(user) == set()
    again = firm.guest("2", user=user)
    factories.MembershipFactory(organisation=firm.response.organisation, user=again, role=Role.READER)
    assert firm.reached(again) == {"2", "3", "6", "7"}
    assert writing_in(again, firm.response) is None  # a member by role, however much a guest was allowed
    assert not Guest.objects.of(again).exists()


# --- Cost -------------------------------------------------------------------------------------------------------------
def test_pages_cost_the_same_however_many_guests_there_are(firm: Firm) -> None:
    user = firm.guest("2")
    inside, outside = signed_in(firm.submitter), signed_in(user)
    pages = [
        (inside, url("guests", firm.response)), (outside, reverse("responses:list")),
        (outside, url("shared", firm.response)), (outside, section_url(firm.response, firm.asked("2.1"))),
    ]  # fmt: skip
    before = [counted(client, page) for client, page in pages]
    for number in range(2):
        firm.guest("23")
        firm.invite(f"invited-{number}@example.org", "67")
        other = own_response(factories.paper())
        made = guests.invite(response=other[0], email=user.email, sections=None, may=May.READ, by=by(other[1]))
        guests.accept(token=token(made), by=by(user))
    assert [counted(client, page) for client, page in pages] == before


def counted(client, page: str) -> int:
    with queries() as captured:
        assert client.get(page).status_code == 200
    return len(captured)


def test_versions_keep_who_wrote_them(firm: Firm) -> None:
    user = firm.guest("2", user=UserFactory(confirmed=True, name="Demonstration Counsel"))
    firm.write("2.1", "Counsel’s.", 1, user)
    page = signed_in(firm.admin).get(url("versions", firm.response, firm.asked("2.1").code)).content.decode()
    assert f"Demonstration Counsel (a guest, {user.email})" in page
    assert keeping.newest([Answer.objects.get(question=firm.asked("2.1"))]).popitem()[1].by == user
