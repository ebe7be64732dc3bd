"""What a firm holds: searched, used again and exported, by its own people and nobody else."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Act, Role
from accounts.record import By
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import drafting, export_emails, exporting, reusing, searching, snapshot, submission
from responses.drafting import Given
from responses.models import Answer, AnswerVersion, Comment, Export, FiledText, Reuse
from responses.searching import Hit
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, paper, question
from tests.responses.pages import consents, queries, section_url, signed_in, status, typed, url

pytestmark = pytest.mark.django_db
OLD = "Stablecoin reserves need daily attestation.\n\nCustody costs would double for small issuers."


class Firm:
    """A firm that filed one response, and drafts another to a paper of the same question."""

    def __init__(self, name: str, text: str) -> None:
        self.organisation = factories.OrganisationFactory(name=name)
        self.people = {role: member(self.organisation, role, confirmed=True) for role in Role.values}
        self.by = By(user=self.people[Role.ADMIN], door="page")
        old = paper(questions=1, reference=f"CP of {name}")
        self.filed = drafting.start(consultation=old, organisation=self.organisation, by=self.by)
        self.asked = question(old, "1")
        drafting.save_answer(response=self.filed, given=Given(question=self.asked, text=text), by=self.by)
        drafting.state_consents(response=self.filed, by=self.by, **consents())
        self.submission = submission.submit(response=self.filed, by=self.by)
        new = paper(questions=1)
        self.draft = drafting.start(consultation=new, organisation=self.organisation, by=self.by)
        self.question = question(new, "1")


@pytest.fixture
def firm() -> Firm:
    made = Firm("Demonstration Firm A", OLD)
    searching.index_due()
    return made


@pytest.fixture
def rival(firm: Firm) -> Firm:
    made = Firm("Demonstration Firm B", "Stablecoin secrets of the rival.")
    searching.index_due()
    return made


def outsiders(rival: Firm):
    rights = [f"responses.view_{name}" for name in ("response", "submission", "attachment", "receipt", "confidential")]
    return [
        *rival.people.values(), UserFactory(), StaffFactory(), StaffFactory(rights=rights),
        StaffFactory(is_superuser=True), AnonymousUser(),
    ]  # fmt: skip


# --- Search -----------------------------------------------------------------------------------------------------------
def test_search_finds_ones_own_and_nothing_of_anybody_elses(firm, rival):
    answer = drafting.save_answer(
        response=firm.draft, given=Given(question=firm.question, text="A stablecoin draft."), by=firm.by
    )
    filed, draft = f"{firm.submission.reference}:{firm.asked.code}", f"{firm.draft.code}:{firm.question.code}"
    theirs = f"{rival.submission.reference}:{rival.asked.code}"
    for user in firm.people.values():
        assert {hit.key for hit in searching.find(user, "stablecoins")} == {filed, draft}
        assert searching.hit_at(user, theirs) is None
        assert searching.hit_at(user, filed).text == OLD
        assert searching.hit_at(user, draft).answer == answer
    for user in outsiders(rival):
        found = searching.find(user, "stablecoin")
        assert {hit.key for hit in found} == ({theirs} if user in rival.people.values() else set())
        assert searching.hit_at(user, filed) is searching.hit_at(user, draft) is None
        assert not FiledText.objects.visible_to(user).filter(submission=firm.submission).exists()
        assert not Reuse.objects.visible_to(user).exists()


def test_what_was_filed_is_found_after_the_draft_has_changed_and_each_text_once(firm):
    assert [hit.kind for hit in searching.find(firm.people[Role.READER], "attestation")] == ["filed"]
    drafting.save_answer(
        response=firm.filed, given=Given(question=firm.asked, text="Monthly attestation.", version=1), by=firm.by
    )
    assert {hit.kind for hit in searching.find(firm.people[Role.READER], "attestation")} == {"filed", "draft"}
    submission.submit(response=firm.filed, by=firm.by)
    assert searching.index_due() == 1
    assert searching.index_due() == 0
    assert [hit.text for hit in searching.find(firm.people[Role.READER], "attestation")] == ["Monthly attestation."]


@pytest.mark.parametrize("words", ["", '"', "-", "a:*&!(", "\x00", "x" * 500, "'; drop"])
def test_no_words_make_a_search_fall_over(firm, words):
    client = signed_in(firm.people[Role.READER])
    assert client.get(reverse("responses:search"), {"q": words}).status_code == 200
    address = url("earlier", firm.draft, firm.question.code)
    assert client.get(address, {"q": words}).status_code == 200
    assert client.get(address, {"from": words or "x"}).status_code == 404


def test_a_text_of_the_greatest_length_is_still_saved(firm):
    long = "".join(f"{chr(0x1F300 + n % 700)}{n:x} " for n in range(26_000))[: drafting.MAX_TEXT]
    saved = drafting.save_answer(response=firm.draft, given=Given(question=firm.question, text=long), by=firm.by)
    assert Answer.objects.get(pk=saved.pk).text == long


@pytest.mark.parametrize("many", [1, 3])
def test_search_takes_as_many_queries_for_three_hits_as_for_one(many):
    organisation = factories.OrganisationFactory()
    user = member(organisation)
    for _ in range(many):
        made = factories.ResponseFactory(organisation=organisation)
        factories.AnswerFactory(response=made, text="custody")
    client = signed_in(user)
    with queries() as counted:
        answer = client.get(reverse("responses:search"), {"q": "custody"})
    assert len(answer.context["hits"]) == many
    assert len(counted) == 3, [query["sql"][:90] for query in counted]


# --- A passage used again ---------------------------------------------------------------------------------------------
def hit_of(firm: Firm) -> Hit:
    hit = searching.hit_at(firm.by.user, f"{firm.submission.reference}:{firm.asked.code}")
    assert hit
    return hit


def test_a_passage_is_put_behind_what_stands_with_where_it_came_from(firm):
    client = signed_in(firm.people[Role.DRAFTER])
    address = url("earlier", firm.draft, firm.question.code)
    saved = client.post(
        section_url(firm.draft, firm.question),
        {**typed(firm.question, text="What we wrote."), "earlier": firm.question.code},
    )
    assert saved.headers["Location"] == address
    hit = hit_of(firm)
    assert OLD.split("\n\n")[1] in client.get(address, {"from": hit.key}).content.decode()
    assert client.post(address, {"from": hit.key, "paragraph": ["1"]}).status_code == 302
    answer = Answer.objects.get(response=firm.draft)
    assert answer.text == "What we wrote.\n\nCustody costs would double for small issuers."
    reuse = Reuse.objects.get()
    assert (reuse.version, reuse.submission, reuse.by, reuse.words) == (2, firm.submission, firm.people["drafter"], 7)
    assert AnswerVersion.objects.filter(answer=answer).latest("ordinal").how == "imported"
    assert (
        "from CP of Demonstration Firm A, question 1, as filed"
        in client.get(section_url(firm.draft, firm.question)).content.decode()
    )
    assert Act.objects.filter(verb="passage used again", subject=f"response:{firm.draft.code}").count() == 1

    assert client.post(address, {"from": hit.key, "paragraph": ["1"]}).status_code == 409  # it is there already
    assert client.post(address, {"from": hit.key}).status_code == 400
    assert client.post(address, {"from": hit.key, "paragraph": ["9"]}).status_code == 400
    assert Answer.objects.get(response=firm.draft) == answer
    assert Reuse.objects.count() == 1


def test_a_passage_is_refused_to_readers_closed_questions_and_strangers(firm, rival, freeze):
    address = url("earlier", firm.draft, firm.question.code)
    given = {"from": hit_of(firm).key, "paragraph": ["0"]}
    assert signed_in(firm.people[Role.READER]).post(address, given).status_code == 403
    for user in outsiders(rival):
        if not user.is_anonymous:
            assert signed_in(user).post(address, given).status_code == 404
    theirs = {"from": hit_of(rival).key, "paragraph": ["0"]}
    assert signed_in(firm.people[Role.ADMIN]).post(address, theirs).status_code == 404
    freeze(timezone.now() + timedelta(days=400))
    assert signed_in(firm.people[Role.ADMIN]).post(address, given).status_code == 409
    assert not Answer.objects.filter(response=firm.draft).exists()
    assert not Reuse.objects.exists()


def test_only_words_go_into_a_question_of_words(firm):
    firm.question.kind = "number"
    firm.question.save()
    with pytest.raises(Refusal):
        reusing.use(response=firm.draft, question=firm.question, hit=hit_of(firm), passage="3", by=firm.by)
    assert signed_in(firm.by.user).get(url("earlier", firm.draft, firm.question.code)).status_code == 404


# --- Export -----------------------------------------------------------------------------------------------------------
def build(firm: Firm) -> zipfile.ZipFile:
    exporting.ask(organisation=firm.organisation, by=firm.by)
    assert exporting.build_due(timezone.now()) == 1
    export = Export.objects.get(organisation=firm.organisation)
    with export.file.open("rb") as content:
        return zipfile.ZipFile(io.BytesIO(content.read()))


def test_an_export_holds_all_of_the_firm_and_nothing_of_another(firm, rival):
    hit = hit_of(firm)
    reusing.use(response=firm.draft, question=firm.question, hit=hit, passage=hit.paragraphs[0], by=firm.by)
    for one in (firm, rival):
        Comment.objects.create(
            response=one.draft, question=one.question, text=f"Said in {one.organisation}", at=timezone.now()
        )
        factories.AttachmentFactory(response=one.draft, name="../../a/b ü.txt")
    archive = build(firm)
    names = set(archive.namelist())
    filed, draft = f"responses/{firm.filed.code}", f"responses/{firm.draft.code}"
    attachment = firm.draft.attachments.get()
    each = ["response", "answers", "versions", "work", "comments", "guests", "sign_offs", "submissions", "files"]
    assert names == {
        "README.txt", "organisation.json", "contributions.json", "more_time.json", "acts.json",
        *(f"{folder}/{name}.json" for folder in (filed, draft) for name in each),
        f"{filed}/submissions/{firm.submission.reference}.json", f"{filed}/receipts/{firm.submission.reference}.json",
        f"{draft}/files/{attachment.code}-.._.._a_b ü.txt",
    }  # fmt: skip
    whole = b"".join(archive.read(name) for name in names).decode()
    for word in ("rival", rival.organisation.code, rival.filed.code, "Firm B"):
        assert word not in whole
    content = archive.read(f"{filed}/submissions/{firm.submission.reference}.json")
    assert content == snapshot.canonical(firm.submission.content)
    answers = json.loads(archive.read(f"{draft}/answers.json"))
    assert [row["text"] for row in answers] == [hit.paragraphs[0]]
    assert "Said in Demonstration Firm A" in archive.read(f"{draft}/comments.json").decode()
    assert json.loads(archive.read(f"{draft}/response.json"))["taken_from_elsewhere"][0]["from"] == hit.source
    assert json.loads(archive.read(f"{filed}/submissions.json"))[0]["receipt"]["code"] == firm.submission.receipt.code
    assert "response submitted" in {row["what"] for row in json.loads(archive.read("acts.json"))}
    assert len(json.loads(archive.read("organisation.json"))["members"]) == 4


def test_a_file_that_may_not_be_opened_is_left_out_and_named(firm):
    attachment = factories.AttachmentFactory(response=firm.draft, screening="infected", scan_note="Eicar")
    archive = build(firm)
    row = json.loads(archive.read(f"responses/{firm.draft.code}/files.json"))[0]
    assert (row["code"], row["path"]) == (attachment.code, "")
    assert "Eicar" in row["left_out_because"]


def test_an_export_is_for_administrators_alone_until_it_expires(firm, rival, freeze):
    client = signed_in(firm.people[Role.ADMIN])
    assert client.post(reverse("responses:exports"), {"organisation": firm.organisation.code}).status_code == 302
    export = exporting.ask(organisation=firm.organisation, by=firm.by)  # while one is under way it is that one
    assert Export.objects.count() == 1
    exporting.build_due(timezone.now())
    export.refresh_from_db()
    address = reverse("responses:export", args=[export.code])
    assert status(client.get(address)) == 200
    assert "Download the export" in client.get(reverse("responses:exports")).content.decode()
    others = [user for role, user in firm.people.items() if role != Role.ADMIN] + outsiders(rival)
    for user in others:
        assert not Export.objects.visible_to(user).exists()
        if not user.is_anonymous:
            assert signed_in(user).get(address).status_code == 404
            answer = signed_in(user).post(reverse("responses:exports"), {"organisation": firm.organisation.code})
            assert answer.status_code == 404
            with pytest.raises(NotAllowed):
                exporting.ask(organisation=firm.organisation, by=By(user=user, door="page"))
    letter = Notification.objects.get(kind=exporting.KIND)
    assert letter.address == firm.by.user.email
    assert reverse("responses:exports") in export_emails.export_ready(letter, timezone.now()).text
    assert Act.objects.filter(verb="downloaded an export").count() == 1

    name = export.file.name
    freeze(export.expires_at)
    assert client.get(address).headers["Location"] == reverse("responses:exports")
    with pytest.raises(Conflict):
        exporting.open_built(export=export, by=firm.by, now=export.expires_at)
    assert "expired" in export_emails.export_ready(letter, timezone.now()).reason
    exporting.build_due(timezone.now())
    assert not export.file.storage.exists(name)


def test_an_export_that_cannot_be_built_is_tried_again_and_then_says_so(firm, monkeypatch):
    def broken(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr(exporting.archive, "write", broken)
    export, now = exporting.ask(organisation=firm.organisation, by=firm.by), timezone.now()
    for attempt in range(exporting.MOST_TRIES + 1):
        assert exporting.build_due(now + attempt * exporting.AGAIN_AFTER) == 0
    export.refresh_from_db()
    assert "could not be built" in export.failed
    assert exporting.ask(organisation=firm.organisation, by=firm.by) != export
