"""The language for asking about responses. Every look-up starts from `visible_to(user)`."""

from datetime import datetime
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


def _organisations_of(user: User) -> "models.QuerySet[Membership, int]":
    return Membership.objects.filter(user=user).values_list("organisation_id", flat=True)


class ResponseQuerySet(models.QuerySet["Response"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A member's organisations' responses. Staff with the right: what was submitted, never a firm's draft.

        A draft that was never submitted is the firm's own; staff see neither its text nor that it exists.
        """
        if not user.is_authenticated:
            return self.none()
        own = Q(organisation__in=_organisations_of(user))
        if user.is_staff and user.has_perm("responses.view_response"):
            return self.filter(own | ~Q(state=State.DRAFT))
        return self.filter(own)

    def of(self, user: User | AnonymousUser) -> Self:
        """Those of the user's own organisations: what the pages for firms show, and a draft is never shown beyond."""
        return self.filter(organisation__in=_organisations_of(user)) if user.is_authenticated else self.none()

    def submitted(self) -> Self:
        return self.filter(state=State.SUBMITTED)


class AnswerQuerySet(models.QuerySet["Answer"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Drafting text is for the organisation alone; staff read submissions, not drafts."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(response__organisation__in=_organisations_of(user))


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own; staff, those that are part of a submission that they may read."""
        from responses.models import Submission

        if not user.is_authenticated:
            return self.none()
        readable = Q(response__organisation__in=_organisations_of(user))
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
        own = Q(response__organisation__in=_organisations_of(user))
        if not (user.is_staff and user.has_perm("responses.view_submission")):
            return self.filter(own)
        if user.has_perm("responses.view_confidential"):
            return self
        return self.filter(own | Q(text_consent="publish"))

    def received_since(self, moment: datetime) -> Self:
        return self.filter(received_at__gte=moment)


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        from responses.models import Submission

        return self.filter(submission__in=Submission.objects.visible_to(user))
