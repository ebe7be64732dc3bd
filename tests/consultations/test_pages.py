"""The pages on which consultations are found, read and followed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import Act
from consultations import publishing
from consultations.models import Consultation, Follow, Wording
from consultations.rehearsing import rehearse
from tests.consultations.test_loading import BY, load_shipped
from tests.factories import (
    AuthorityFactory,
    ConsultationFactory,
    DeadlineChangeFactory,
    DeadlineFactory,
    DocumentFactory,
    FollowFactory,
    OutcomeFactory,
    QuestionFactory,
    SectionFactory,
    StaffFactory,
    TopicFactory,
    UserFactory,
    paper,
    paper_with_two_deadlines,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LIST = "/"


@pytest.fixture(autouse=True)
def now(freeze):
    return freeze(NOW)


@pytest.fixture
def user():
    return UserFactory()


@pytest.fixture
def reader(client, user):
    client.force_login(user)
    return client


def listed(response):
    return [row["paper"] for row in response.context["papers"]]


def page_of(consultation):
    return reverse("consultations:detail", args=[consultation.code])


def text_of(response):
    return " ".join(response.content.decode().split())


# --- Finding ----------------------------------------------------------------------------------------------------------
def test_the_list_is_for_everybody_and_holds_what_is_public(client):
    shown = paper()
    ConsultationFactory(draft=True)
    ConsultationFactory(scheduled=True)
    assert listed(client.get(LIST)) == [shown]


def test_what_closes_soonest_comes_first(client):
    late, soon = paper(closes_at=NOW + timedelta(days=9)), paper(closes_at=NOW + timedelta(days=2))
    closed = paper(closes_at=NOW - timedelta(days=1))
    rolling = ConsultationFactory()
    assert listed(client.get(LIST)) == [soon, late, rolling, closed]


def test_soonest_first_then_what_never_closes_then_the_rest(client):
    closed = paper(published_at=NOW - timedelta(days=5), closes_at=NOW - timedelta(days=1))
    rolling = ConsultationFactory(published_at=NOW - timedelta(days=900))
    DeadlineFactory(consultation=rolling, closes_at=None)
    unknown = ConsultationFactory(published_at=NOW - timedelta(days=800), closing_unknown=True)
    later, soon = (paper(published_at=NOW - timedelta(days=9), closes_at=NOW + timedelta(days=d)) for d in (9, 2))
    assert listed(client.get(LIST)) == [soon, later, rolling, closed, unknown]


def test_newest_and_best_match_are_other_orders(client):
    old = paper(title="Stablecoins", published_at=NOW - timedelta(days=90))
    new = paper(title="Other", summary="Something on stablecoins", published_at=NOW - timedelta(days=2))
    assert listed(client.get(LIST, {"sort": "newest"})) == [new, old]
    assert listed(client.get(LIST, {"q": "stablecoins", "sort": "match"})) == [old, new]


def test_search_finds_words_and_references(client):
    one, other = paper(reference="CP99/25", title="Custody of cryptoassets"), paper(title="Prudential regime")
    assert listed(client.get(LIST, {"q": "cp99/25"})) == [one]
    assert listed(client.get(LIST, {"q": "custodies"})) == [one]
    assert set(listed(client.get(LIST, {"q": ""}))) == {one, other}


def test_each_filter_narrows(client):
    uk, us = AuthorityFactory(slug="demo-uk"), AuthorityFactory(slug="demo-us", jurisdiction="US")
    topic = TopicFactory(slug="custody")
    joint = paper(authorities=[uk, us], kind="call_for_input")
    closed = paper(authorities=[uk], closes_at=NOW - timedelta(days=1))
    joint.topics.set([topic])
    copy = rehearse(consultation=closed, by=BY, now=NOW)
    every = {joint, closed, copy}
    for params, found in [
        ({"body": "demo-us"}, {joint}),
        ({"jurisdiction": "UK"}, every),
        ({"jurisdiction": "US"}, {joint}),
        ({"topic": "custody"}, {joint}),
        ({"status": "closed"}, {closed}),
        ({"status": "open"}, {joint, copy}),
        ({"kind": "call_for_input"}, {joint}),
        ({"rehearsals": "only"}, {copy}),
        ({"rehearsals": "none"}, {joint, closed}),
        ({"rehearsals": ""}, every),
    ]:
        rows = listed(client.get(LIST, params))
        assert (set(rows), len(rows)) == (found, len(found)), params


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"status": "burnt"}, "Choose one from the list."),
        ({"body": "nobody"}, "Choose one from the list."),
        ({"body": "\x00"}, "Null characters are not allowed."),
        ({"topic": "\x00"}, "Null characters are not allowed."),
        ({"sort": "random"}, "Choose one from the list."),
        ({"q": "nul\x00"}, "Null characters are not allowed."),
        ({"q": "x" * 201}, "at most 200 characters"),
        ({"page": "0"}, "There is no such page"),
        ({"page": "-1"}, "There is no such page"),
        ({"page": "one"}, "There is no such page"),
        ({"page": "9" * 5000}, "There is no such page"),
        ({"page": "501"}, "Pages go up to 500."),
    ],
)
def test_a_bad_value_is_said_at_its_field_and_the_rest_still_works(client, params, message):
    shown = paper(title="Custody")
    paper(title="Other")
    given = {"q": "custody", **params}
    response = client.get(LIST, given)
    assert response.status_code == 200
    assert message in text_of(response)
    assert shown in listed(response)


@pytest.mark.parametrize("words", ["'", '"', "a & | ! b", "<->", "%", "_", "\\", "é" * 50, "((", "-", '-"', "🦀"])
def test_any_words_may_be_searched_for(client, words):
    paper()
    assert client.get(LIST, {"q": words}).status_code == 200


def test_what_was_typed_is_kept_and_shown_as_text(client):
    response = client.get(LIST, {"q": "<script>alert(1)</script>", "sort": "newest"})
    content = response.content.decode()
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;"' in content
    assert "<script>alert" not in content
    assert "Nothing fits what you asked for" in content


def test_pages_hold_twenty_and_lead_on_and_back(client):
    made = [paper(questions=0, published_at=NOW - timedelta(days=n + 1)) for n in range(21)]
    first = client.get(LIST, {"sort": "newest", "q": "demonstration"})
    assert listed(first) == made[:20]
    assert first.context["next_url"] == "?sort=newest&q=demonstration&page=2"
    second = client.get(LIST + first.context["next_url"])
    assert listed(second) == made[20:]
    assert (second.context["next_url"], second.context["previous_url"]) == ("", "?sort=newest&q=demonstration&page=1")
    assert "There is nothing on this page" in text_of(client.get(LIST, {"page": 3}))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_the_database_the_same_number_of_times(client, rows, django_assert_num_queries):
    topic = TopicFactory()
    for _ in range(rows):
        row = paper_with_two_deadlines(discussion_closes=NOW + timedelta(days=3))
        row.topics.add(topic)
    with django_assert_num_queries(
        8
    ):  # what is ahead; papers, their bodies, topics, deadlines; filters (2); rehearsals?
        client.get(LIST)


def test_a_rehearsal_is_tagged_and_pointed_to(client):
    assert "Answer a rehearsal" not in text_of(client.get(LIST))
    rehearse(consultation=paper(), by=BY, now=NOW)
    content = text_of(client.get(LIST))
    assert "Answer a rehearsal" in content
    assert '<span class="so-rehearsal__tag">Rehearsal</span>' in content


def test_the_shipped_consultations_are_all_listed_and_all_open_to_reading(client, freeze):
    load_shipped()
    freeze(datetime(2026, 11, 23, tzinfo=UTC))
    found = listed(client.get(LIST)) + listed(client.get(LIST, {"page": 2}))
    assert len(set(found)) == 40
    for consultation in found:
        assert client.get(page_of(consultation)).status_code == 200


# --- Reading ----------------------------------------------------------------------------------------------------------
def test_drafts_and_what_is_scheduled_do_not_exist_for_the_public(client):
    for hidden in (ConsultationFactory(draft=True), ConsultationFactory(scheduled=True)):
        assert client.get(page_of(hidden)).status_code == 404
        client.force_login(StaffFactory())
        assert client.get(page_of(hidden)).status_code == 404
        client.logout()
    assert client.get("/consultations/NOSUCHCODE/").status_code == 404


def test_staff_who_may_see_drafts_preview_them(client):
    client.force_login(StaffFactory(rights=["consultations.view_consultation"]))
    draft = client.get(page_of(ConsultationFactory(draft=True)))
    assert "This is a draft. You see it as firms will" in text_of(draft)
    assert "Start a response" not in text_of(draft)
    assert "This is not public yet" in text_of(client.get(page_of(ConsultationFactory(scheduled=True))))
    assert "You see it as firms will" not in text_of(client.get(page_of(paper())))


def test_a_joint_call_shows_the_moment_in_each_zone_and_the_readers(client):
    us = AuthorityFactory(slug="demo-us", jurisdiction="US", time_zone="America/New_York")
    joint = paper(authorities=[AuthorityFactory(), us], closes_at=datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC))
    content = text_of(client.get(page_of(joint)))
    assert "11:59pm on 10 March 2026, UK time" in content
    assert "7:59pm on 10 March 2026, Eastern Time" in content
    assert "8 days left" in content
    client.force_login(UserFactory(time_zone="Asia/Tokyo"))
    assert "8:59am on 11 March 2026, Tokyo time" in text_of(client.get(page_of(joint)))


@pytest.mark.parametrize(
    ("closes", "left"),
    [
        (datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC), "Closes today"),
        (datetime(2026, 3, 3, 0, 0, 1, tzinfo=UTC), "1 day left"),
        (NOW, "Closes today"),
        (NOW - timedelta(seconds=1), "Closed"),
    ],
)
def test_days_are_counted_on_the_calendar_of_the_deadline(client, closes, left):
    (shown,) = client.get(page_of(paper(closes_at=closes))).context["deadlines"]
    assert shown.left == left


def test_part_closed_says_what_has_closed_and_what_is_open(client, freeze):
    consultation = paper_with_two_deadlines()
    freeze(datetime(2025, 10, 16, tzinfo=UTC))
    content = text_of(client.get(page_of(consultation)))
    assert "Part of it has closed:</strong> Discussion: chapters 6-7." in content
    assert "You can still answer:</strong> Consultation: chapters 1-5." in content
    assert "Start a response" in content


@pytest.mark.parametrize(
    ("moment", "offered"),
    [
        (datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2025, 11, 13, 0, 0, 0, tzinfo=UTC), False),
    ],
)
def test_a_response_is_offered_to_the_last_second(client, freeze, moment, offered):
    consultation = paper_with_two_deadlines()
    freeze(moment)
    assert ("Start a response" in text_of(client.get(page_of(consultation)))) is offered


def test_a_moved_deadline_shows_both_dates_and_why_but_no_staff_address(client):
    consultation = paper()
    deadline = consultation.deadlines.get()
    change = publishing.extend_deadline(
        deadline=deadline, closes_at=datetime(2026, 5, 1, 16, tzinfo=UTC), reason="Firms asked for time.", by=BY
    )
    type(change).objects.update(changed_by_name="officer@example.org")
    content = text_of(client.get(page_of(consultation)))
    assert "from 9:30am on 1 April 2026" not in content  # 9:30am UTC is 10:30am in London by then
    assert "from 10:30am on 1 April 2026, UK time to 5:00pm on 1 May 2026, UK time" in content
    assert "Firms asked for time." in content
    assert "officer@example.org" not in content


def test_what_is_assumed_or_inferred_is_said(client):
    consultation = ConsultationFactory(elsewhere=True)
    DeadlineFactory(
        consultation=consultation, time_assumed=True, certainty="inferred", note="Taken from the paper beside it."
    )
    content = text_of(client.get(page_of(consultation)))
    assert "the end of that day is assumed" in content
    assert "The day is inferred" in content
    assert "Taken from the paper beside it." in content


def test_elsewhere_says_how_to_respond_and_offers_no_response(client):
    via = {"email": "demo@example.org", "post": "1 Demonstration Street", "online_form_url": "https://example.org/form"}
    consultation = paper(elsewhere=True, respond_via=via, closing_unknown=False)
    content = text_of(client.get(page_of(consultation)))
    assert "Start a response" not in content
    for said in via.values():
        assert said in content


def test_questions_show_their_corrections_and_whose_words_they_are(client):
    consultation = paper(questions=1)
    question = consultation.sections.get().questions.get()
    publishing.correct_question(question=question, text="What now?", guidance="", reason="A misprint.", by=BY)
    QuestionFactory(section=question.section, text="Our prompt", wording=Wording.SOUNDINGS)
    content = text_of(client.get(page_of(consultation)))
    assert "Corrected on 2 March 2026" in content
    assert "It said: What do you think of proposal 1?" in content
    assert "A misprint." in content
    assert "not the paper’s wording" in content


def test_outcomes_name_what_else_they_answer_and_keep_what_is_not_public(client):
    consultation, other, hidden = (
        paper(),
        paper(reference="DEMO/OTHER"),
        ConsultationFactory(draft=True, reference="XX1"),
    )
    OutcomeFactory(consultations=[consultation, other, hidden], reference="PS99/1", published_at=NOW)
    OutcomeFactory(consultations=[consultation], reference="PS99/2", published_at=None)
    OutcomeFactory(consultations=[consultation], reference="PS99/3", published_at=None, source_key="demo")
    content = text_of(client.get(page_of(consultation)))
    assert "PS99/1" in content
    assert "DEMO/OTHER" in content
    assert "XX1" not in content
    assert "PS99/2" not in content  # a draft of staff's
    assert "Reported or expected, not confirmed" in content
    assert "PS99/3" in content


def test_markdown_is_rendered_and_cleaned(client):
    body = "# Heading\n\n<script>alert(1)</script> [a](javascript:alert(1)) [b](https://example.org) <b onclick=x>c</b>"
    page = client.get(page_of(paper(body=body + "\n\n![i](https://example.org/i.png)"))).content.decode()
    assert "<h2>Heading</h2>" in page
    assert '<a href="https://example.org" rel="nofollow noopener">b</a>' in page
    for never in ("<script>alert", 'javascript:alert(1)"', "<b onclick", "<img"):
        assert never not in page


def test_sources_that_are_no_addresses_are_no_links(client):
    sources = ["https://example.org/a", "javascript:alert(1)", "https://example.org/b (commit 1)"]
    page = client.get(page_of(paper(sources=sources))).content.decode()
    assert page.count("nofollow noopener") == 1
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("rows", [1, 3])
def test_a_consultation_asks_the_database_the_same_number_of_times(reader, rows, django_assert_num_queries):
    consultation = ConsultationFactory(authorities=[AuthorityFactory() for _ in range(rows)])
    for _ in range(rows):
        deadline = DeadlineFactory(consultation=consultation)
        DeadlineChangeFactory(deadline=deadline)
        section = SectionFactory(consultation=consultation, deadline=deadline)
        for _ in range(rows):
            QuestionFactory(section=section)
        DocumentFactory(consultation=consultation)
        OutcomeFactory(consultations=[consultation])
        consultation.topics.add(TopicFactory())
    reader.get(page_of(consultation))
    with django_assert_num_queries(13):
        reader.get(page_of(consultation))


def test_a_document_is_downloaded_and_never_opened(client):
    consultation = paper()
    file = ContentFile(b"<script>alert(1)</script>", name="paper.html")
    document = DocumentFactory(consultation=consultation, title="The paper", url="", file=file)
    response = client.get(reverse("consultations:document", args=[document.code]))
    assert response["Content-Disposition"] == 'attachment; filename="The paper.html"'
    assert response["Content-Type"] == "application/octet-stream"
    assert b"".join(response.streaming_content).startswith(b"<script>")


def test_a_document_of_a_draft_or_gone_from_the_disk_does_not_exist(client):
    file = ContentFile(b"x", name="paper.pdf")
    document = DocumentFactory(consultation=ConsultationFactory(draft=True), url="", file=file)
    elsewhere = DocumentFactory(consultation=paper())
    gone = DocumentFactory(consultation=paper(), url="", file="documents/gone.pdf")
    for each in (document, elsewhere, gone):
        assert client.get(reverse("consultations:document", args=[each.code])).status_code == 404


# --- Following --------------------------------------------------------------------------------------------------------
def targets():
    consultation = paper(authorities=[AuthorityFactory(slug="demo-body")])
    consultation.topics.add(TopicFactory(slug="demo-topic"))
    return consultation, {"consultation": consultation.code, "authority": "demo-body", "topic": "demo-topic"}


@pytest.mark.parametrize("kind", ["consultation", "authority", "topic"])
def test_following_and_not_any_more(reader, user, kind):
    consultation, names = targets()
    given = {"kind": kind, "name": names[kind], "next": page_of(consultation)}
    for _ in range(2):
        assert reader.post(reverse("consultations:follow"), given).url == page_of(consultation)
    assert Follow.objects.filter(user=user, muted=False).count() == 1
    assert text_of(reader.get(page_of(consultation))).count(">Unfollow<") == 1
    for _ in range(2):
        reader.post(reverse("consultations:unfollow"), given)
    assert not Follow.objects.filter(user=user, muted=False).exists()


def test_the_signed_out_are_asked_for_an_address_or_to_sign_in_and_nothing_changes(client):
    consultation, names = targets()
    for kind, name in names.items():
        given = {"kind": kind, "name": name, "next": page_of(consultation)}
        page = client.post(reverse("consultations:follow"), given, follow=True)
        assert (page.status_code, page.request["PATH_INFO"]) == (200, reverse("consultations:follow_by_email"))
        stop = client.post(reverse("consultations:unfollow"), given)
        assert stop.url.startswith(reverse("account_login"))
        assert page_of(consultation).strip("/") in stop.url.replace("%2F", "/")
    assert not Follow.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "user", "name": "1"},
        {"kind": "topic", "name": "none"},
        {"kind": "topic", "name": "\x00"},
        {"kind": "consultation", "name": "x" * 100},
    ],
)
def test_what_cannot_be_followed_does_not_exist(reader, given):
    assert reader.post(reverse("consultations:follow"), given).status_code == 404


def test_a_draft_cannot_be_followed(reader):
    draft = ConsultationFactory(draft=True)
    given = {"kind": "consultation", "name": draft.code}
    assert reader.post(reverse("consultations:follow"), given).status_code == 404


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "javascript:alert(1)", "\x00", ""])
def test_nobody_is_led_to_another_site(reader, back):
    _, names = targets()
    response = reader.post(reverse("consultations:follow"), {"kind": "topic", "name": names["topic"], "next": back})
    assert response.url == reverse("consultations:following")


def test_follow_buttons_only_post(reader):
    assert reader.get(reverse("consultations:follow")).status_code == 405
    assert reader.get(reverse("consultations:unfollow")).status_code == 405


def test_alerts_show_what_one_follows_and_nothing_of_others(reader, user):
    mine, muted, theirs = paper(), paper(), paper()
    body = paper(authorities=[AuthorityFactory(slug="followed")])
    FollowFactory(user=user, consultation=mine)
    FollowFactory(user=user, consultation=muted, muted=True)
    FollowFactory(user=user, authority=body.authorities.get())
    FollowFactory(consultation=theirs)
    context = reader.get(reverse("consultations:following")).context
    assert [row.consultation for row in context["consultations"]] == [mine]
    assert [row.consultation for row in context["muted"]] == [muted]
    assert {row["paper"] for row in context["coming"]} == {mine, body}


@pytest.mark.parametrize(("rights", "seen"), [([], False), (["consultations.view_consultation"], True)])
def test_alerts_name_a_draft_only_to_staff_who_may_see_drafts(client, rights, seen):
    staff = StaffFactory(rights=rights)
    FollowFactory(user=staff, consultation=ConsultationFactory(draft=True))
    client.force_login(staff)
    assert bool(client.get(reverse("consultations:following")).context["consultations"]) is seen


def test_alerts_are_for_those_signed_in(client):
    for name in ("following", "alerts"):
        assert client.get(reverse(f"consultations:{name}")).status_code == 302


@pytest.mark.parametrize("rows", [1, 3])
def test_alerts_ask_the_database_the_same_number_of_times(reader, user, rows, django_assert_num_queries):
    for _ in range(rows):
        FollowFactory(user=user, consultation=paper())
        FollowFactory(user=user, topic=TopicFactory())
        FollowFactory(user=user, authority=AuthorityFactory())
    reader.get(reverse("consultations:following"))
    with django_assert_num_queries(4):  # the person, what they follow, whom they may choose for, what closes next
        reader.get(reverse("consultations:following"))


def test_reminders_are_chosen_and_kept(reader, user):
    given = {"leads": ["0d", "28d"], "other_leads": "3 Weeks,10 working days, 6 hours before", "holidays": "US",
             "time_zone": "America/New_York"}  # fmt: skip
    assert reader.post(reverse("consultations:alerts"), given).url == reverse("consultations:following")
    user.refresh_from_db()
    assert (user.leads, user.time_zone) == (["28d", "21d", "10w", "0d", "6h"], "America/New_York")
    assert user.holidays == "US"
    for _ in range(2):
        reader.post(reverse("consultations:alerts"), {"time_zone": "America/New_York", "holidays": "US"})
    user.refresh_from_db()
    assert user.leads == []
    acts = Act.objects.filter(subject=f"user:{user.pk}", verb="changed reminders").order_by("pk")
    assert [act.detail["fields"] for act in acts] == [["leads", "time_zone", "holidays"], ["leads"]]


@pytest.mark.parametrize(
    "given",
    [
        {"leads": ["4000d"], "time_zone": "Europe/London"},
        {"leads": ["7d"], "other_leads": "a fortnight", "time_zone": "Europe/London"},
        {"leads": ["7d"], "time_zone": "Mars/Olympus"},
        {"leads": ["7d"]},
        {"other_leads": "400 days", "time_zone": "Europe/London"},
        {"other_leads": ",".join(f"{n} days" for n in range(1, 30)), "time_zone": "Europe/London"},
        {"leads": ["7d"], "time_zone": "Europe/London", "holidays": "FR"},
    ],
)
def test_a_bad_choice_is_said_and_changes_nothing(reader, user, given):
    response = reader.post(reverse("consultations:alerts"), given)
    assert response.status_code == 200
    assert response.context["form"].errors
    before = (user.leads, user.time_zone)
    user.refresh_from_db()
    assert (user.leads, user.time_zone) == before


def test_the_accessibility_statement_is_there(client):
    assert "Accessibility statement" in text_of(client.get(reverse("accessibility")))


def test_nothing_here_needs_a_consultation_to_exist(client):
    assert not Consultation.objects.exists()
    assert "Nothing fits" in text_of(client.get(LIST))
