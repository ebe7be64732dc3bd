"""The pages of working together and of sign-off in a real browser: accessible by axe, at 320 pixels, and a conflict
settled by its buttons without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import approving
from accounts.models import Role, SignOffRule
from accounts.record import By
from responses import drafting, teamwork
from responses.drafting import Given
from tests import factories
from tests.config.test_browser import check, follow, visit  # noqa: F401 (a fixture)
from tests.factories import member, question
from tests.responses.pages import section_url, url
from tests.responses.test_browser import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Team:
    def __init__(self) -> None:
        self.paper = factories.paper(questions=2, closes_at=timezone.now() + timedelta(days=9), title="A paper")
        firm = factories.OrganisationFactory(name="Demonstration Firm A")
        self.response = factories.ResponseFactory(consultation=self.paper, organisation=firm, consented=True)
        self.one = member(firm, Role.ADMIN, name="Demonstration Administrator")
        self.other = member(firm, Role.DRAFTER, name="Demonstration Colleague")
        self.asked = question(self.paper, "1")
        self.write("Firms should keep records for six years.", 0, self.other)
        self.write("Firms should keep records for five years, and say so.", 1, self.other)
        approving.allow(by=self.by(self.one), membership=firm.memberships.get(user=self.one), may=True)
        approving.set_rule(by=self.by(self.one), organisation=firm, rule=SignOffRule.FOUR_EYES)
        sections = [self.asked, question(self.paper, "2")]
        teamwork.assign(response=self.response, questions=sections, to=self.other, by=self.by(self.one))
        said = {"response": self.response, "question": self.asked, "by": self.by(self.one)}
        teamwork.settle(comment=teamwork.comment(text="Too bold?", **said), by=self.by(self.other))
        teamwork.comment(text="Say why five.", **said)

    def by(self, user: Any) -> By:
        return By(user=user, door="page")

    def write(self, text: str, over: int, who: Any) -> None:
        wanted = Given(question=self.asked, text=text, version=over)
        drafting.save_answer(response=self.response, given=wanted, by=self.by(who))


def test_the_pages_of_a_team_are_accessible_and_fit(visit, live_server) -> None:  # noqa: F811
    team = Team()
    sign_in(visit.page.context, live_server, team.one)
    check(visit(url("work", team.response)))
    check(visit(url("sign_off", team.response)))


def test_a_conflict_is_settled_by_its_buttons_without_javascript(browser, live_server) -> None:
    team = Team()
    context = browser.new_context(java_script_enabled=False)
    try:
        sign_in(context, live_server, team.one)
        page = context.new_page()
        page.goto(live_server.url + section_url(team.response, team.asked))
        page.get_by_label("proposal 1").fill("Firms should keep records for ten years.")
        team.write("Firms should keep records for seven years.", 2, team.other)
        follow(page, "button:text-is('Save and return')")
        for name, text in (("Put theirs into the field", "seven"), ("Put yours into the field", "ten")):
            follow(page, f"button:text-is('{name}')")
            assert text in page.get_by_label("proposal 1").input_value()
        follow(page, "button:text-is('Put both into the field')")
        both = page.get_by_label("proposal 1").input_value()
        assert "ten" in both
        assert "seven" in both
        follow(page, "button:text-is('Save and return')")
    finally:
        context.close()
    assert team.response.answers.get().text == both
    assert [row.how for row in team.response.answers.get().versions.all()][:2] == ["merged", "set_aside"]
