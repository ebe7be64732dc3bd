"""More time for one firm: asked for, decided, used up by the submission itself, and nobody else's."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Act, Role
from accounts.record import By
from consultations import publishing
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import drafting, more_time, progress, submission, time_emails
from responses.drafting import Given
from responses.models import Allowance, Decision, Response, Submission, TimeRequest
from tests import factories
from tests.factories import CHAPTERS_CLOSE, DISCUSSION_CLOSES, member, paper, question
from tests.responses.pages import own_response, signed_in, url

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class World:
    """A firm with a draft, another firm beside it, and somebody who decides; the deadline was an hour ago."""

    def __init__(self, **fields):
        self.now = timezone.now()
        self.closed = self.now - HOUR
        self.paper = paper(questions=1, closes_at=self.closed, **fields)
        self.deadline = self.paper.deadlines.get()
        self.response, self.other = (
            factories.ResponseFactory(consultation=self.paper, consented=True) for _ in range(2)
        )
        self.by = By(user=member(self.response.organisation, confirmed=True), door="page")
        self.staff = factories.StaffFactory(
            confirmed=True, rights=["consultations.extend_deadline", "consultations.publish_consultation"]
        )
        self.decider = By(user=self.staff, door="admin")

    def ask(self, **fields):
        given = {"deadline": self.deadline, "organisation": self.response.organisation, "reason": "Illness.",
                 "by": self.by, "now": self.now}  # fmt: skip
        return more_time.ask(**{**given, **fields})

    def grant(self, until=None):
        asked = self.ask()
        until = until or self.now + HOUR
        return more_time.grant(request=asked, until=until, reason="Yes.", by=self.decider, now=self.now)

    def write(self, response=None, *, text="Late words.", now=None, by=None):
        response = response or self.response
        given = Given(question=question(self.paper, "1"), text=text, version=versions(response))
        return drafting.save_answer(response=response, given=given, by=by or self.by, now=now or self.now)

    def submit(self, response=None, *, now=None, by=None):
        return submission.submit(response=response or self.response, by=by or self.by, now=now or self.now)


def versions(response):
    return response.answers.values_list("version", flat=True).first() or 0


@pytest.mark.parametrize(
    ("after_until", "is_in_time"), [(-SECOND, True), (timedelta(0), True), (SECOND, False), (HOUR, False)]
)
def test_an_allowance_holds_to_the_second(after_until, is_in_time):
    world = World()
    until = world.now + HOUR
    world.grant(until)
    world.write()
    now = until + after_until
    if is_in_time:
        assert world.write(text="Changed.", now=now).version == 2
        assert world.submit(now=now).received_at == now
        return
    for act in (world.submit, lambda now: world.write(text="Changed.", now=now)):
        with pytest.raises(Conflict, match="closed"):
            act(now=now)
    assert not Submission.objects.exists()


def test_only_that_firm_has_it_and_it_ends_with_the_submission():
    world = World()
    for act in (world.write, world.submit):
        with pytest.raises(Conflict, match="closed"):
            act()
    world.grant()
    rival = By(user=member(world.other.organisation), door="page")
    for act in (world.write, world.submit):
        with pytest.raises(Conflict, match="closed"):
            act(world.other, by=rival)
    assert not any(part.is_open for part in progress.parts(world.other, world.now))
    standings = progress.standings([world.response, world.other], world.now)
    assert [standings[each.pk].is_open for each in (world.response, world.other)] == [True, False]
    world.write()
    filed = world.submit()
    allowance = Allowance.objects.get()
    assert (allowance.used_in, allowance.used_at) == (filed, world.now)
    assert Act.objects.get(verb="allowance used").detail["reference"] == filed.reference
    assert world.submit() == filed  # the same sent again is the same submission
    with pytest.raises(Conflict, match="closed"):
        world.write(text="And another thing.")
    world.response.answers.update(text="Changed behind it.")
    with pytest.raises(Conflict, match="closed"):
        world.submit()
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_submitted_twice_at_once_under_an_allowance_is_one_submission():
    world = World()
    world.grant()
    world.write()
    made, start = [], Barrier(3)

    def submit():
        try:
            start.wait()
            made.append(world.submit().reference)
        finally:
            connection.close()

    threads = [Thread(target=submit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [f"{world.response.code}-1"] * 3
    assert Submission.objects.count() == 1
    assert Allowance.objects.get().used_in == Submission.objects.get()


def test_what_is_open_to_everybody_does_not_use_it_up(freeze):
    """Of two deadlines the allowed one is not answered: the allowance stays. Then it is, once."""
    now = DISCUSSION_CLOSES + HOUR
    freeze(now)
    consultation = factories.paper_with_two_deadlines()
    response, person = own_response(consultation, consented=True)
    by = By(user=person, door="page")
    discussion = consultation.deadlines.get(closes_at=DISCUSSION_CLOSES)
    asked = more_time.ask(deadline=discussion, organisation=response.organisation, reason="Ill.", by=by, now=now)
    staff = By(user=factories.StaffFactory(rights=["consultations.extend_deadline"]), door="admin")
    more_time.grant(request=asked, until=now + HOUR, reason="Yes.", by=staff, now=now)

    def answer(number):
        given = Given(question=question(consultation, number), text="Words.")
        drafting.save_answer(response=response, given=given, by=by, now=now)
        return submission.submit(response=response, by=by, now=now)

    answer("2.1")
    assert Allowance.objects.get().used_in is None
    filed = answer("6.1")
    assert Allowance.objects.get().used_in == filed
    with pytest.raises(Conflict, match="closed"):
        answer("7.1")
    assert now < CHAPTERS_CLOSE


def test_extended_for_all_leaves_the_allowance_unused():
    world = World()
    world.grant()
    publishing.extend_deadline(
        deadline=world.deadline, closes_at=world.now + 5 * HOUR, reason="Many asked.", by=By(user=None, door="command")
    )
    world.write()
    world.submit()
    assert Allowance.objects.get().used_in is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"reason": " "}, "Say why"),
        ({"reason": "x" * 5_000}, "4,000 characters"),
        ({"wanted_on": timezone.now().date() - timedelta(days=2)}, "still to come"),
        ({"by": By(user=None, door="page")}, "does not let you ask"),
    ],
)
def test_what_may_not_be_asked(given, error):
    with pytest.raises(Refusal, match=error):
        World().ask(**given)
    assert not TimeRequest.objects.exists()


def test_one_request_waits_at_a_time_and_is_decided_once():
    world = World()
    asked = world.ask()
    with pytest.raises(Conflict, match="asked already"):
        world.ask()
    with pytest.raises(Conflict, match="has not moved"):
        more_time.note_extension(request=asked, reason="Moved.", by=world.decider)
    for until, error in ((world.closed - SECOND, "still to come"), (world.now, "still to come")):
        with pytest.raises(Refusal, match=error):
            more_time.grant(request=asked, until=until, reason="Yes.", by=world.decider, now=world.now)
    with pytest.raises(NotAllowed):
        more_time.refuse(request=asked, reason="No.", by=world.by)
    with pytest.raises(Refusal, match="Give the reason"):
        more_time.refuse(request=asked, reason="", by=world.decider)
    more_time.refuse(request=asked, reason="No.", by=world.decider)
    with pytest.raises(Conflict, match="decided: refused"):
        more_time.grant(request=asked, until=world.now + HOUR, reason="Yes.", by=world.decider, now=world.now)
    assert world.ask().is_waiting  # after a refusal one may ask again
    assert not Allowance.objects.exists()


def test_both_sides_are_told_and_it_is_recorded():
    world = World()
    drafter = member(world.response.organisation, Role.DRAFTER, confirmed=True)
    world.grant()
    told = {(row.kind, row.address) for row in Notification.objects.filter(kind__startswith="more_time")}
    assert told == {("more_time_asked", world.staff.email), ("more_time_decided", world.by.user.email)}
    assert drafter.email not in {address for _, address in told}
    acts = Act.objects.filter(verb__startswith="more time")
    assert list(acts.order_by("id").values_list("verb", flat=True)) == ["more time asked for", "more time granted"]


# --- Doors ------------------------------------------------------------------------------------------------------------
def test_the_firm_asks_on_its_page_and_staff_decide_on_theirs(client):
    world = World()
    firm = signed_in(world.by.user)
    address = url("more_time", world.response)
    assert firm.post(address, {"deadline": world.deadline.pk, "reason": ""}).status_code == 400
    assert firm.post(address, {"deadline": world.deadline.pk, "reason": "Illness."}).status_code == 302
    assert "Waiting for a decision" in firm.get(address).content.decode()
    assert signed_in(member(world.other.organisation)).get(address).status_code == 404
    reader = factories.StaffFactory(
        confirmed=True,
        rights=["responses.view_timerequest", "consultations.extend_deadline", "consultations.view_consultation"],
    )
    staff = signed_in(reader)
    asked = TimeRequest.objects.get()
    assert "More time asked for: 1" in staff.get(reverse("admin:index")).content.decode()
    assert (
        str(world.response.organisation)
        in staff.get(reverse("admin:responses_timerequest_changelist")).content.decode()
    )
    assert "Illness." in staff.get(reverse("admin:responses_timerequest_change", args=[asked.pk])).content.decode()
    form = {"until": f"{world.now + timedelta(days=2):%Y-%m-%d}", "until_time": "23:59", "which": "", "reason": "Yes."}
    grant = reverse("admin:responses_timerequest_grant", args=[asked.pk])
    assert "Illness." in staff.get(grant).content.decode()  # what is decided on
    assert staff.post(grant, {**form, "until": "2020-01-01"}).status_code == 400
    assert staff.post(grant, form).status_code == 302
    asked.refresh_from_db()
    assert asked.decision == Decision.GRANTED
    assert "you may submit until" in firm.get(address).content.decode()
    assert "You have more time" in firm.get(url("detail", world.response)).content.decode()


def test_more_time_over_the_api():
    world = World()
    client = Client()
    client.force_login(world.by.user)
    address = reverse("api:more_time", args=[world.response.code])
    headers = {"content_type": "application/json"}
    assert client.post(address, {"reason": "", "deadline": "x"}, **headers).status_code == 400
    assert client.post(address, {"reason": "Illness.", "deadline": "x"}, **headers).status_code == 400
    made = client.post(address, {"reason": "Illness.", "wanted_on": "2999-01-01"}, **headers)
    assert (made.status_code, made.json()["decision"]) == (201, "asked")
    assert client.post(address, {"reason": "Illness."}, **headers).status_code == 409
    (listed,) = client.get(address).json()
    assert listed["deadline"] == world.deadline.label
    stranger = Client()
    stranger.force_login(member(world.other.organisation))
    assert stranger.get(address).status_code == 404
    assert Response.objects.count() == 2


def test_a_firm_that_never_began_is_heard_late_once(freeze):
    """From the consultation's page to the receipt; others stay outside, and what was granted is used up."""
    world = World()
    freeze(world.now)
    firm = factories.OrganisationFactory()
    submitter, drafter, rival = (
        member(firm, confirmed=True), member(firm, Role.DRAFTER), member(factories.OrganisationFactory()),
    )  # fmt: skip
    person, about = signed_in(submitter), f"?consultation={world.paper.code}"
    address, begin = reverse("responses:late") + about, reverse("responses:start")
    assert address in person.get(reverse("consultations:detail", args=[world.paper.code])).content.decode()
    refused = person.post(begin, {"consultation": world.paper.code})
    assert (refused.status_code, address in refused.content.decode()) == (409, True)
    assert "Ask to respond late</button>" not in signed_in(drafter).get(address).content.decode()
    assert signed_in(drafter).post(address, {"deadline": world.deadline.pk, "reason": "x"}).status_code == 400
    assert person.post(address, {"deadline": world.deadline.pk, "reason": ""}).status_code == 400
    assert person.post(address, {"deadline": 0, "reason": "Illness."}).status_code == 400
    assert person.post(address, {"deadline": world.deadline.pk, "reason": "Illness."}).status_code == 302
    assert "Waiting for a decision" in person.get(address).content.decode()
    assert person.post(begin, {"consultation": world.paper.code}).status_code == 409
    asked = TimeRequest.objects.get(organisation=firm)
    more_time.grant(request=asked, until=world.now + HOUR, reason="Yes.", by=world.decider)
    told = Notification.objects.get(kind="more_time_decided")
    assert "Begin your response" in time_emails.more_time_decided(told, world.now).text
    assert address in person.get(reverse("responses:list")).content.decode()
    assert address not in signed_in(rival).get(reverse("responses:list")).content.decode()
    for stranger in (signed_in(rival), signed_in(factories.UserFactory())):
        assert "Illness." not in stranger.get(address).content.decode()
    assert signed_in(rival).post(begin, {"consultation": world.paper.code}).status_code == 409

    assert "You may respond late" in signed_in(drafter).get(address).content.decode()
    assert signed_in(drafter).post(begin, {"consultation": world.paper.code}).status_code == 302
    response = Response.objects.get(organisation=firm)
    section = world.paper.sections.get()
    for shown in (url("detail", response), url("section", response, section.pk), url("work", response)):
        assert "and is open for you" in person.get(shown).content.decode(), shown
    assert person.get(address)["Location"] == url("more_time", response)
    by = By(user=submitter, door="page")
    Response.objects.filter(pk=response.pk).update(
        text_consent="publish", name_consent="list", foi_position="no_objection"
    )
    world.write(response, by=by)
    filed = world.submit(response, by=by)
    assert Allowance.objects.get().used_in == filed
    with pytest.raises(Conflict, match="closed"):
        world.write(response, text="More.", by=by)


def test_nobody_begins_late_once_what_was_granted_has_run_out():
    world = World()
    firm = factories.OrganisationFactory()
    by = By(user=member(firm), door="page")
    asked = world.ask(organisation=firm, by=by)
    more_time.grant(request=asked, until=world.now + HOUR, reason="Yes.", by=world.decider, now=world.now)
    start = {"consultation": world.paper, "organisation": firm, "by": by}
    with pytest.raises(Conflict, match="has closed"):
        drafting.start(**start, now=world.now + HOUR + SECOND)
    assert drafting.start(**start, now=world.now + HOUR).organisation == firm
