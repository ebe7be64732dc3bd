"""docs/api.md does what it says: its commands are run against a server, and what it says they print is compared."""

import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Role
from responses.models import Response, Submission
from tests import factories
from tests.api.conftest import organisation_token

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
MISSING = [tool for tool in ("bash", "curl", "python3") if shutil.which(tool) is None]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- end of block --"


def blocks() -> list[tuple[str, str | None]]:
    """Each `sh` block, with the `text` block that follows it at once, if one does."""
    found = [(match[1], match[2]) for match in BLOCK.finditer(PAGE.read_text())]
    after = [*found[1:], ("", "")]
    return [
        (text, following if kind == "text" else None)
        for (language, text), (kind, following) in zip(found, after, strict=True)
        if language == "sh"
    ]


def curl_knows_json() -> bool:
    """--json came with curl 7.82."""
    said = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[1].split(".")[:2]) >= (7, 82)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_the_commands_of_the_page(live_server, tmp_path):
    if not curl_knows_json():
        pytest.skip("this curl is older than 7.82 and does not know --json")
    now = timezone.now()
    paper = factories.paper_with_two_deadlines(
        reference="CP25/25", is_rehearsal=True, published_at=now - timedelta(days=7),
        discussion_closes=now + timedelta(days=7), chapters_close=now + timedelta(days=30),
    )  # fmt: skip
    organisation = factories.OrganisationFactory()
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "SOUNDINGS": live_server.url,
        "TOKEN": organisation_token(organisation, Role.SUBMITTER),
        "no_proxy": "*",
    }
    script = "set -euo pipefail\n" + "".join(f"{commands}\necho '{MARK}'\n" for commands, _ in blocks())
    done = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    printed = done.stdout.split(f"{MARK}\n")
    assert done.returncode == 0, f"after {len(printed) - 1} blocks:\n{done.stdout}\n{done.stderr}"
    for (commands, expected), said in zip(blocks(), printed, strict=False):
        assert said == (expected or ""), commands
    response = Response.objects.get(consultation=paper, organisation=organisation)
    assert response.state == "withdrawn"
    assert list(Submission.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


def test_the_page_names_every_way_to_filter():
    from consultations.filters import ConsultationFilters
    from responses.filters import SubmissionFilters

    text = PAGE.read_text()
    for name in [*ConsultationFilters.base_filters, *SubmissionFilters.base_filters]:
        assert f"`{name}`" in text, name
