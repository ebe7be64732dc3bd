"""A trade body collects its members' input to one response: what it asks, who was invited, and what each member wrote.

What a member writes is its own until it is sent; from then on the people of the body that collects read what was sent.
Nobody else ever does: no other member, and no staff. None of it is filed.
"""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.identifiers import public_code
from accounts.models import Membership, Organisation, User
from consultations.models import Question


class Naming(models.TextChoices):
    """Whether a member may be named among those that the response speaks for."""

    LIST = "list", "Yes, we may be listed as a member"
    WITHHOLD = "withhold", "No, do not name us"


def _organisations_of(user: User) -> "models.QuerySet[Membership, int]":
    return Membership.objects.filter(user=user).values_list("organisation_id", flat=True)


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The collecting organisation's own. A member reaches it through its contribution, nobody else at all."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(response__organisation__in=_organisations_of(user))


class Collection(models.Model):
    """What a trade body asks of its members for one response, until a date of its own.

    The sharing code is made from `nonce` and our own key (collecting.py), so that the table alone lets nobody in;
    another nonce ends the old code, none ends it for good.
    """

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    response = models.OneToOneField("responses.Response", on_delete=models.PROTECT, related_name="collection")
    title = models.CharField("title", max_length=200)
    note = models.TextField("note to members", blank=True)
    questions = models.ManyToManyField(Question, related_name="+")
    closes_at = models.DateTimeField("closes at")
    time_zone = models.CharField("time zone", max_length=60)
    nonce = models.UUIDField("nonce", null=True, default=uuid.uuid4, editable=False)
    code_expires_at = models.DateTimeField("sharing code good until")
    opened_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    opened_at = models.DateTimeField("opened at")
    ended_at = models.DateTimeField("ended at", null=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~Q(title=""), name="collection_has_title"),
        ]

    def __str__(self) -> str:
        return self.title

    def is_open(self, now: datetime) -> bool:
        """Members may still write and send. What the consultation itself allows is asked besides."""
        return self.ended_at is None and now <= self.closes_at

    def has_code(self, now: datetime) -> bool:
        return self.nonce is not None and now < self.code_expires_at and self.is_open(now)


class MemberInvitationQuerySet(models.QuerySet["MemberInvitation"]):
    def open(self, now: datetime) -> Self:
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(collection__in=Collection.objects.visible_to(user))


class MemberInvitation(models.Model):
    """An offer to one address to give input. Its link is signed when the e-mail is written (collecting.py)."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField("e-mail address")
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField("invited at")
    expires_at = models.DateTimeField("expires at")
    accepted_at = models.DateTimeField("accepted at", null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField("withdrawn at", null=True)

    objects = MemberInvitationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                "collection", Lower("email"), condition=Q(accepted_at=None, revoked_at=None),
                name="member_invitation_one_open",
            ),
        ]  # fmt: skip
        indexes: ClassVar[list[Any]] = [models.Index("invited_by", "invited_at", name="member_invitation_by")]

    def __str__(self) -> str:
        return f"{self.email} to {self.collection}"


class ContributionQuerySet(models.QuerySet["Contribution"]):
    def own(self, user: User | AnonymousUser) -> Self:
        """Of whom it comes from: the organisation it is from, or where there is none who began it."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            Q(organisation__in=_organisations_of(user)) | Q(organisation__isnull=True, started_by=user.pk)
        )

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """One's own; and for the people of the body that collects, what was sent and not withdrawn."""
        if not user.is_authenticated:
            return self.none()
        sent = Q(latest__isnull=False, withdrawn_at=None)
        return self.filter(
            Q(pk__in=self.model.objects.own(user).values("pk"))
            | sent & Q(collection__response__organisation__in=_organisations_of(user))
        )


class Contribution(models.Model):
    """One member's input: `name` is whom it comes from, as it was given. `latest` is set in contributing.py alone."""

    code = models.CharField("code", max_length=10, unique=True, default=public_code, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="contributions")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("from", max_length=200)
    naming = models.CharField("may it be named?", max_length=8, choices=Naming.choices, blank=True)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    joined_at = models.DateTimeField("joined at")
    latest = models.OneToOneField("SentInput", null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField("withdrawn at", null=True)

    objects = ContributionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("collection", "organisation", name="contribution_once_an_organisation"),
            models.UniqueConstraint(
                "collection", "started_by", condition=Q(organisation=None), name="contribution_once_a_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sent(self) -> bool:
        """What was sent counts: the body reads it."""
        return self.latest_id is not None and self.withdrawn_at is None


class ContributionAnswerQuerySet(models.QuerySet["ContributionAnswer"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """What has not been sent is the member's alone."""
        return self.filter(contribution__in=Contribution.objects.own(user))


class ContributionAnswer(models.Model):
    """What a member has written on one question so far. `version` rises with each save; a stale save is refused."""

    contribution = models.ForeignKey(Contribution, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("text", blank=True)
    version = models.PositiveIntegerField("version", default=1)
    edited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    edited_at = models.DateTimeField("edited at")

    objects = ContributionAnswerQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("contribution", "question", name="contribution_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contribution}: {self.question_id}"


class SentInputQuerySet(models.QuerySet["SentInput"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(contribution__in=Contribution.objects.visible_to(user))


class SentInput(models.Model):
    """What a member sent, word for word: {question code: text}. The database refuses to change or delete a row, but for
    a lawful erasure (erasing.py), which empties it and says when."""

    contribution = models.ForeignKey(Contribution, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField("version")
    content = models.JSONField("content")
    sha256 = models.CharField("SHA-256 of the content", max_length=64, blank=True)
    naming = models.CharField("may it be named?", max_length=8, choices=Naming.choices)
    erased_at = models.DateTimeField("erased at", null=True, editable=False)
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField("sent at")

    objects = SentInputQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("contribution", "number", name="sent_input_once"),
            models.CheckConstraint(condition=Q(naming__in=Naming.values), name="sent_input_naming_known"),
        ]

    def __str__(self) -> str:
        return f"{self.contribution}, version {self.number}"


class SpokenForQuerySet(models.QuerySet["SpokenFor"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """The organisation's own. Others read the list in what was filed."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(response__organisation__in=_organisations_of(user))


class SpokenFor(models.Model):
    """A member that the response speaks for. Ticked among those that gave input, or typed in (`contribution` none)."""

    response = models.ForeignKey("responses.Response", on_delete=models.CASCADE, related_name="members")
    name = models.CharField("name", max_length=200)
    contribution = models.ForeignKey(Contribution, null=True, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    added_at = models.DateTimeField("added at")

    objects = SpokenForQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[Any]] = [Lower("name"), "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint("response", Lower("name"), name="spoken_for_once"),
            models.CheckConstraint(condition=~Q(name=""), name="spoken_for_has_name"),
        ]

    def __str__(self) -> str:
        return self.name
