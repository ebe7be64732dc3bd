"""Rehearsals: dates moved by whole days, marked as what they are, shown to nobody too early."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Act
from accounts.record import By
from consultations.models import Consultation, Deadline, Question, Wording
from consultations.querysets import Status
from consultations.rehearsing import PRACTICE_LABEL, Shift, open_rehearsal, rehearse
from notifications.refusal import NotAllowed
from tests.consultations.test_loading import load_shipped
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    DeadlineFactory,
    SectionFactory,
    StaffFactory,
    paper_with_two_deadlines,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BY = By(user=None, door="command")
LONDON = ZoneInfo("Europe/London")


def made_of(key, now=NOW):
    load_shipped(key)
    return rehearse(consultation=Consultation.objects.get(source_key=key), by=BY, now=now)


def status_of(paper, now=NOW):
    return Consultation.objects.with_status(now).get(pk=paper.pk).status


# --- CP25/25 ----------------------------------------------------------------------------------------------------------
def test_cp25_25_opened_last_week_with_both_deadlines_ahead():
    copy = made_of("fca-cp25-25")
    assert (copy.reference, copy.is_rehearsal, copy.takes_responses) == ("CP25/25 (rehearsal)", True, True)
    assert copy.title.startswith("Rehearsal: ")
    assert copy.published_at == datetime(2026, 11, 16, tzinfo=UTC)
    assert {row.label: row.closes_at for row in copy.deadlines.all()} == {
        "Chapters 1 to 5 (consultation)": datetime(2027, 1, 11, 23, 59, 59, tzinfo=UTC),
        "Chapters 6 and 7 (discussion)": datetime(2026, 12, 14, 23, 59, 59, tzinfo=UTC),
    }
    assert status_of(copy) == Status.OPEN


def test_cp25_25_asks_one_prompt_a_topic_marked_as_our_own():
    copy = made_of("fca-cp25-25")
    asked = Question.objects.filter(section__consultation=copy)
    assert set(asked.values_list("wording", "number")) == {(Wording.SOUNDINGS, "")}
    sections = {section.title: section for section in copy.sections.all()}
    assert {title: section.questions.count() for title, section in sections.items()} == {
        "Chapters 1 to 5 (consultation)": 7,
        "Chapters 6 and 7 (discussion)": 3,
    }
    assert "- Chapter 4\n- Chapter 5" in sections["Chapters 1 to 5 (consultation)"].introduction
    assert sections["Chapters 6 and 7 (discussion)"].deadline.label == "Chapters 6 and 7 (discussion)"


def test_after_the_discussion_has_closed_the_chapters_are_open():
    copy = made_of("fca-cp25-25")
    after = datetime(2026, 12, 15, 0, 0, tzinfo=UTC)
    assert status_of(copy, after) == Status.PART_CLOSED
    assert {section.title for section in copy.sections.all() if section.is_open(after)} == {
        "Chapters 1 to 5 (consultation)"
    }


def test_the_taskforce_has_themes_and_a_practice_deadline_of_its_own():
    copy = made_of("uk-us-taskforce-2025")
    deadline = copy.deadlines.get()
    assert (deadline.label, deadline.closes_at) == (PRACTICE_LABEL, datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC))
    assert "closing date of the real paper is not known" in deadline.note
    assert list(Question.objects.filter(section__consultation=copy).values_list("text", flat=True)) == [
        "Your views on: Working together on digital assets",
        "Your views on: Raising capital across borders: links between the two capital markets",
        "Anything else that you wish to say",
    ]
    assert [body.slug for body in copy.authorities.order_by("consultationauthority__position")] == [
        "hm-treasury",
        "us-treasury",
    ]


def test_numbered_subjects_say_which_questions_they_stand_for():
    copy = made_of("occ-genius-2026")
    asked = Question.objects.filter(section__consultation=copy)
    assert asked.count() == 11
    assert "Questions 1 to 24 of the paper" in asked.first().guidance


def test_a_question_known_word_for_word_is_copied_as_the_papers():
    copy = made_of("hmt-cryptoassets-2023")
    known = Question.objects.get(section__consultation=copy, number="10")
    assert known.wording == Wording.PAPER


def test_every_recorded_paper_can_be_rehearsed_and_answered():
    load_shipped()
    for original in list(Consultation.objects.all()):
        copy = rehearse(consultation=original, by=BY, now=NOW)
        assert status_of(copy) == Status.OPEN, original
        assert Question.objects.filter(section__consultation=copy).exists(), original
        assert not copy.sections.filter(questions__isnull=True).exists(), original
        assert not copy.deadlines.filter(closes_at__lte=NOW).exists(), original


# --- Clocks -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("now", [datetime(2027, 3, 20, 12, tzinfo=UTC), datetime(2026, 10, 20, 22, 59, tzinfo=UTC)])
def test_the_time_of_day_stays_across_changes_of_the_clocks(now):
    original = paper_with_two_deadlines()
    copy = rehearse(consultation=original, by=BY, now=now)
    locals_ = {row.closes_at.astimezone(LONDON).time() for row in copy.deadlines.all()}
    assert {each.isoformat() for each in locals_} == {"23:59:59"}
    moved = {row.label: row.closes_at.astimezone(LONDON).date() for row in copy.deadlines.all()}
    apart = moved["Consultation: chapters 1-5"] - moved["Discussion: chapters 6-7"]
    assert apart == timedelta(days=28)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
    st.integers(-4000, 4000),
    st.sampled_from(["Europe/London", "America/New_York", "Asia/Kathmandu", "UTC"]),
)
def test_a_shift_moves_whole_civil_days(moment, days, zone):
    instant = moment.replace(tzinfo=UTC)
    moved = Shift(days=days, today=date(2026, 1, 1), zone=zone).moved(instant, zone)
    local = instant.astimezone(ZoneInfo(zone))
    assert moved.date() - local.date() == timedelta(days=days)
    assert moved.replace(tzinfo=None).time() == local.replace(tzinfo=None).time()


def test_a_draft_with_its_deadlines_ahead_keeps_them():
    original = ConsultationFactory(draft=True)
    closes = NOW + timedelta(days=20)
    DeadlineFactory(consultation=original, closes_at=closes)
    assert rehearse(consultation=original, by=BY, now=NOW).deadlines.get().closes_at == closes


def test_a_window_shorter_than_a_week_still_leaves_its_deadline_ahead():
    original = ConsultationFactory(published_at=NOW - timedelta(days=100))
    DeadlineFactory(consultation=original, closes_at=NOW - timedelta(days=97))
    copy = rehearse(consultation=original, by=BY, now=NOW)
    assert copy.deadlines.get().closes_at > NOW


def test_no_closing_date_stays_none():
    original = ConsultationFactory()
    DeadlineFactory(consultation=original, closes_at=None)
    assert rehearse(consultation=original, by=BY, now=NOW).deadlines.get().closes_at is None


# --- Staff's own papers -----------------------------------------------------------------------------------------------
def test_staffs_own_questions_are_copied_with_what_hangs_on_them():
    original = paper_with_two_deadlines()
    copy = rehearse(consultation=original, by=BY, now=NOW)
    theirs = Question.objects.filter(section__consultation=original)
    ours = Question.objects.filter(section__consultation=copy)
    fields = ("number", "text", "kind", "required", "word_limit", "options", "wording", "shown_if_answer")
    assert list(ours.values_list(*fields)) == list(theirs.values_list(*fields))
    gate = ours.get(number="2.3").shown_if
    assert (gate.section.consultation, gate.number) == (copy, "2.2")
    assert {s.number: s.deadline.label for s in copy.sections.all()} == {
        "2": "Consultation: chapters 1-5",
        "3": "Consultation: chapters 1-5",
        "6": "Discussion: chapters 6-7",
        "7": "Discussion: chapters 6-7",
    }


def test_a_draft_without_questions_asks_for_views():
    original = ConsultationFactory(draft=True)
    SectionFactory(consultation=original)
    copy = rehearse(consultation=original, by=BY, now=NOW)
    assert Question.objects.get(section__consultation=copy).wording == Wording.SOUNDINGS


def test_a_rehearsal_of_a_rehearsal_is_one_of_the_original():
    original = paper_with_two_deadlines()
    first = rehearse(consultation=original, by=BY, now=NOW)
    second = rehearse(consultation=first, by=BY, now=NOW)
    assert second.rehearsal_of == original
    assert "Rehearsal: Rehearsal" not in second.title


def test_the_original_is_not_touched_and_the_act_is_recorded():
    original = paper_with_two_deadlines()
    before = list(Deadline.objects.filter(consultation=original).values())
    copy = rehearse(consultation=original, by=BY, now=NOW)
    assert list(Deadline.objects.filter(consultation=original).values()) == before
    act = Act.objects.get(subject=f"consultation:{copy.code}")
    assert (act.verb, act.detail) == ("rehearsal made", {"rehearsal_of": original.code})


def test_a_rehearsal_of_what_is_not_public_is_seen_by_staff_alone():
    secret = ConsultationFactory(draft=True, authorities=[AuthorityFactory()])
    copy = rehearse(consultation=secret, by=BY, now=NOW)
    shown = ConsultationFactory(published_at=NOW - timedelta(days=1))
    open_copy = rehearse(consultation=shown, by=BY, now=NOW)
    staff = StaffFactory(rights=["consultations.view_consultation"])
    seen = Consultation.objects.visible_to(AnonymousUser(), NOW)
    assert set(seen) == {shown, open_copy}
    assert set(Consultation.objects.visible_to(StaffFactory(), NOW)) == {shown, open_copy}
    assert set(Consultation.objects.visible_to(staff, NOW)) == {secret, copy, shown, open_copy}


def test_staff_without_the_right_are_refused():
    with pytest.raises(NotAllowed):
        rehearse(consultation=ConsultationFactory(), by=By(user=StaffFactory(), door="admin"), now=NOW)
    assert not Consultation.objects.filter(is_rehearsal=True).exists()


def test_nobody_is_told_of_a_rehearsal():
    rehearse(consultation=ConsultationFactory(), by=BY, now=NOW)
    assert not Consultation.objects.to_announce(NOW).filter(is_rehearsal=True).exists()


# --- The command ------------------------------------------------------------------------------------------------------
def run(*args):
    said = StringIO()
    call_command("rehearse", *args, stdout=said)
    return said.getvalue()


def test_the_command_makes_one_and_with_if_missing_no_second(freeze):
    freeze(NOW)
    load_shipped("fca-cp25-25")
    assert "Rehearsal made" in run("cp25/25")
    assert "There is a rehearsal" in run("CP25/25", "--if-missing")
    assert Consultation.objects.filter(is_rehearsal=True).count() == 1
    freeze(NOW + timedelta(days=100))  # it has closed by then
    assert "Rehearsal made" in run("CP25/25", "--if-missing")


def test_the_command_names_what_is_near():
    load_shipped("fca-cp25-25", "fca-cp25-28", "uk-us-taskforce-2025")
    with pytest.raises(CommandError, match="Did you mean CP25/25"):
        run("CP2525")
    with pytest.raises(CommandError, match="Did you mean UK-US Transatlantic Taskforce"):
        run("taskforce")
    for nothing in ("", "zzz", "\x00"):
        with pytest.raises(CommandError):
            run(nothing)


def test_open_rehearsal_is_the_newest_that_can_be_answered():
    original = paper_with_two_deadlines()
    rehearse(consultation=original, by=BY, now=NOW - timedelta(days=100))
    assert open_rehearsal(consultation=original, now=NOW) is None
    copy = rehearse(consultation=original, by=BY, now=NOW)
    assert open_rehearsal(consultation=original, now=NOW) == copy
