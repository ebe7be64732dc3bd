"""What tests are made of. Every instant counts from the present one, which `freeze` may have set: give what matters.

`paper_with_two_deadlines()` has the shape of CP25/25: a discussion that closes first, chapters that close four weeks
later. `submit_row()` writes a submission as filed, without the flow: for lists and visibility, not for tests of filing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from consultations.models import (
    Authority,
    Consultation,
    ConsultationAuthority,
    Deadline,
    DeadlineChange,
    Document,
    Follow,
    Jurisdiction,
    Kind,
    Outcome,
    Question,
    QuestionKind,
    Section,
    Topic,
    Wording,
)
from responses import proving, snapshot
from responses.models import Answer, Attachment, Response, State, Submission

PASSWORD = "correct horse battery staple"
PDF = (
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def ahead(**units: float) -> Any:
    """So long after now: `ahead(days=30)`."""
    return factory.LazyFunction(lambda: timezone.now() + timedelta(**units))


def ago(**units: float) -> Any:
    return factory.LazyFunction(lambda: timezone.now() - timedelta(**units))


# --- Who --------------------------------------------------------------------------------------------------------------
class UserFactory(DjangoModelFactory):
    """`UserFactory(confirmed=True)` can sign in through the page too; PASSWORD is everybody's."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person-{n}@example.org")
    name = factory.Sequence(lambda n: f"Demonstration Person {n}")
    password = Password(PASSWORD)

    @factory.post_generation
    def confirmed(self, create: bool, wanted: object, **_: Any) -> None:
        if create and wanted:
            from allauth.account.models import EmailAddress

            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)


class StaffFactory(UserFactory):
    """Staff without any right; `StaffFactory(rights=["responses.view_response"])` gives some."""

    email = factory.Sequence(lambda n: f"staff-{n}@example.org")
    is_staff = True

    @factory.post_generation
    def rights(self, create: bool, wanted: list[str] | None, **_: Any) -> None:
        if create and wanted:
            self.user_permissions.set([right(name) for name in wanted])


def right(name: str) -> Any:
    """The permission named "app.codename"."""
    from django.contrib.auth.models import Permission

    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Demonstration Firm {n}")
    kind = OrganisationKind.FIRM


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    organisation = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.ADMIN


def member(organisation: Organisation, role: str = Role.ADMIN, **user: Any) -> User:
    """A new person with that role in the organisation."""
    return MembershipFactory(organisation=organisation, role=role, user=UserFactory(**user)).user


# --- What is asked ----------------------------------------------------------------------------------------------------
class AuthorityFactory(DjangoModelFactory):
    class Meta:
        model = Authority
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"demonstration-authority-{n}")
    name = factory.LazyAttribute(lambda it: it.slug.replace("-", " ").title())
    short_name = ""
    jurisdiction = Jurisdiction.UK
    time_zone = "Europe/London"


class TopicFactory(DjangoModelFactory):
    class Meta:
        model = Topic

    slug = factory.Sequence(lambda n: f"topic-{n}")
    name = factory.Sequence(lambda n: f"Topic {n}")


class ConsultationFactory(DjangoModelFactory):
    """Published a week ago and taking responses, with one authority and neither deadline nor question.

    `authorities=[…]` names the bodies; `draft=True` is not published; `scheduled=True` opens tomorrow;
    `elsewhere=True` is recorded from elsewhere and takes no response here.
    """

    class Meta:
        model = Consultation
        skip_postgeneration_save = True

    class Params:
        draft = factory.Trait(published_at=None)
        scheduled = factory.Trait(published_at=ahead(days=1))
        elsewhere = factory.Trait(takes_responses=False)

    reference = factory.Sequence(lambda n: f"DEMO/{n}")
    title = factory.Sequence(lambda n: f"Demonstration paper {n}")
    kind = Kind.CONSULTATION_PAPER
    summary = "What the demonstration paper asks."
    published_at = ago(days=7)

    @factory.post_generation
    def authorities(self, create: bool, given: list[Authority] | None, **_: Any) -> None:
        if not create:
            return
        for position, authority in enumerate([AuthorityFactory()] if given is None else given):
            ConsultationAuthority.objects.create(consultation=self, authority=authority, position=position)


class DeadlineFactory(DjangoModelFactory):
    class Meta:
        model = Deadline

    consultation = factory.SubFactory(ConsultationFactory)
    label = factory.Sequence(lambda n: f"Deadline {n}")
    closes_at = ahead(days=30)
    time_zone = "Europe/London"


class DeadlineChangeFactory(DjangoModelFactory):
    class Meta:
        model = DeadlineChange

    deadline = factory.SubFactory(DeadlineFactory)
    old_closes_at = factory.SelfAttribute("deadline.closes_at")
    new_closes_at = factory.LazyAttribute(lambda it: it.old_closes_at + timedelta(days=14))
    reason = "Requests for more time."
    version = 2
    changed_at = ago(days=1)


