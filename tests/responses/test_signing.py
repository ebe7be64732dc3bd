"""Sign-off: exactly what is filed is what was signed, by somebody with the right, and where wanted by other eyes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import approving
from accounts.models import Act, Membership, Role, SignOffRule
from accounts.record import By
from consultations import publishing
from notifications.models import Notification
from notifications.refusal import Conflict, NotAllowed, Refusal
from responses import approval, drafting, proving, signing, snapshot, submission
from responses.approval import Unsigned
from responses.drafting import Given
from responses.models import SignOff, Submission
from responses.team_emails import sign_off_wanted, signed_off
from tests import factories
from tests.factories import StaffFactory, UserFactory, member, paper, question
from tests.responses.pages import consents, own_response, signed_in, url

pytestmark = pytest.mark.django_db
START = factories.OPENED + timedelta(days=1)
CLOSES = START + timedelta(days=30)


def by(user, door: str = "page") -> By:
    return By(user=user, door=door)


class Team:
    """A response whose drafter has answered question 1 of two, its submitter, and a director who only reads and may
    sign; the firm asks for four eyes."""

    def __init__(self, rule: str = SignOffRule.FOUR_EYES) -> None:
        self.response, self.drafter = own_response(paper(questions=2, closes_at=CLOSES), Role.DRAFTER, consented=True)
        firm = self.firm = self.response.organisation
        self.submitter = member(firm, Role.SUBMITTER, confirmed=True)
        self.director = member(firm, Role.READER, confirmed=True, name="Demonstration Director")
        self.admin = member(firm, Role.ADMIN)
        for person in (self.director, self.submitter):
            approving.allow(by=by(self.admin), membership=firm.memberships.get(user=person), may=True)
        approving.set_rule(by=by(self.admin), organisation=firm, rule=rule)
        self.write("1", "Ours", self.drafter)

    def write(self, number: str, text: str, who) -> None:
        asked = question(self.response.consultation, number)
        stored = self.response.answers.filter(question=asked).first()
        wanted = Given(question=asked, text=text, version=stored.version if stored else 0)
        drafting.save_answer(response=self.response, given=wanted, by=by(who))

    @property
    def sha256(self) -> str:
        self.response.refresh_from_db()
        return submission.prepare(self.response, START).sha256

    def sign(self, who) -> SignOff:
        return signing.sign(response=self.response, checked=self.sha256, by=by(who), note="Read.")

    def file(self) -> Submission:
        return submission.submit(response=self.response, by=by(self.submitter))


@pytest.fixture
def team(freeze) -> Team:
    freeze(START)
    return Team()


def test_nothing_unsigned_is_filed_and_who_signed_what_is_kept(team: Team) -> None:
    with pytest.raises(Unsigned, match="signed off first, by Demonstration Director") as refused:
        team.file()
    assert (refused.value.status, Submission.objects.count()) == (409, 0)
    signed = team.sign(team.director)
    filed = team.file()
    assert (filed.signed_by, filed.signed_at, filed.sha256) == (team.director, START, signed.sha256)
    assert snapshot.digest(signed.content) == signed.sha256
    acts = dict(Act.objects.filter(subject=f"response:{team.response.code}").values_list("verb", "detail"))
    assert acts["response signed off"] == {"sha256": proving.sealed(signed.nonce, signed.sha256)}
    assert signing.kept_hash(SignOff(sha256=signed.sha256)) == signed.sha256  # of before there were nonces
    assert acts["response submitted"]["signed_off_by"] == "Demonstration Director"
    assert team.sign(team.director) == signed  # once more is the same sign-off
    assert team.file() == filed


def test_a_change_voids_the_sign_off_and_its_undoing_restores_it(team: Team) -> None:
    team.sign(team.director)
    team.write("1", "Other", team.drafter)
    with pytest.raises(Unsigned, match="What was signed off before is not what would be filed now"):
        team.file()
    team.write("1", "Ours", team.drafter)
    assert team.file().signed_by == team.director


@pytest.mark.parametrize("change", ["answer", "file", "consents"])
def test_whatever_would_be_filed_is_part_of_what_is_signed(team: Team, change: str) -> None:
    team.sign(team.director)
    if change == "answer":
        team.write("2", "More", team.drafter)
    elif change == "file":
        factories.AttachmentFactory(response=team.response, uploaded_by=team.drafter)
    else:
        stated = {**consents(), "name_consent": "withhold"}
        drafting.state_consents(response=team.response, by=by(team.drafter), **stated)
    with pytest.raises(Unsigned):
        team.file()


def test_four_eyes_are_not_those_of_a_writer_however_long_ago(team: Team) -> None:
    team.write("1", "Theirs", team.submitter)
    team.write("1", "Ours again", team.drafter)
    with pytest.raises(NotAllowed, match="you wrote some of it"):
        team.sign(team.submitter)
    team.sign(team.director)
    approving.set_rule(by=by(team.admin), organisation=team.firm, rule=SignOffRule.REQUIRED)
    team.response.refresh_from_db()
    team.sign(team.submitter)
    approving.set_rule(by=by(team.admin), organisation=team.firm, rule=SignOffRule.FOUR_EYES)
    assert team.file().signed_by == team.director


def test_a_sign_off_by_a_writer_does_not_hold_once_four_eyes_are_wanted(freeze) -> None:
    freeze(START)
    team = Team(SignOffRule.REQUIRED)
    team.write("2", "Mine", team.submitter)
    team.sign(team.submitter)
    approving.set_rule(by=by(team.admin), organisation=team.firm, rule=SignOffRule.FOUR_EYES)
    with pytest.raises(Unsigned):
        team.file()


@pytest.mark.parametrize("who", ["drafter", "admin", "stranger", "program"])
def test_who_may_not_sign(team: Team, who: str) -> None:
    people = {
        "drafter": team.drafter, "admin": team.admin, "stranger": UserFactory(),
        "program": member(team.firm, Role.ADMIN, is_service=True),
    }  # fmt: skip
    if who == "program":
        Membership.objects.filter(user=people[who]).update(may_sign_off=True)
    with pytest.raises(NotAllowed):
        team.sign(people[who])
    assert not SignOff.objects.exists()


def test_only_what_was_seen_and_can_be_filed_is_signed(team: Team, freeze) -> None:
    seen = team.sha256
    team.write("2", "More", team.drafter)
    with pytest.raises(Conflict, match="Something changed"):
        signing.sign(response=team.response, checked=seen, by=by(team.director))
    type(team.response).objects.update(foi_position="")
    with pytest.raises(Refusal, match="three consents"):
        team.sign(team.director)
    freeze(CLOSES + timedelta(seconds=1))
    with pytest.raises(Conflict, match="closed"):
        team.sign(team.director)


def test_the_database_refuses_to_change_or_delete_a_sign_off(team: Team) -> None:
    team.sign(team.director)
    for act in (lambda: SignOff.objects.update(note="x"), lambda: SignOff.objects.all().delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            act()


def test_sign_offs_are_seen_by_the_organisation_alone(team: Team) -> None:
    signed = team.sign(team.director)
    rights = ["responses.view_response", "responses.view_submission", "responses.view_confidential"]
    outside = [UserFactory(), member(factories.OrganisationFactory()), StaffFactory(rights=rights)]
    assert [set(SignOff.objects.visible_to(person)) for person in outside] == [set()] * 3
    assert set(SignOff.objects.visible_to(team.drafter)) == {signed}


# --- Post -------------------------------------------------------------------------------------------------------------
def test_those_who_may_sign_are_asked_once_for_a_text_and_submitters_are_told(team: Team) -> None:
    team.write("2", "Mine", team.submitter)
    for _ in range(2):
        assert signing.ask(response=team.response, by=by(team.drafter)) == [team.director]
    wanted = Notification.objects.get(kind="sign_off_wanted")
    assert wanted.address == team.director.email
    asking = sign_off_wanted(wanted, START)
    assert "asks you to sign off" in asking.text
    assert "Ours" not in asking.text + asking.html
    team.sign(team.director)
    assert "signed off" in sign_off_wanted(wanted, START).reason
    told = Notification.objects.get(kind="signed_off")
    assert told.address == team.submitter.email
    assert "Demonstration Director signed off" in signed_off(told, START).text
    team.write("1", "Other", team.drafter)
    assert "does not hold" in signed_off(told, START).reason


# --- Pages ------------------------------------------------------------------------------------------------------------
def test_the_page_is_read_and_signed_and_then_it_can_be_submitted(team: Team) -> None:
    submitter, director = signed_in(team.submitter), signed_in(team.director)
    assert "Submit the response" not in submitter.get(url("check", team.response)).content.decode()
    assert submitter.post(url("submit", team.response)).status_code == 409
    page = director.get(url("sign_off", team.response))
    assert "Ours" in page.content.decode()
    signed = director.post(url("sign_off", team.response), {"checked": page.context["prepared"].sha256, "note": ""})
    assert signed.status_code == 302
    assert "Signed off by Demonstration Director" in director.get(url("detail", team.response)).content.decode()
    assert submitter.post(url("submit", team.response)).status_code == 302
    stale = director.post(url("sign_off", team.response), {"checked": "0" * 64})
    assert (stale.status_code, "Something changed" in stale.content.decode()) == (409, True)


def test_the_rule_is_an_administrators_and_recorded(team: Team) -> None:
    address = f"/organisation/{team.firm.code}/sign-off/"
    assert signed_in(team.submitter).post(address, {"rule": "none"}).status_code == 403
    last = team.firm.memberships.get(user=team.submitter)
    approving.allow(by=by(team.admin), membership=team.firm.memberships.get(user=team.director), may=False)
    with pytest.raises(Refusal, match="Nobody else may sign off"):
        approving.allow(by=by(team.admin), membership=last, may=False)
    assert signed_in(team.admin).post(address, {"rule": "none"}).status_code == 302
    act = Act.objects.filter(verb="changed sign-off rule").latest("pk")
    assert act.detail == {"before": "four_eyes", "rule": "none"}
    assert team.file().signed_by is None


# --- What is the same -------------------------------------------------------------------------------------------------
def test_a_moved_deadline_changes_neither_what_was_signed_nor_what_was_filed(team: Team) -> None:
    team.sign(team.director)
    filed = team.file()
    deadline = team.response.consultation.deadlines.get()
    publishing.extend_deadline(
        deadline=deadline, closes_at=CLOSES + timedelta(days=7), reason="Asked for.", by=By(user=None, door="command")
    )
    assert approval.of(team.response, submission.prepare(team.response, START).content).given
    assert team.file() == filed


def test_what_was_filed_with_its_closing_moments_still_verifies_and_is_the_same(team: Team) -> None:
    team.sign(team.director)
    content = submission.prepare(team.response, START).content
    old = {**content, "sections": [{**part, "closes_at": CLOSES.isoformat()} for part in content["sections"]]}
    filed = factories.submit_row(team.response, content=old, sha256=snapshot.digest(old), version=1)
    assert snapshot.digest(filed.content) == filed.sha256
    assert team.file() == filed
