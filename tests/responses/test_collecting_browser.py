"""Collecting members' input in a real browser: the pages are accessible by axe and fit at 320 pixels."""

import pytest

from responses import collecting
from tests.config.test_browser import check, visit  # noqa: F401 (a fixture)
from tests.responses.pages import url
from tests.responses.test_browser import sign_in
from tests.responses.test_collecting import World, by

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_what_members_sent_side_by_side_is_accessible_and_fits(visit, live_server) -> None:  # noqa: F811
    world = World()
    for name in "ABC":
        row, _ = world.firm(f"Demonstration Firm {name}", f"What {name} thinks.\n\n{'Averylongword' * 20}")
    collecting.copy(response=world.response, question=world.one, sent=row.latest, by=by(world.lead))
    sign_in(visit.page.context, live_server, world.lead)
    check(visit(url("collected", world.response)))