class SectionFactory(DjangoModelFactory):
    """With a deadline of its own unless given one (or None: no closing date)."""

    class Meta:
        model = Section

    consultation = factory.SubFactory(ConsultationFactory)
    deadline = factory.SubFactory(DeadlineFactory, consultation=factory.SelfAttribute("..consultation"))
    number = factory.Sequence(str)
    title = factory.Sequence(lambda n: f"Section {n}")
    position = factory.Sequence(lambda n: n % 30_000)


class QuestionFactory(DjangoModelFactory):
    class Meta:
        model = Question

    class Params:
        yes_no = factory.Trait(kind=QuestionKind.YES_NO_PARTLY)
        single = factory.Trait(kind=QuestionKind.SINGLE, options=["First", "Second", "Third"])
        multiple = factory.Trait(kind=QuestionKind.MULTIPLE, options=["First", "Second", "Third"])

    section = factory.SubFactory(SectionFactory)
    number = factory.Sequence(lambda n: f"Q{n}")
    text = factory.Sequence(lambda n: f"What do you think of proposal {n}?")
    wording = Wording.PAPER
    position = factory.Sequence(lambda n: n % 30_000)


class DocumentFactory(DjangoModelFactory):
    class Meta:
        model = Document

    consultation = factory.SubFactory(ConsultationFactory)
    title = factory.Sequence(lambda n: f"Document {n}")
    url = "https://example.org/paper.pdf"


class OutcomeFactory(DjangoModelFactory):
    """`consultations=[…]` says what it answers."""

    class Meta:
        model = Outcome
        skip_postgeneration_save = True

    kind = "policy statement"
    reference = factory.Sequence(lambda n: f"DEMO-PS/{n}")
    title = "What was decided"
    published_at = ago(days=1)

    @factory.post_generation
    def consultations(self, create: bool, given: list[Consultation] | None, **_: Any) -> None:
        if create and given:
            self.consultations.set(given)


class FollowFactory(DjangoModelFactory):
    """Give one of consultation, authority, topic."""

    class Meta:
        model = Follow

    user = factory.SubFactory(UserFactory)


def paper(*, questions: int = 3, closes_at: datetime | None = None, **fields: Any) -> Consultation:
    """An open consultation of one section, one deadline and so many free-text questions."""
    consultation = ConsultationFactory(**fields)
    deadline = DeadlineFactory(
        consultation=consultation, label="Responses", closes_at=closes_at or timezone.now() + timedelta(days=30)
    )
    section = SectionFactory(consultation=consultation, deadline=deadline, number="1", title="Proposals", position=0)
    Question.objects.bulk_create(
        QuestionFactory.build(section=section, number=str(number), text=f"What do you think of proposal {number}?")
        for number in range(1, questions + 1)
    )
    return consultation


# The closing moments that CP25/25 had: the last second of the day in London.
DISCUSSION_CLOSES = datetime(2025, 10, 15, 22, 59, 59, tzinfo=UTC)
CHAPTERS_CLOSE = datetime(2025, 11, 12, 23, 59, 59, tzinfo=UTC)
OPENED = datetime(2025, 9, 17, 8, 0, tzinfo=UTC)


def paper_with_two_deadlines(
    *, discussion_closes: datetime = DISCUSSION_CLOSES, chapters_close: datetime = CHAPTERS_CLOSE, **fields: Any
) -> Consultation:
    """A paper in the shape of CP25/25, with prompts marked as our own: chapters 2 and 3, discussion chapters 6 and 7.

    Question numbers: "2.1" (must be answered, 50 words), "2.2" yes/no/partly, "2.3" asked when that is No;
    "3.1" one of three, "3.2" any of three, "3.3" a number, "3.4" a file; "6.1" and "7.1" free text.
    """
    fields = {"reference": "DEMO25/25", "title": "Demonstration paper with two deadlines", **fields}
    consultation = ConsultationFactory(**{"published_at": OPENED, **fields})
    chapters = DeadlineFactory(
        consultation=consultation, label="Consultation: chapters 1-5", closes_at=chapters_close, position=0
    )
    discussion = DeadlineFactory(
        consultation=consultation, label="Discussion: chapters 6-7", closes_at=discussion_closes, position=1
    )
    of = {
        number: SectionFactory(
            consultation=consultation, deadline=deadline, number=number, title=title, position=int(number)
        )
        for number, title, deadline in [
            ("2", "High level standards", chapters),
            ("3", "Senior management arrangements", chapters),
            ("6", "Discussion of conduct", discussion),
            ("7", "Discussion of redress", discussion),
        ]
    }
    Question.objects.bulk_create(
        QuestionFactory.build(section=of[number[0]], number=number, wording=Wording.SOUNDINGS, **fields)
        for number, fields in TWO_DEADLINE_QUESTIONS.items()
    )
    gate = question(consultation, "2.2")
    Question.objects.filter(pk=question(consultation, "2.3").pk).update(shown_if=gate, shown_if_answer="No")
    return consultation


