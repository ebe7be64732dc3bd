"""How a firm shares out its work on a response, and what colleagues say to each other about it. None of it is filed,
and nobody outside the organisation sees it."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import Membership, User
from consultations.models import Question


class InternalQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own, and nobody else's: not staff's either, whatever their rights."""
        if not user.is_authenticated:
            return self.none()
        own = Membership.objects.filter(user=user).values_list("organisation_id", flat=True)
        return self.filter(response__organisation__in=own)


class QuestionWork(models.Model):
    """Whose a question is, and the version of its answer that somebody called ready: a later one is not."""

    response = models.ForeignKey("responses.Response", on_delete=models.CASCADE, related_name="work")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    assigned_at = models.DateTimeField("assigned at", null=True)
    ready_version = models.PositiveIntegerField("ready in version", null=True)
    ready_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    ready_at = models.DateTimeField("ready since", null=True)

    objects = InternalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("response", "question", name="question_work_once"),
        ]

    def __str__(self) -> str:
        return f"Work on {self.question}"


class Comment(models.Model):
    """What a colleague says about an answer. It is settled, never changed or taken away."""

    response = models.ForeignKey("responses.Response", on_delete=models.PROTECT, related_name="comments")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("comment")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField("said at")
    settled_at = models.DateTimeField("settled at", null=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = InternalQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[Any]] = [models.Index("response", "question", name="comment_of_question")]

    def __str__(self) -> str:
        return f"Comment by {self.by}"
