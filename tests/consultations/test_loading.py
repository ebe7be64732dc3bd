"""Recording consultations from a file: whole or not at all, again and again, what is unknown left unknown."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Act
from accounts.record import By
from consultations import loading, publishing, shipped
from consultations.models import (
    Certainty,
    Consultation,
    Deadline,
    DeadlineChange,
    Outcome,
    Question,
    Section,
    Topic,
)
from consultations.querysets import Status
from notifications.refusal import Refusal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BY = By(user=None, door="command")

MINIMAL = {
    "format": shipped.FORMAT,
    "as_of": "2026-11-22",
    "authorities": [
        {"slug": "demo", "name": "Demonstration Authority", "jurisdiction": "UK", "time_zone": "Europe/London"}
    ],
    "topics": [{"slug": "demo-topic", "name": "Demonstration topic"}],
    "consultations": [
        {
            "key": "demo-1",
            "reference": "DEMO/1",
            "kind": "consultation_paper",
            "authorities": ["demo"],
            "topics": ["demo-topic"],
            "published": {"on": "2026-01-05"},
            "deadlines": [
                {"label": "Whole paper", "closes": "2026-07-30", "zone": "Europe/London", "certainty": "stated"}
            ],
            "sections": [
                {
                    "number": "Chapter 1",
                    "closes_with": "Whole paper",
                    "questions": [{"number": "1", "text": "What do you think?"}],
                }
            ],
        }
    ],
    "outcomes": [
        {
            "key": "demo-outcome",
            "kind": "Policy statement",
            "published_on": "2026-09-01",
            "ends": True,
            "certainty": "stated",
            "answers": ["demo-1"],
        }
    ],
}


def data(**paper):
    made = copy.deepcopy(MINIMAL)
    made["consultations"][0].update(paper)
    return made


def load(given, now=NOW):
    return loading.load(file=shipped.read(json.dumps(given)), by=BY, now=now)


def load_shipped(*keys):
    """What comes with Soundings, or the papers of those keys alone, with what answers them."""
    file = shipped.read_file(shipped.SHIPPED_FILE)
    if keys:
        papers = [row for row in file.consultations if row.key in keys]
        outcomes = [replace(row, answers=[key for key in row.answers if key in keys]) for row in file.outcomes]
        file = replace(file, consultations=papers, outcomes=[row for row in outcomes if row.answers])
    return loading.load(file=file, by=BY, now=NOW)


def status_of(key, now=NOW):
    return Consultation.objects.with_status(now).get(source_key=key).status


def counts():
    return [model.objects.count() for model in (Consultation, Deadline, DeadlineChange, Section, Question, Outcome)]


# --- What comes with Soundings ----------------------------------------------------------------------------------------
def test_the_shipped_file_loads_and_a_second_run_changes_nothing():
    first = load_shipped()
    assert (first.consultations, first.outcomes) == ({"made": 40}, {"made": 25})
    before, acts = counts(), Act.objects.count()
    codes = set(Consultation.objects.values_list("code", flat=True))
    second = load_shipped()
    assert (second.consultations, second.outcomes, second.left_alone) == ({"unchanged": 40}, {"unchanged": 25}, [])
    assert (counts(), Act.objects.count()) == (before, acts)
    assert set(Consultation.objects.values_list("code", flat=True)) == codes


def test_two_deadlines_are_the_last_seconds_of_their_days_in_london():
    load_shipped("fca-cp25-25")
    rows = Deadline.objects.filter(consultation__source_key="fca-cp25-25")
    assert {row.label: row.closes_at for row in rows} == {
        "Chapters 1 to 5 (consultation)": datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC),
        "Chapters 6 and 7 (discussion)": datetime(2025, 10, 15, 22, 59, 59, tzinfo=UTC),
    }
    assert all(row.time_assumed for row in rows)


def test_a_moved_deadline_keeps_both_instants_and_says_that_no_reason_is_given():
    load_shipped("fdic-ag20-2025")
    change = DeadlineChange.objects.get(deadline__consultation__source_key="fdic-ag20-2025")
    assert change.old_closes_at == datetime(2026, 2, 18, 4, 59, 59, tzinfo=UTC)
    assert change.new_closes_at == change.deadline.closes_at == datetime(2026, 5, 19, 3, 59, 59, tzinfo=UTC)
    assert (change.version, change.deadline.version) == (2, 2)
    assert "2026-02665" in change.reason
    assert "does not give a reason" in change.reason


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("fca-cp25-25", Status.OUTCOME_PUBLISHED),
        ("fca-cp25-28", Status.CLOSED),  # its policy statement is expected and was not found
        ("fca-cp25-36", Status.CLOSED),  # the closing day is not known
        ("fca-further-perimeter-2026", Status.UNKNOWN),
        ("sec-crypto-task-force", Status.OPEN),
        ("treasury-genius-anprm-2025", Status.CLOSED),  # an extension notice ends nothing
        ("uk-us-taskforce-2025", Status.OUTCOME_PUBLISHED),
        ("fincen-cip-2026", Status.UNKNOWN),
    ],
)
def test_status_of_what_is_recorded(key, status):
    load_shipped(key)
    assert status_of(key) == status


def test_what_is_unknown_stays_unknown():
    load_shipped()
    fund = Outcome.objects.get(source_key="policy-statement-fca-cp25-28")
    assert fund.published_at is None
    assert "was not found" in fund.note
    june = Consultation.objects.get(source_key="fca-cp26-17")
    assert (june.published_on, june.published_on_text) == (None, "June 2026")
    taskforce = Consultation.objects.get(source_key="uk-us-taskforce-2025")
    assert not taskforce.deadlines.exists()
    assert not Question.objects.exclude(section__consultation__source_key="hmt-cryptoassets-2023").exists()
    assert Question.objects.get().number == "10"
    assert Deadline.objects.get(consultation__source_key="fca-dp23-4").certainty == Certainty.INFERRED


def test_one_outcome_answers_many_and_one_paper_leads_to_many():
    load_shipped("fca-cp25-25", "fca-cp26-4", "fca-cp25-14")
    final = Outcome.objects.get(reference="PS26/13")
    assert set(final.consultations.values_list("reference", flat=True)) == {"CP25/25", "CP26/4"}
    paper = Consultation.objects.get(reference="CP25/25")
    assert set(paper.outcomes.values_list("reference", flat=True)) == {"CP26/4", "PS26/13"}
    assert not Consultation.objects.filter(takes_responses=True).exists()
    assert not Consultation.objects.to_announce(NOW).exists()


def test_joint_bodies_keep_their_order():
    load_shipped("uk-us-taskforce-2025")
    taskforce = Consultation.objects.get(source_key="uk-us-taskforce-2025")
    bodies = taskforce.authorities.order_by("consultationauthority__position")
    assert [body.slug for body in bodies] == ["hm-treasury", "us-treasury"]


# --- Again ------------------------------------------------------------------------------------------------------------
def test_what_the_file_says_anew_is_taken_over():
    load(data())
    done = load(data(title="A title at last", topics=[]))
    assert done.consultations == {"changed": 1}
    paper = Consultation.objects.get()
    assert paper.title == "A title at last"
    assert not paper.topics.exists()
    assert Topic.objects.count() == 1


def test_what_staff_put_right_stays_until_the_file_says_something_new():
    load(data())
    Consultation.objects.update(title="Put right by staff")
    load(data())
    assert Consultation.objects.get().title == "Put right by staff"
    load(data(title="From the file", note="New"))
    assert Consultation.objects.get().title == "From the file"


def test_a_deadline_moved_here_is_never_moved_back():
    load(data())
    later = datetime(2026, 12, 31, 12, tzinfo=UTC)
    publishing.extend_deadline(deadline=Deadline.objects.get(), closes_at=later, reason="More time", by=BY, now=NOW)
    done = load(data(title="Something new"))
    assert Deadline.objects.get().closes_at == later
    assert len(done.left_alone) == 1


def test_sections_questions_and_deadlines_that_left_the_file_go():
    load(data())
    load(data(deadlines=[], closing_not_known={"closed_by": "2026-08-01"}, sections=[]))
    assert (Deadline.objects.count(), Section.objects.count(), Question.objects.count()) == (0, 0, 0)
    assert status_of("demo-1") == Status.OUTCOME_PUBLISHED


def test_a_row_in_another_place_of_the_file_is_no_change():
    two = data()
    two["consultations"].append({**two["consultations"][0], "key": "demo-2", "reference": "DEMO/2"})
    load(two)
    two["consultations"].reverse()
    assert load(two).consultations == {"unchanged": 2}


def test_a_closing_time_that_is_given_is_read_in_the_zone_beside_it():
    given = {"label": "All", "closes": "2026-07-30T17:00", "zone": "America/New_York", "certainty": "stated"}
    load(data(deadlines=[given], sections=[]))
    deadline = Deadline.objects.get()
    assert deadline.closes_at == datetime(2026, 7, 30, 21, tzinfo=UTC)
    assert not deadline.time_assumed


# --- Bad files --------------------------------------------------------------------------------------------------------
def deadline(**fields):
    return {"label": "All", "closes": "2026-07-30", "zone": "Europe/London", "certainty": "stated", **fields}


BAD_PAPERS = [
    ({"published": {"on": "2026-02-30"}}, "consultations[0] (DEMO/1), published, on", "not a date"),
    ({"kind": "poem"}, "consultations[0] (DEMO/1), kind", "“poem” is not known"),
    ({"authorities": ["nobody"]}, "consultations[0] (DEMO/1), authorities[0]", "not in the file"),
    ({"authorities": []}, "consultations[0] (DEMO/1)", "at least one body"),
    ({"authorities": "demo"}, "consultations[0] (DEMO/1), authorities", "should be a list, not text"),
    ({"authorities": ["demo", "demo"]}, "consultations[0] (DEMO/1), authorities[1], authorities", "used twice"),
    ({"topics": ["other"]}, "consultations[0] (DEMO/1), topics[0]", "not in the file"),
    ({"colour": "red"}, "consultations[0] (DEMO/1), colour", "not a key that belongs here"),
    ({"key": "Not A Slug"}, "consultations[0] (DEMO/1), key", "small letters"),
    ({"title": 7}, "consultations[0] (DEMO/1), title", "should be text, not a number"),
    ({"title": "x" * 401}, "consultations[0] (DEMO/1), title", "401 characters"),
    ({"title": "nul\x00"}, "consultations[0] (DEMO/1), title", "control character"),
    ({"question_count": -1}, "consultations[0] (DEMO/1), question_count", "not between"),
    ({"question_count": True}, "consultations[0] (DEMO/1), question_count", "whole number"),
    ({"deadlines": [deadline(zone="Mars/Olympus")]}, "consultations[0] (DEMO/1), deadlines[0], zone", "time zone"),
    ({"deadlines": [deadline(closes="soon")]}, "consultations[0] (DEMO/1), deadlines[0], closes", "not a date"),
    (
        {"deadlines": [deadline(closes="2026-07-30T17:00+01:00")]},
        "consultations[0] (DEMO/1), deadlines[0], closes",
        "leave out the offset",
    ),
    ({"deadlines": [deadline(), deadline()]}, "consultations[0] (DEMO/1), deadlines[1], label", "used twice"),
    ({"deadlines": ["x"]}, "consultations[0] (DEMO/1), deadlines[0]", "should be an object"),
    ({"deadlines": [{"label": "All"}]}, "consultations[0] (DEMO/1), deadlines[0], closes", "is missing"),
    ({"deadlines": []}, "consultations[0] (DEMO/1)", "or say closing_not_known"),
    ({"closing_not_known": {}}, "consultations[0] (DEMO/1)", "its closing is known"),
    (
        {"sections": [{"title": "x", "closes_with": "Another"}]},
        "consultations[0] (DEMO/1), sections, closes_with[0]",
        "not in the file",
    ),
    ({"sections": [{}]}, "consultations[0] (DEMO/1), sections[0], number", "needs a number or a title"),
    ({"how_to_respond": {"fax": "1"}}, "consultations[0] (DEMO/1), how_to_respond, fax", "not a key"),
    ({"confidentiality": "none"}, "consultations[0] (DEMO/1), confidentiality[0]", "not in the file"),
]


@pytest.mark.parametrize(("change", "field", "words"), BAD_PAPERS, ids=[field for _, field, _ in BAD_PAPERS])
def test_a_bad_row_is_named_with_its_field(change, field, words):
    with pytest.raises(Refusal) as refused:
        load(data(**change))
    assert refused.value.field == field
    assert words in refused.value.message
    assert not Consultation.objects.exists()


def test_the_same_key_twice_is_refused():
    twice = data()
    twice["consultations"].append(twice["consultations"][0])
    with pytest.raises(Refusal, match=r"consultations\[1\], key: “demo-1” is used twice"):
        load(twice)


def test_one_bad_row_keeps_every_other_out():
    given = data()
    given["consultations"].append({"key": "bad"})
    with pytest.raises(Refusal, match=r"consultations\[1\] \(bad\), kind: is missing"):
        load(given)
    assert not Consultation.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Not JSON"),
        ("{", "Not JSON"),
        ("[]", "should be an object"),
        ("null", "should be an object"),
        ('{"format": "other"}', "should be “soundings-consultations-1”"),
        ('{"a": 1, "a": 2}', "appears twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_such_a_file_is_refused(text, words):
    with pytest.raises(Refusal, match=words):
        shipped.read(text)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_the_command_says_what_is_wrong_and_loads_nothing(tmp_path, content):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match="Nothing was loaded"):
        call_command("load_consultations", path)
    assert not Consultation.objects.exists()


def test_the_command_says_what_it_did():
    said = StringIO()
    call_command("load_consultations", stdout=said)
    assert "40 consultations: 40 new, 0 changed, 0 as before" in said.getvalue()
    assert "25 outcomes: 25 new, 0 changed, 0 as before" in said.getvalue()