TWO_DEADLINE_QUESTIONS: dict[str, dict[str, Any]] = {
    "2.1": {"text": "What are your views on the threshold conditions?", "required": True, "word_limit": 50},
    "2.2": {"text": "Should the principles apply?", "kind": QuestionKind.YES_NO_PARTLY},
    "2.3": {"text": "Why should they not apply?"},
    "3.1": {"text": "Which model?", "kind": QuestionKind.SINGLE, "options": ["First", "Second", "Neither"]},
    "3.2": {"text": "Which costs arise?", "kind": QuestionKind.MULTIPLE, "options": ["Staff", "Systems", "Advice"]},
    "3.3": {"text": "How much a year, in pounds?", "kind": QuestionKind.NUMBER},
    "3.4": {"text": "Attach your estimate.", "kind": QuestionKind.FILE},
    "6.1": {"text": "What are your views on conduct rules?"},
    "7.1": {"text": "What are your views on redress?"},
}


def question(consultation: Consultation, number: str) -> Question:
    return Question.objects.select_related("section__deadline").get(section__consultation=consultation, number=number)


# --- What is answered -------------------------------------------------------------------------------------------------
class ResponseFactory(DjangoModelFactory):
    """A draft, without answers."""

    class Meta:
        model = Response

    class Params:
        consented = factory.Trait(text_consent="publish", name_consent="list", foi_position="no_objection")

    consultation = factory.LazyFunction(paper)
    organisation = factory.SubFactory(OrganisationFactory)
    started_at = ago(days=1)
    edited_at = factory.SelfAttribute("started_at")


class AnswerFactory(DjangoModelFactory):
    class Meta:
        model = Answer

    response = factory.SubFactory(ResponseFactory)
    question = factory.LazyAttribute(
        lambda it: Question.objects.filter(section__consultation=it.response.consultation).first()
    )
    text = "Our answer."
    edited_at = factory.LazyFunction(timezone.now)


class AttachmentFactory(DjangoModelFactory):
    """A small text file, really stored."""

    class Meta:
        model = Attachment

    response = factory.SubFactory(ResponseFactory)
    name = factory.Sequence(lambda n: f"evidence-{n}.txt")
    file = factory.LazyFunction(lambda: ContentFile(b"evidence", name="evidence.txt"))
    content_type = "text/plain"
    size = 8
    sha256 = "ee8250fb76e094b34b471f13a73dbbe51d1ae142e9df59d7c0d31ec20f0a0a8e"
    uploaded_at = factory.LazyFunction(timezone.now)


def submit_row(response: Response, *, by: User | None = None, at: datetime | None = None, **fields: Any) -> Submission:
    """The next version of the response as a row with its receipt, and the response marked as submitted.

    Its text and name consents are the response's, so `confidential` by being empty; give `text_consent="publish"`.
    """
    at = at or timezone.now()
    version = response.latest.version + 1 if response.latest else 1
    content = {
        "consultation": {
            "code": response.consultation.code,
            "reference": response.consultation.reference,
            "title": response.consultation.title,
        },
        "organisation": {"code": response.organisation.code, "name": response.organisation.name},
        "consents": {"text": "", "name": "", "foi": "", "foi_reason": ""},
        "sections": [],
        "files": [],
        "left_out": [],
        **fields.pop("content", {}),  # what a test gives of it; questions may leave out what it does not look at
    }
    for number, question in enumerate(q for section in content["sections"] for q in section.get("questions", [])):
        question |= {"code": f"DEMOQ{number}", "number": f"Q{number}", "files": [], **question}
    for section in content["sections"]:
        section.setdefault("questions", [])
    values = {
        "response": response,
        "version": version,
        "reference": f"{response.code}-{version}",
        "content": content,
        "sha256": snapshot.digest(content),
        "answer_count": 0,
        "question_count": 0,
        "submitted_by": by or member(response.organisation, Role.SUBMITTER),
        "received_at": at,
        "submitted_at": at,
        "text_consent": response.text_consent,
        "name_consent": response.name_consent,
        "foi_position": response.foi_position,
        "foi_reason": response.foi_reason,
    }
    submission = Submission.objects.create(**{**values, **fields})
    proving.issue(submission)
    response.state, response.latest = State.SUBMITTED, submission
    response.withdrawn_at, response.withdrawal_reason = None, ""
    response.save()
    return submission
