"""Several people edit, merge, restore, sign, submit, amend and withdraw while deadlines pass: what must hold whatever
they do, against a model that knows only what each of them typed."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts import approving
from accounts.models import Role, SignOffRule
from accounts.record import By
from notifications.refusal import Refusal
from responses import drafting, keeping, signing, snapshot, submission, versions
from responses.drafting import Given, StaleAnswer
from responses.merging import merge
from responses.models import AnswerVersion, How, SignOff, Submission
from responses.querysets import State
from tests import factories
from tests.factories import member

PEOPLE = ("drafter", "submitter", "director")
NUMBERS = ("early", "late")
people, numbers = st.sampled_from(PEOPLE), st.sampled_from(NUMBERS)
words = st.lists(st.sampled_from(["we", "agree", "with", "six", "years"]), max_size=4).map(" ".join)
START = factories.OPENED + timedelta(days=1)


class Drafting(RuleBasedStateMachine):
    """Two questions, the first closing a day before the second. The drafter and the submitter write; the submitter and
    the director may sign."""

    @initialize(sign_off=st.sampled_from(SignOffRule.values))
    def begin(self, sign_off: str) -> None:
        self.now = START
        paper = factories.ConsultationFactory(published_at=factories.OPENED)
        self.closes = {"early": START + timedelta(days=1), "late": START + timedelta(days=2)}
        self.asked = {
            number: factories.QuestionFactory(
                number=number,
                section=factories.SectionFactory(
                    consultation=paper,
                    deadline=factories.DeadlineFactory(consultation=paper, closes_at=self.closes[number]),
                ),
            )
            for number in NUMBERS
        }
        self.response = factories.ResponseFactory(consultation=paper, consented=True)
        firm = self.response.organisation
        self.who = {
            "drafter": member(firm, Role.DRAFTER), "submitter": member(firm, Role.SUBMITTER),
            "director": member(firm, Role.READER),
        }  # fmt: skip
        self.admin = member(firm, Role.ADMIN)
        for name in ("submitter", "director"):
            firm.memberships.filter(user=self.who[name]).update(may_sign_off=True)
        self.set_rule(sign_off)
        self.stands = dict.fromkeys(NUMBERS, (0, ""))  # version and text
        self.last = dict.fromkeys(NUMBERS, ("", ""))  # who saved it last, and how
        self.seen = {(name, number): (0, "") for name in PEOPLE for number in NUMBERS}
        self.writers: dict[str, set[str]] = {number: set() for number in NUMBERS}
        self.kept: dict[str, set[str]] = {number: set() for number in NUMBERS}  # texts that must not be lost
        self.filed: dict[str, tuple[str, dict]] = {}  # reference → digest and content when it was filed
        for number in NUMBERS:
            self.write("drafter", number, "we agree", How.TYPED, looks=True)

    def by(self, name: str) -> By:
        return By(user=self.who[name], door="page")

    def is_open(self, number: str) -> bool:
        return self.now <= self.closes[number]

    # --- Writing ---
    @rule(name=people, number=numbers)
    def look(self, name: str, number: str) -> None:
        self.seen[name, number] = self.stands[number]

    @rule(name=people, number=numbers, text=words, how=st.sampled_from([How.TYPED, How.AUTOSAVED]), looks=st.booleans())
    def write(self, name: str, number: str, text: str, how: str, looks: bool) -> None:
        if looks:
            self.look(name, number)
        try:
            self.save(name, number, text, how, over=self.seen[name, number][0])
        except StaleAnswer:
            self.keep(number, text)
        except Refusal:
            assert name == "director" or not self.is_open(number)

    @rule(name=people, number=numbers, text=words)
    def merge(self, name: str, number: str, text: str) -> None:
        """What the page of a conflict leads to: both texts put together, saved over what stands."""
        version, base = self.seen[name, number]
        try:
            self.save(name, number, text, How.TYPED, over=version)
        except StaleAnswer as stale:
            self.keep(number, text)
            self.save(name, number, merge(base, text, stale.current.text).text, How.MERGED, over=stale.current.version)
        except Refusal:
            assert name == "director" or not self.is_open(number)

    @rule(name=people, number=numbers, place=st.integers(0, 5))
    def restore(self, name: str, number: str, place: int) -> None:
        rows = versions.of(self.response, self.asked[number])
        if not rows:
            return
        row = AnswerVersion.objects.get(pk=rows[place % len(rows)].pk)
        version, before = self.stands[number]
        try:
            saved = versions.restore(
                response=self.response, version=row, question=self.asked[number], over=version, by=self.by(name),
                now=self.now,
            )  # fmt: skip
        except Refusal:
            assert name == "director" or not self.is_open(number)
            return
        assert saved.text == row.text
        self.note(name, number, saved, How.RESTORED, before)

    def save(self, name: str, number: str, text: str, how: str, *, over: int) -> None:
        before = self.stands[number][1]
        given = Given(question=self.asked[number], text=text, version=over, how=how)
        saved = drafting.save_answer(response=self.response, given=given, by=self.by(name), now=self.now)
        assert name != "director"
        assert self.is_open(number)
        assert saved.text == text
        assert over == self.stands[number][0] or text == before  # nobody replaces what they have not seen
        self.note(name, number, saved, how, before)

    def note(self, name: str, number: str, saved, how: str, before: str) -> None:
        """In the model: an earlier text may only go if it was an autosave of the same person."""
        changed = saved.version != self.stands[number][0]
        if changed:
            goes_on = self.last[number] == (name, How.AUTOSAVED) and how in keeping.REPLACING
            if not goes_on:
                self.keep(number, before)
            self.stands[number], self.last[number] = (saved.version, saved.text), (name, how)
            self.writers[number].add(name)
        elif how == How.TYPED and self.last[number] == (name, How.AUTOSAVED):
            self.last[number] = (name, how)
        # To restore what stands, or to merge into the same, does nothing: an open autosave stays one.
        if how == How.TYPED or (changed and how != How.AUTOSAVED):
            self.keep(number, saved.text)
        self.seen[name, number] = self.stands[number]

    def keep(self, number: str, text: str) -> None:
        if text.strip():
            self.kept[number].add(text)

    # --- Filing ---
    @rule(sign_off=st.sampled_from(SignOffRule.values))
    def set_rule(self, sign_off: str) -> None:
        organisation = self.response.organisation
        approving.set_rule(by=By(user=self.admin, door="page"), organisation=organisation, rule=sign_off)
        self.sign_off = organisation.sign_off = sign_off

    @rule(name=people)
    def sign(self, name: str) -> None:
        self.response.refresh_from_db()
        seen = submission.prepare(self.response, self.now)
        try:
            made = signing.sign(response=self.response, checked=seen.sha256, by=self.by(name), now=self.now)
        except Refusal:
            return
        assert name != "drafter"
        assert snapshot.digest(made.content) == made.sha256 == seen.sha256

    @rule(
        name=st.sampled_from(["submitter", "submitter", "submitter", "drafter"]),
        signer=st.sampled_from(["", *PEOPLE[1:]]),
    )
    def submit(self, name: str, signer: str) -> None:
        if signer:
            self.sign(signer)
        self.response.refresh_from_db()
        standing = self.response.latest if self.response.state == State.SUBMITTED else None
        try:
            made = submission.submit(response=self.response, by=self.by(name), now=self.now)
        except Refusal:
            return
        assert name == "submitter"
        if made.reference not in self.filed:
            self.check_filed(made, standing)
            self.filed[made.reference] = (made.sha256, made.content)

    def check_filed(self, made: Submission, standing: Submission | None) -> None:
        said, before = answers(made), answers(standing) if standing else {}
        for number in NUMBERS:
            assert said.get(number, "") == (self.stands[number][1] if self.is_open(number) else before.get(number, ""))
        if self.sign_off == SignOffRule.NONE:
            return
        signers = SignOff.objects.filter(response=self.response, sha256=made.sha256).values_list("by", flat=True)
        wrote = {self.who[name].pk for number in said for name in self.writers[number]}
        assert made.signed_by_id in set(signers) - (wrote if self.sign_off == SignOffRule.FOUR_EYES else set())

    @rule()
    def withdraw(self) -> None:
        self.response.refresh_from_db()
        try:
            submission.withdraw(response=self.response, reason="Changed plans.", by=self.by("submitter"), now=self.now)
        except Refusal:
            assert self.response.state != State.SUBMITTED

    @rule(minutes=st.sampled_from([1, 9, 11, 300, 900]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- What holds ---
    @invariant()
    def nothing_is_lost(self) -> None:
        for number in NUMBERS:
            rows = AnswerVersion.objects.filter(answer__response=self.response, answer__question=self.asked[number])
            texts = dict(rows.values_list("ordinal", "text"))
            assert self.kept[number] <= set(texts.values())
            newest = versions.current_of(list(rows))
            assert (newest.version, newest.text) == self.stands[number] if newest else self.stands[number] == (0, "")

    @invariant()
    def what_was_filed_stays(self) -> None:
        rows = Submission.objects.filter(response=self.response)
        assert {row.reference: (row.sha256, row.content) for row in rows} == self.filed
        assert all(snapshot.digest(row.content) == row.sha256 for row in rows)


def answers(made: Submission) -> dict[str, str]:
    return {
        asked["number"]: asked["answer"]["text"] for part in made.content["sections"] for asked in part["questions"]
    }


@pytest.mark.django_db
def test_whatever_people_do_nothing_is_lost_and_nothing_unsigned_or_late_is_filed() -> None:
    few = settings(
        max_examples=6, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )  # fmt: skip  # no shrinking: it takes minutes
    run_state_machine_as_test(Drafting, settings=few)
