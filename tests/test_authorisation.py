"""Every route of Soundings, and what six kinds of people get there.

A new route fails `test_every_route_is_in_the_table` until it has its rows in tests/authorisation.txt; what it answers
is tested from then on. The world below holds one of everything that a firm can own, all of it Firm A's; what an address
needs is named in ARGUMENTS. Each request is undone before the next.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from accounts import addresses, joining, tokens
from accounts.models import Invitation, OrganisationKind, Role, User, Webhook, WebhookDelivery, WebhookEvent
from accounts.record import By
from consultations import following, managing, opting_in, rhythms
from consultations.models import Follow
from notifications.models import Notification
from responses import collecting, guests, keeping, subscribing
from responses.file_models import Upload
from responses.holding_models import Export
from responses.models import Collection, Comment, Contribution
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.long]

TABLE = Path(__file__).with_name("authorisation.txt")
# nobody: not signed in; stranger: no organisation; rival: administers Firm B; member: administers Firm A;
# staff: no right at all; reader: staff with every right to read.
PEOPLE = ("nobody", "stranger", "rival", "member", "staff", "reader")
READING = [
    *(f"responses.view_{model}" for model in ("response", "submission", "attachment", "receipt", "confidential")),
    "consultations.view_consultation",
    "accounts.view_organisation",
]
# Of the libraries: they have tests of their own, and none of them shows what a firm owns.
LIBRARY = re.compile(r"(account|mfa)_")
STAFF = re.compile(r"(admin|staff):")
ARGUMENTS: dict[str, dict[str, str]] = {
    "organisation": {"code": "organisation"},
    "consultation": {"code": "paper"},
    "response": {"code": "response"},
    "answer": {"code": "response", "question": "question"},
    "version": {"code": "response", "question": "question", "ordinal": "ordinal"},
    "attachment": {"code": "response", "attachment": "attachment"},
    "upload": {"code": "response", "upload": "upload"},
    "form": {"code": "response", "kind": "form_kind"},
    "submission": {"reference": "submission"},
    "receipt": {"code": "receipt"},
}
OF: dict[str, str] = {
    **{f"api:{name}": "organisation" for name in ("organisation",)},
    **{f"api:{name}": "consultation" for name in ("consultation", "deadlines", "sections", "questions", "outcomes")},
    **{f"api:{name}": "response" for name in ("response", "check", "answers", "attachments", "submit", "withdraw")},
    "api:more_time": "response",
    **{f"api:{name}": "response" for name in ("sign_off", "ask_for_sign_off")},
    **{f"api:{name}": "response" for name in ("uploads", "return_form")},
    "api:answer": "answer",
    "api:versions": "answer",
    "api:version": "version",
    "api:restore": "version",
    "api:attachment": "attachment",
    "api:upload": "upload",
    "api:form": "form",
    "api:attachment_content": "attachment",
    "api:submission": "submission",
    "api:receipt": "receipt",
}
BY_ROOM = {
    "accounts": {
        "code": "organisation", "pk": "membership", "invitation": "invitation", "prefix": "token_prefix",
        "token": "invitation_token", "webhook": "webhook", "reference": "delivery",
    },
    "responses": {
        "kind": "form_kind",
        "code": "response", "number": "section", "reference": "submission", "token": "calendar_token",
        "question": "question", "ordinal": "ordinal",
    },
    "consultations": {"code": "paper", "token": "unsubscribe_token", "pk": "follow"},
    "": {"service": "service"},
}  # fmt: skip
SPECIAL = {
    "responses:renew_calendar_for": {"organisation": "organisation"},
    "responses:export": {"export": "export"},
    "responses:receipt": {"code": "receipt"},
    "responses:receipt_pdf": {"code": "receipt"},
    "responses:receipt_json": {"code": "receipt"},
    "responses:attachment": {"code": "attachment"},
    "responses:settle_comment": {"code": "response", "pk": "comment"},
    "responses:remove_attachment": {"code": "attachment"},
    "responses:guest_invitation": {"token": "guest_token"},
    "responses:guest": {"code": "response", "guest": "guest"},
    "responses:end_guest": {"code": "response", "guest": "guest"},
    "consultations:document": {"code": "document"},
    "consultations:confirm_follow": {"token": "confirm_token"},
    "consultations:manage": {"token": "manage_token"},
    "responses:expected_by_link": {"token": "manage_token"},
    "responses:join_collection": {"token": "sharing_code"},
    "responses:contribution": {"code": "contribution"},
    "consultations:end_digests": {"token": "end_token"},
}


# --- The routes -------------------------------------------------------------------------------------------------------
def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every route by its full name, but for those of the staff, which have a test of their own."""
    return ((name, route) for name, route in walk(get_resolver().url_patterns) if not STAFF.match(name))


