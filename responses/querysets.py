"""The language for asking about responses. Every look-up starts from `visible_to(user)`."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from accounts.models import Membership, User

if TYPE_CHECKING:
    from responses.models import Answer, Attachment, Receipt, Response, Submission  # noqa: F401 (in the string types below)


class State(models.TextChoices):
    """What the firm has done with its response. Open or closed is the consultation's, and the clock's."""

    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    WITHDRAWN = "withdrawn", "Withdrawn"


def _organisations_of(user: int) -> "models.QuerySet[Membership, int]":
    return Membership.objects.filter(user=user).values_list("organisation_id", flat=True)


def reads_filed(user: User | AnonymousUser) -> bool:
    """Staff who may know that a response was submitted."""
    return user.is_staff and user.has_perm("responses.view_response")


class Reads(StrEnum):
    """Whose submissions somebody may read."""

    OWN = "own"
    PUBLISHABLE = "publishable"  # and their own
    ALL = "all"

    @classmethod
    def of(cls, user: User | AnonymousUser) -> "Reads":
        if not (user.is_staff and user.has_perm("responses.view_submission")):
            return cls.OWN
        return cls.ALL if user.has_perm("responses.view_confidential") else cls.PUBLISHABLE


class ResponseQuerySet(models.QuerySet["Response"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A member's organisations' responses. Staff with the right: what was submitted, never a firm's draft.

        A draft that was never submitted is the firm's own; staff see neither its text nor that it exists.
        """
        if not user.is_authenticated:
            return self.none()
        return self.own_or_filed(user.pk) if reads_filed(user) else self.own(user.pk)

    def of(self, user: User | AnonymousUser) -> Self:
        """Those of the user's own organisations: what the pages for firms show, and a draft is never shown beyond."""
        return self.own(user.pk) if user.is_authenticated else self.none()

    def own(self, user: int) -> Self:
        """Of the organisations of the user with this id."""
        return self.filter(organisation__in=_organisations_of(user))

    def own_or_filed(self, user: int) -> Self:
        return self.filter(Q(organisation__in=_organisations_of(user)) | ~Q(state=State.DRAFT))

    def submitted(self) -> Self:
        return self.filter(state=State.SUBMITTED)


class AnswerQuerySet(models.QuerySet["Answer"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Drafting text is for the organisation alone; staff read submissions, not drafts."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(response__organisation__in=_organisations_of(user.pk))


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own; staff, those that are part of a submission that they may read."""
        from responses.models import Submission

        if not user.is_authenticated:
            return self.none()
        readable = Q(response__organisation__in=_organisations_of(user.pk))
        if user.is_staff:
            filed = Submission.attachments.through.objects.filter(submission__in=Submission.objects.visible_to(user))
            readable |= Q(pk__in=filed.values("attachment"))
        return self.filter(readable)

    def current(self) -> Self:
        return self.filter(removed_at__isnull=True)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A member's organisations'. Staff with the right: those whose text may be published; with
        `view_confidential` as well, all of them."""
        if not user.is_authenticated:
            return self.none()
        match Reads.of(user):
            case Reads.ALL:
                return self
            case Reads.PUBLISHABLE:
                return self.own_or_publishable(user.pk)
        return self.own(user.pk)

    def own(self, user: int) -> Self:
        """Of the organisations of the user with this id."""
        return self.filter(response__organisation__in=_organisations_of(user))

    def own_or_publishable(self, user: int) -> Self:
        return self.filter(Q(response__organisation__in=_organisations_of(user)) | Q(text_consent="publish"))

    def received_since(self, moment: datetime) -> Self:
        return self.filter(received_at__gte=moment)


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        from responses.models import Submission

        return self.filter(submission__in=Submission.objects.visible_to(user))
