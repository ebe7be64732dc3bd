"""The team's own page: states that are computed, owners who are told, comments that never leave the firm."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Act, Role
from accounts.record import By
from accounts.staff.acts import acts_for
from notifications.models import Notification
from notifications.refusal import NotAllowed, Refusal
from responses import drafting, signing, submission, teamwork
from responses.drafting import Given
from responses.models import Comment, QuestionWork
from responses.team_emails import comments_made, work_assigned
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, paper, question
from tests.responses.pages import own_response, queries, signed_in, url

pytestmark = pytest.mark.django_db
START = factories.OPENED + timedelta(days=1)
RIGHTS = [
    "responses.view_response", "responses.view_submission", "responses.view_confidential", "accounts.view_act",
]  # fmt: skip


def by(user) -> By:
    return By(user=user, door="page")


class Team:
    def __init__(self, questions: int = 3) -> None:
        closes = START + timedelta(days=30)
        self.response, self.admin = own_response(paper(questions=questions, closes_at=closes), consented=True)
        self.firm, self.paper = self.response.organisation, self.response.consultation
        self.drafter = member(self.firm, Role.DRAFTER, confirmed=True, name="Demonstration Drafter")
        self.reader = member(self.firm, Role.READER)

    def asked(self, number: int = 1):
        return question(self.paper, str(number))

    def write(self, number: int, text: str, version: int = 0) -> None:
        wanted = Given(question=self.asked(number), text=text, version=version)
        drafting.save_answer(response=self.response, given=wanted, by=by(self.drafter))

    def states(self) -> list[str]:
        lines = teamwork.lines(self.response, submission.prepare(self.response, START).parts)
        return [lines[self.asked(number).pk].state for number in (1, 2, 3)]


@pytest.fixture
def team(freeze) -> Team:
    freeze(START)
    return Team()


def test_the_state_of_a_question_follows_from_what_it_says(team: Team) -> None:
    team.write(1, "One")
    team.write(2, "Two")
    assert team.states() == ["drafting", "drafting", "not_started"]
    teamwork.call_ready(response=team.response, questions=[team.asked(1)], ready=True, by=by(team.drafter))
    assert team.states() == ["ready", "drafting", "not_started"]
    team.firm.memberships.filter(user=team.admin).update(may_sign_off=True)
    seen = submission.prepare(team.response, START).sha256
    signing.sign(response=team.response, checked=seen, by=by(team.admin))
    assert team.states() == ["signed_off", "signed_off", "not_started"]
    team.write(1, "Other", 1)
    assert team.states() == ["drafting", "signed_off", "not_started"]  # ready was said of another text
    with pytest.raises(Refusal, match="not answered yet"):
        teamwork.call_ready(response=team.response, questions=[team.asked(3)], ready=True, by=by(team.drafter))


def test_who_gets_questions_is_told_once_of_all_and_not_by_themselves(team: Team) -> None:
    several = [team.asked(1), team.asked(2)]
    assert teamwork.assign(response=team.response, questions=several, to=team.drafter, by=by(team.admin)) == 2
    assert teamwork.assign(response=team.response, questions=several, to=team.drafter, by=by(team.admin)) == 0
    teamwork.assign(response=team.response, questions=[team.asked(3)], to=team.drafter, by=by(team.drafter))
    told = Notification.objects.get(kind="work_assigned")
    message = work_assigned(told, START)
    assert (told.address, message.text.count("- Question")) == (team.drafter.email, 2)
    teamwork.assign(response=team.response, questions=[team.asked(1)], to=None, by=by(team.admin))
    assert work_assigned(told, START).text.count("- Question") == 1
    for nobody in (team.reader, UserFactory()):
        with pytest.raises(Refusal, match="may draft"):
            teamwork.assign(response=team.response, questions=several, to=nobody, by=by(team.admin))
    with pytest.raises(NotAllowed):
        teamwork.assign(response=team.response, questions=several, to=team.drafter, by=by(team.reader))


def test_comments_and_work_are_seen_by_the_organisation_alone(team: Team) -> None:
    said = teamwork.comment(response=team.response, question=team.asked(), text="Too bold?", by=by(team.reader))
    teamwork.assign(response=team.response, questions=[team.asked()], to=team.drafter, by=by(team.admin))
    other = Team()
    theirs = teamwork.comment(response=other.response, question=other.asked(), text="No.", by=by(other.admin))
    people = {
        "own": team.reader, "other firm": other.admin, "stranger": UserFactory(), "anonymous": AnonymousUser(),
        "staff": StaffFactory(rights=RIGHTS), "superuser": StaffFactory(is_superuser=True),
    }  # fmt: skip
    seen = {who: set(Comment.objects.visible_to(user)) for who, user in people.items()}
    assert seen == {
        "own": {said}, "other firm": {theirs}, "stranger": set(), "anonymous": set(), "staff": set(),
        "superuser": set(),
    }  # fmt: skip
    assert set(QuestionWork.objects.visible_to(team.reader)) == set(team.response.work.all())
    assert not QuestionWork.objects.visible_to(people["staff"]).exists()
    with pytest.raises(NotAllowed):
        teamwork.comment(response=team.response, question=team.asked(), text="Hello", by=by(other.admin))
    with pytest.raises(NotAllowed):
        teamwork.settle(comment=said, by=by(people["superuser"]))


def test_comments_are_no_part_of_what_is_filed_or_of_what_staff_read(team: Team) -> None:
    team.write(1, "One")
    before = submission.prepare(team.response, START).sha256
    teamwork.comment(response=team.response, question=team.asked(), text="Between us", by=by(team.drafter))
    filed = submission.submit(response=team.response, by=by(team.admin))
    assert filed.sha256 == before
    assert "Between us" not in str(filed.content)
    assert not acts_for(StaffFactory(rights=RIGHTS)).filter(verb__startswith="comment").exists()
    assert "Between us" not in str(list(Act.objects.values_list("detail", flat=True)))


def test_the_page_shares_out_a_section_and_a_comment_is_settled(team: Team) -> None:
    client = signed_in(team.admin)
    section = str(team.asked().section_id)
    given = client.post(
        url("work", team.response), {"section": section, "to": str(team.drafter.pk), "action": "assign"}
    )
    assert given.status_code == 302
    assert team.response.work.filter(owner=team.drafter).count() == 3
    assert "Demonstration Drafter" in client.get(url("work", team.response)).content.decode()
    for bad in ({"action": "assign", "to": "", "section": section}, {"action": "ready"}, {}):
        assert client.post(url("work", team.response), bad).status_code == 400
    address = url("comments", team.response, team.asked().code)
    assert client.post(address, {"text": "  "}).status_code == 400
    assert client.post(address, {"text": "Look <here>"}).status_code == 302
    assert "Look &lt;here&gt;" in client.get(address).content.decode()
    said = Comment.objects.get()
    assert client.post(url("settle_comment", team.response, said.pk)).status_code == 302
    said.refresh_from_db()
    assert said.settled_by == team.admin
    stranger = signed_in(member(factories.OrganisationFactory()))
    assert [stranger.get(at).status_code for at in (address, url("work", team.response))] == [404, 404]


def test_the_page_takes_as_many_queries_for_one_question_as_for_thirty(freeze) -> None:
    freeze(START)
    counts = []
    for many in (1, 30):
        team = Team(many)
        rows = list(team.asked().section.questions.select_related("section"))
        teamwork.assign(response=team.response, questions=rows, to=team.drafter, by=by(team.admin))
        client = signed_in(team.admin)
        with queries() as counted:
            assert client.get(url("work", team.response)).status_code == 200
        counts.append(len(counted))
    assert counts == [12, 12]


def test_a_comment_is_told_to_whose_question_it_is_and_to_who_spoke_before(team: Team, freeze) -> None:
    """Together for a quarter of an hour, never the author, never a word of it, and nobody who has left."""
    earlier, bystander = (member(team.firm, Role.READER, confirmed=True) for _ in range(2))

    def say(who, text, number=1):
        return teamwork.comment(response=team.response, question=team.asked(number), text=text, by=by(who))

    def told():
        rows = Notification.objects.filter(kind="comments_made").order_by("pk")
        return [(row.payload["user"], row.due_at) for row in rows]

    say(earlier, "First words")
    assert told() == []  # nobody else has to do with it yet
    teamwork.assign(response=team.response, questions=[team.asked()], to=team.drafter, by=by(team.admin))
    freeze(START + timedelta(minutes=20))
    say(team.reader, "Secret words")
    said = say(team.reader, "Secret words again")
    say(team.reader, "Of nobody's", number=2)
    due = START + timedelta(minutes=30)
    assert sorted(told()) == sorted([(team.drafter.pk, due), (earlier.pk, due)])
    assert bystander.pk not in {pk for pk, _ in told()}
    mine = Notification.objects.get(kind="comments_made", payload__user=team.drafter.pk)
    message = comments_made(mine, due)
    for form in (message.text, message.html, message.subject):
        assert "words" not in form
    assert "2 new comments" in message.subject
    assert url("comments", team.response, team.asked().code) in message.text
    assert url("comments", team.response, team.asked(2).code) not in message.text
    teamwork.settle(comment=said, by=by(team.admin))
    assert "1 new comment" in comments_made(mine, due).subject
    freeze(due)
    say(team.drafter, "An answer")  # the next quarter of an hour, and not to the author
    assert [(pk, at) for pk, at in told() if at > due] == [(earlier.pk, due + timedelta(minutes=15))]
    Comment.objects.filter(by=team.reader).update(settled_at=due)
    assert "settled" in comments_made(mine, due).reason
    Comment.objects.update(settled_at=None)
    team.firm.memberships.filter(user=team.drafter).delete()
    assert "not this person's" in comments_made(mine, due).reason
