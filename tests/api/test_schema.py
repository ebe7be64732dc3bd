"""The description of the API: whole, without warnings, true, and readable without anything from elsewhere."""

import re
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from rest_framework.test import APIClient
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import ApiToken
from config.api import described, v1
from config.throttling import Callers, Strangers
from config.wsgi import application
from tests import factories
from tests.api.conftest import Firm, token_of

pytestmark = pytest.mark.long
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_schema_is_made_without_a_warning():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert "openapi: 3.1" in out.getvalue()


def test_every_route_is_in_the_schema():
    shown = {re.sub(r"\{.*?\}", "<>", path) for path in described()["paths"]}
    routes = {"/api/v1/" + re.sub(r"<.*?>", "<>", str(route.pattern)) for route in v1} - {"/api/v1/schema"}
    assert shown == routes


def test_who_may_call_is_in_the_schema():
    schemes = described()["components"]["securitySchemes"]
    assert (schemes["token"]["scheme"], schemes["session"]["in"]) == ("bearer", "cookie")
    operations = {op["operationId"]: op for path in described()["paths"].values() for op in path.values()}
    public = {name for name, operation in operations.items() if {} in operation["security"]}
    assert public == {
        "index", "consultations", "consultation",
        *(f"consultation_{part}" for part in ("deadlines", "sections", "questions", "outcomes")),
    }  # fmt: skip
    assert all("application/problem+json" in op["responses"]["default"]["content"] for op in operations.values())


@pytest.mark.django_db
def test_the_schema_is_served_as_json_and_as_yaml():
    assert APIClient().get("/api/v1/schema").json()["openapi"].startswith("3.1")
    assert APIClient().get("/api/v1/schema", headers={"Accept": "application/json"}).status_code == 200
    for kind in ("application/vnd.oai.openapi", "application/yaml"):
        yaml = APIClient().get("/api/v1/schema", headers={"Accept": kind})
        assert yaml.content.startswith(b"openapi: 3.1")
        assert yaml["Content-Type"].startswith(kind)


@pytest.mark.django_db
def test_the_readable_page_loads_nothing_from_elsewhere():
    page = APIClient().get("/api/v1/docs")
    html = page.content.decode()
    policy = page["Content-Security-Policy"]
    assert "'unsafe" not in policy
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", html)
    assert addresses
    assert all(address.startswith(("/", "#")) for address in addresses), addresses
    assert not re.search(r"<script(?![^>]*src=)[^>]*>\s*\S", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    script = APIClient().get("/api/v1/docs?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "https://" not in script.content.decode()


# --- Is it true? Calls made up from the schema -----------------------------------------------------------------------
@pytest.fixture
def api() -> Any:
    """Read when the test runs, in the one process that runs it: making up the calls takes seconds."""
    # The test has a token of its own. Of the methods that no view has, the framework knows one and not the others.
    unknown = {"coverage": {"unexpected-methods": ["options", "trace"]}}
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}, "phases": unknown})
    schema = schemathesis.openapi.from_dict(described(), config=config)
    schema.app = application
    return schema


@pytest.fixture
def known(db, monkeypatch):
    """Codes that are there, so that made-up calls get beyond 404."""
    for signal in (request_started, request_finished):  # it would close the connection that the test holds open
        signal.disconnect(close_old_connections)
    for throttle in (Strangers, Callers):
        monkeypatch.setattr(throttle, "THROTTLE_RATES", {"anon": None, "user": None})
    firm = Firm(factories.paper_with_two_deadlines())
    firm.answer("2.2", selected=["Yes"])
    stored = factories.AttachmentFactory(response=firm.response)
    filed = factories.submit_row(factories.ResponseFactory(organisation=firm.organisation))
    token = token_of(firm.submitter)
    ApiToken.objects.update(last_used_at=timezone.now())  # each call is undone, so each would write it down again
    yield {
        "token": token,
        "question": factories.question(firm.paper, "2.2").code,
        "attachment": stored.code,
        "reference": filed.reference,
        "consultations": firm.paper.code,
        "organisations": firm.organisation.code,
        "responses": firm.response.code,
        "receipts": filed.receipt.code,
    }
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# The made-up client leaves files open, and cannot make bytes of a piece's type (tests/api/test_uploads.py does).
LEFT_OUT = ["attachment_content", "form", "continue_upload"]


@pytest.mark.django_db  # its fixtures are asked for late: run alone, it would have no test database
@pytest.mark.timeout(300)  # every operation of the API
@schemathesis.pytest.from_fixture("api").exclude(operation_id=LEFT_OUT).parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_made_up_calls_are_answered_as_described(case, known):
    if getattr(case.meta.phase.data, "parameter_location", None) == ParameterLocation.PATH:
        return  # what was made up goes no further: the next lines put a code in its place that is there
    room = case.path.split("/")[3]
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known.get(name) or known[room]
    headers = {"Authorization": f"Bearer {known['token']}"}
    with transaction.atomic():
        case.call_and_validate(headers=headers, checks=CHECKS)
        transaction.set_rollback(True)  # what this call changed is not what the next one meets