def walk(patterns: list[Any], space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from walk(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name}", pattern


def methods(route: URLPattern) -> set[str]:
    """What the route can be asked: of an API view what it says, of a page reading and sending."""
    view = getattr(route.callback, "cls", None)
    if view is None:
        return {"GET", "POST"}
    return {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)} or {"GET"}


def table() -> dict[str, list[str]]:
    rows = (line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))
    return {f"{method} {name}": outcomes for method, name, *outcomes in rows}


def test_every_route_is_in_the_table():
    known = {f"{method} {name}" for name, route in routes() for method in methods(route) if not LIBRARY.match(name)}
    assert set(table()) == known, "write what each new route answers into tests/authorisation.txt"
    assert all(len(outcomes) == len(PEOPLE) for outcomes in table().values())


# --- The world --------------------------------------------------------------------------------------------------------
class World:
    def __init__(self) -> None:
        firm = factories.OrganisationFactory(name="Demonstration Firm A", kind=OrganisationKind.TRADE_BODY)
        admin = factories.member(firm, Role.ADMIN, confirmed=True)
        self.people: dict[str, User | None] = {
            "nobody": None,
            "stranger": factories.UserFactory(confirmed=True),
            "rival": factories.member(
                factories.OrganisationFactory(name="Demonstration Firm B"), Role.ADMIN, confirmed=True
            ),
            "member": admin,
            "staff": factories.StaffFactory(confirmed=True),
            "reader": factories.StaffFactory(confirmed=True, rights=READING),
        }
        self.things = {**self._of_the_firm(firm, admin), **self._of_the_response(firm, admin), "service": "brevo"}

    def _of_the_firm(self, firm: Any, admin: User) -> dict[str, object]:
        now = timezone.now()
        invitation = Invitation.objects.create(
            organisation=firm, email="invited@example.org", role=Role.READER, invited_by=admin,
            expires_at=now + timedelta(days=7),
        )  # fmt: skip
        webhook = Webhook.objects.create(
            organisation=firm, url="https://example.org/hook", events=[WebhookEvent.RESPONSE_SUBMITTED], created_at=now
        )
        delivery = WebhookDelivery.objects.create(
            webhook=webhook, key="one", event=WebhookEvent.RESPONSE_SUBMITTED, happened_at=now, due_at=now
        )
        token, _ = tokens.create(by=By(user=admin, door="page"), name="Mine", expires_in=None, user=admin)
        built = {"built_at": now, "expires_at": now + timedelta(days=1)}
        export = Export.objects.create(organisation=firm, asked_by=admin, asked_at=now, due_at=now, **built)
        export.file.save("export.zip", ContentFile(b"PK"))
        return {
            "export": export.code,
            "organisation": firm.code,
            "membership": factories.MembershipFactory(organisation=firm, role=Role.READER).pk,
            "invitation": invitation.code,
            "invitation_token": joining.link(invitation).rstrip("/").rsplit("/", 1)[-1],
            "webhook": webhook.code,
            "delivery": delivery.reference,
            "token_prefix": token.prefix,
            "calendar_token": subscribing.address_of(user=admin, now=now).rsplit("/", 1)[-1].removesuffix(".ics"),
        }

    def _of_the_response(self, firm: Any, admin: User) -> dict[str, object]:
        paper = factories.paper(questions=1)
        document = factories.DocumentFactory(consultation=paper, url="", file=ContentFile(b"paper", name="paper.txt"))
        response = factories.ResponseFactory(organisation=firm, consultation=paper)
        response.text_consent = "confidential"
        attachment = factories.AttachmentFactory(response=response)
        upload = Upload.objects.create(
            response=response, user=admin, name="x.txt", length=1, started_at=timezone.now(),
            expires_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
        keeping.as_it_stood(factories.AnswerFactory(response=response)).save()
        submission = factories.submit_row(response, by=admin)
        submission.attachments.add(attachment)
        guest = guests.invite(
            response=response, email="counsel@example.org", sections=None, may="draft", by=By(user=admin, door="page")
        )
        collected = self._collection(response)
        other = factories.OrganisationFactory(kind=OrganisationKind.TRADE_BODY)
        input_to = self._collection(factories.ResponseFactory(organisation=other, consultation=paper))
        contribution = Contribution.objects.create(
            collection=input_to, organisation=firm, name=firm.name, joined_at=timezone.now()
        )
        opting_in.ask(address=admin.email, wanted=Follow(consultation=paper), now=timezone.now())
        letter = Notification.objects.get(kind=opting_in.KIND)
        address = addresses.confirm(address="reader@example.org", by=By(user=None, door="page"), now=timezone.now())
        return {
            "confirm_token": opting_in.link(letter).rstrip("/").rsplit("/", 1)[-1],
            "manage_token": managing.token(address),
            "end_token": rhythms.token_to_end(address),
            "paper": paper.code,
            "document": document.code,
            "follow": following.follow_for(organisation=firm, target=paper, by=By(user=admin, door="page")).pk,
            "response": response.code,
            "section": factories.question(paper, "1").section_id,
            "question": factories.question(paper, "1").code,
            "ordinal": 1,
            "comment": Comment.objects.create(
                response=response, question=factories.question(paper, "1"), text="Internal", at=timezone.now()
            ).pk,
            "attachment": attachment.code,
            "guest": guest.code,
            "guest_token": guests.link(guest).rstrip("/").rsplit("/", 1)[-1],
            "upload": upload.code,
            "form_kind": "docx",
            "sharing_code": collecting.sharing_code(collected),
            "contribution": contribution.code,
            "submission": submission.reference,
            "receipt": submission.receipt.code,
            "unsubscribe_token": following.unsubscribe_token(user=admin, consultations=[paper]),
        }

    def _collection(self, response: Any) -> Collection:
        now = timezone.now()
        made = Collection.objects.create(
            response=response, title="Input", closes_at=now + timedelta(days=7), time_zone="UTC", opened_at=now,
            code_expires_at=now + timedelta(days=7),
        )  # fmt: skip
        made.questions.set([factories.question(response.consultation, "1")])
        return made

    def address(self, name: str, route: URLPattern) -> str:
        if name == "api-nothing":
            return "/api/v1/nothing/"
        wanted = route.pattern.regex.groupindex
        names = SPECIAL.get(name) or ARGUMENTS.get(OF.get(name, "")) or BY_ROOM.get(name.rpartition(":")[0], {})
        return reverse(name, kwargs={argument: self.things[names[argument]] for argument in wanted})


def outcome(client: Client, method: str, address: str) -> str:
    """The status; `login` where one is sent to sign in. Whatever the request did is undone."""
    with transaction.atomic():
        answer = client.generic(method, address, b"{}" if address.startswith("/api/") else b"", **form(address))
        transaction.set_rollback(True)
    if answer.streaming:
        b"".join(answer)
    where = answer.headers.get("Location", "")
    return "login" if "/account/login/" in where or "/admin/login/" in where else str(answer.status_code)


def form(address: str) -> dict[str, str]:
    kinds = {True: "application/json", False: "application/x-www-form-urlencoded"}
    return {"content_type": kinds[address.startswith("/api/") and not address.endswith("/attachments/")]}


@pytest.fixture
def world() -> World:
    return World()


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.mark.parametrize("who", PEOPLE)
def test_what_each_route_answers(world, who):
    client = client_of(world.people[who])
    known, column, wrong = table(), PEOPLE.index(who), {}
    for name, route in routes():
        for method in sorted(methods(route)):
            row = f"{method} {name}"
            if row not in known:
                continue
            if who == "nobody":
                client = client_of(None)  # what one page notes in the session is no part of what the next answers
            got = outcome(client, method, world.address(name, route))
            if got != known[row][column]:
                wrong[row] = f"{got} and not {known[row][column]}"
    assert not wrong


# --- The staff pages --------------------------------------------------------------------------------------------------
# What staff without a right may open of Django's: tests/admin/test_doors.py.
def staff_addresses() -> Iterator[tuple[str, str]]:
    """Every staff route with something in its address: who may not come in does not get far enough to look it up."""
    for name, route in walk(get_resolver().url_patterns):
        if STAFF.match(name) and not name.endswith(":None"):
            wanted = route.pattern.regex.groupindex
            yield name, reverse(name, kwargs={a: "consultations" if a == "app_label" else "1" for a in wanted})


@pytest.mark.parametrize("who", ["nobody", "stranger", "member"])
def test_the_staff_pages_are_for_staff(world, who):
    client, open_to_them = client_of(world.people[who]), set()
    for name, address in staff_addresses():
        for method in ("GET", "POST"):
            if outcome(client, method, address) not in ("login", "403", "404"):
                open_to_them.add(name)
    assert open_to_them <= {"admin:logout"}


def test_the_pages_beside_django_s_are_for_staff_with_the_right(world):
    client = client_of(world.people["staff"])
    beside = [address for name, address in staff_addresses() if name.startswith("staff:")]
    got = {(method, address): outcome(client, method, address) for address in beside for method in ("GET", "POST")}
    assert len(beside) > 3
    assert set(got.values()) == {"403", "405"}, got
