"""Every saved version of an answer is kept, compared and restored; two people's texts are put together by words."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Role
from accounts.record import By
from responses import drafting, keeping
from responses import versions as kept
from responses.drafting import Given, StaleAnswer
from responses.merging import merge, merge_choice
from responses.models import AnswerVersion, How
from tests import factories
from tests.factories import member, paper, question
from tests.responses.pages import own_response, queries, section_url, signed_in, typed

pytestmark = pytest.mark.django_db
START = factories.OPENED + timedelta(days=1)
MINUTE = timedelta(minutes=1)
LONG = " ".join(f"word{n}" for n in range(40))


class Desk:
    """One question, two people who answer it."""

    def __init__(self) -> None:
        self.response, self.one = own_response(paper(questions=1, closes_at=START + timedelta(days=30)))
        self.other = member(self.response.organisation, Role.DRAFTER, name="Demonstration Colleague")
        self.asked = question(self.response.consultation, "1")

    def save(self, text: str, over: int, *, who=None, how: str = How.TYPED, at=START):
        wanted = Given(question=self.asked, text=text, version=over, how=how)
        return drafting.save_answer(
            response=self.response, given=wanted, by=By(user=who or self.one, door="page"), now=at
        )

    def kept(self) -> list[tuple[str, str]]:
        return [(row.how, row.text) for row in AnswerVersion.objects.order_by("ordinal")]


@pytest.fixture
def desk(freeze) -> Desk:
    freeze(START)
    return Desk()


# --- What is kept -----------------------------------------------------------------------------------------------------
SAVES = {
    "each deliberate save": ([("typed", "a", 0, 0), ("typed", "b", 0, 1)], ["a", "b"]),
    "autosaves of one go": ([("autosaved", "a", 0, 0), ("autosaved", "ab", 0, 3), ("autosaved", "abc", 0, 9)], ["abc"]),
    "ten minutes later": ([("autosaved", "a", 0, 0), ("autosaved", "ab", 0, 10)], ["a", "ab"]),
    "a save closes": ([("autosaved", "a", 0, 0), ("typed", "ab", 0, 1), ("autosaved", "abc", 0, 2)], ["ab", "abc"]),
    "the same, saved": ([("autosaved", "a", 0, 0), ("typed", "a", 0, 1), ("autosaved", "ab", 0, 2)], ["a", "ab"]),
    "another person": ([("autosaved", "a", 0, 0), ("autosaved", "b", 1, 1), ("autosaved", "c", 0, 2)], ["a", "b", "c"]),
    "much taken out": ([("autosaved", LONG, 0, 0), ("autosaved", "oh", 0, 1)], [LONG, "oh"]),
    "merging": ([("autosaved", "a", 0, 0), ("merged", "b", 0, 1)], ["a", "b"]),
}


@pytest.mark.parametrize(("saves", "texts"), SAVES.values(), ids=SAVES)
def test_which_saves_make_a_version(desk: Desk, saves, texts) -> None:
    answer, people = None, [desk.one, desk.other]
    for how, text, who, minutes in saves:
        answer = desk.save(text, answer.version if answer else 0, who=people[who], how=how, at=START + minutes * MINUTE)
    assert [text for _, text in desk.kept()] == texts
    newest = AnswerVersion.objects.first()
    assert (newest.version, newest.text) == (answer.version, answer.text)


def test_a_text_that_came_too_late_is_kept_beside_once(desk: Desk) -> None:
    desk.save("Theirs", 0, who=desk.other)
    for _ in range(2):
        with pytest.raises(StaleAnswer) as stale:
            desk.save("Mine", 0)
    assert stale.value.base is None
    assert desk.kept() == [("typed", "Theirs"), ("set_aside", "Mine")]
    desk.save("Mine and theirs", 1, how=How.MERGED)
    assert [row.ordinal for row in AnswerVersion.objects.all()] == [3, 2, 1]


def test_an_answer_from_before_versions_were_kept_is_kept_when_it_changes(desk: Desk) -> None:
    factories.AnswerFactory(response=desk.response, text="Before", edited_by=desk.other)
    desk.save("After", 1)
    assert desk.kept() == [("typed", "Before"), ("typed", "After")]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Other"}, {"how": "typed"}, {"at": START + timedelta(hours=1)}, {"by": None, "text": "Other"},
        {"ordinal": 7},
    ],
    ids=str,
)  # fmt: skip
def test_the_database_refuses_to_change_or_delete_a_version(desk: Desk, change) -> None:
    desk.save("Mine", 0, how=How.AUTOSAVED)
    desk.save("Theirs", 1, who=desk.other)
    for rows in (AnswerVersion.objects.filter(text="Mine"), AnswerVersion.objects.filter(text="Theirs")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows.update(**change)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            rows._raw_delete("default")


def test_an_account_may_go_and_what_it_wrote_stays(desk: Desk) -> None:
    desk.save("Theirs", 0, who=desk.other)
    AnswerVersion.objects.update(by=None)
    assert desk.kept() == [("typed", "Theirs")]


# --- Restoring --------------------------------------------------------------------------------------------------------
def test_a_restored_version_is_a_new_one(desk: Desk) -> None:
    desk.save("First", 0)
    desk.save("Second", 1, who=desk.other)
    client = signed_in(desk.one)
    address = f"/responses/{desk.response.code}/questions/{desk.asked.code}/versions/"
    with queries() as counted:
        shown = client.get(address, {"one": "1"}).content.decode()
    desk.save("Third", 2)
    with queries() as counted_more:
        client.get(address, {"one": "1"})
    assert "<ins>First</ins>" in shown
    assert len(counted) == len(counted_more)
    stale = client.post(f"{address}1/restore/", {"over": "2"}, follow=True)
    assert "changed this answer" in stale.content.decode()
    assert client.post(f"{address}1/restore/", {"over": "3"}).status_code == 302
    assert desk.kept()[-1] == ("restored", "First")
    assert desk.response.answers.get().version == 4
    assert client.post(f"{address}99/restore/", {"over": "4"}).status_code == 404


def test_nothing_is_restored_once_the_question_has_closed(desk: Desk, freeze) -> None:
    desk.save("First", 0)
    desk.save("Second", 1)
    late = freeze(START + timedelta(days=31))
    version = kept.find(desk.response, desk.asked, 1)
    with pytest.raises(drafting.Conflict):
        kept.restore(
            response=desk.response, version=version, question=desk.asked, over=2, by=By(user=desk.one, door="page"),
            now=late,
        )  # fmt: skip


# --- Two texts put together -------------------------------------------------------------------------------------------
MERGES = {
    "different words": ("keep records for six years", "keep all records for six years", "keep records for five years",
                        "keep all records for five years", True),
    "the same change": ("six years", "five years", "five years", "five years", True),
    "one changed nothing": ("six years", "six years", "at most six years", "at most six years", True),
    "paragraphs": ("One. Two.", "One.\n\nTwo.", "One. Two. Three.", "One.\n\nTwo. Three.", True),
    "the same words": ("six years", "five years", "ten years", "five ten years", False),
    "from nothing": ("", "mine", "theirs", "mine theirs", False),
}  # fmt: skip


@pytest.mark.parametrize(("base", "mine", "theirs", "text", "is_clean"), MERGES.values(), ids=MERGES)
def test_two_texts_are_put_together_by_words(base, mine, theirs, text, is_clean) -> None:
    merged = merge(base, mine, theirs)
    assert (merged.text, merged.is_clean) == (text, is_clean)


texts = st.lists(st.sampled_from(["a ", "b ", "c ", "d\n"]), max_size=8).map("".join)


@settings(max_examples=80, deadline=None)
@given(base=texts, mine=texts, theirs=texts)
def test_a_merge_loses_no_word_that_somebody_added(base, mine, theirs) -> None:
    merged = merge(base, mine, theirs)
    assert merge(base, mine, base).text == mine
    assert merge(base, base, theirs).text == theirs
    for text in (mine, theirs):
        for word in set(text.split()) - set(base.split()):
            assert word in merged.text.split()
    assert merge(base, theirs, mine).is_clean == merged.is_clean


def test_choices_are_merged_whole() -> None:
    assert merge_choice(["A"], ["A"], ["B"]) == (["B"], True)
    assert merge_choice(["A"], ["B"], ["A"]) == (["B"], True)
    assert merge_choice([], ["A"], ["B"]) == (["B"], False)


def test_the_page_puts_two_texts_together_without_javascript(desk: Desk) -> None:
    desk.save("keep records for six years", 0)
    desk.save("keep records for five years", 1, who=desk.other)
    client, address = signed_in(desk.one), section_url(desk.response, desk.asked)
    answer = client.post(address, typed(desk.asked, version=1, text="keep all records for six years"))
    page = answer.content.decode()
    assert answer.status_code == 412
    assert "put together" in page
    assert "keep all records for five years</textarea>" in page
    assert client.post(address, _shown(answer)).status_code == 302
    assert desk.kept() == [
        ("typed", "keep records for six years"), ("typed", "keep records for five years"),
        ("set_aside", "keep all records for six years"), ("merged", "keep all records for five years"),
    ]  # fmt: skip


def test_of_texts_that_collide_each_can_be_put_into_the_field(desk: Desk) -> None:
    desk.save("six", 0)
    desk.save("five", 1, who=desk.other)
    client, address = signed_in(desk.one), section_url(desk.response, desk.asked)
    clash = client.post(address, typed(desk.asked, version=1, text="ten"))
    code = desk.asked.code
    fields = {**_shown(clash), f"{code}-base": "1", f"{code}-mine": "ten"}
    assert fields[f"{code}-text"] == "ten"
    for which, text in (("theirs", "five"), ("both", "ten five"), ("mine", "ten")):
        page = client.post(address, {**fields, "put": f"{code}:{which}"})
        assert _shown(page)[f"{code}-text"] == text
    assert desk.response.answers.get().text == "five"
    assert client.post(address, {**_shown(page), f"{code}-base": "1"}).status_code == 302
    assert desk.kept()[-1] == ("merged", "ten")


def _shown(answer) -> dict[str, str]:
    """What a browser would send of the first form: its fields, and what a conflict adds."""
    form = answer.context["forms"][0]
    fields = {field.html_name: field.value() for field in form}
    return {**fields, f"{form.question.code}-base": str(form.conflict.base.version)}


def test_the_window_of_an_autosave_is_the_databases_too() -> None:
    assert keeping.OPEN_FOR == 10 * MINUTE  # as in the trigger in migration 0100
