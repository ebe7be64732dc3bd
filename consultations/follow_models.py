"""What people and organisations want to hear of."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast
from django.db.models.lookups import Regex

from accounts import alerts
from accounts.alerts import LEADS_AS_TEXT, Rhythm, validate_lead
from accounts.models import Organisation, User
from consultations.paper_models import Authority, Consultation, Jurisdiction, Kind, Topic
from consultations.querysets import FollowQuerySet

NOTHING_BUT_A_PAPER = Q(authority__isnull=True, topic__isnull=True, jurisdiction="", kind="", words="")


class Follow(models.Model):
    """What somebody wants to hear of: one consultation, or every one that all the given criteria fit.

    A body, topic, jurisdiction, kind or words alone, or several of them: a saved search. `muted`: no alerts about this
    consultation, whatever else the person follows. It is a person's own, or an organisation's, which those of its
    members hear who may draft. `leads` and `rhythm` null: as each person has chosen for themself. The one rule of what
    a row covers is consultations/hearing.py.
    """

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.CASCADE, related_name="follows"
    )
    consultation = models.ForeignKey(
        Consultation, null=True, blank=True, on_delete=models.CASCADE, related_name="follows"
    )
    authority = models.ForeignKey(Authority, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.CASCADE, related_name="follows")
    jurisdiction = models.CharField("jurisdiction", max_length=2, blank=True, choices=Jurisdiction.choices)
    kind = models.CharField("kind", max_length=30, blank=True, choices=Kind.choices)
    words = models.CharField("words", max_length=200, blank=True, help_text="As in the search of the list.")
    muted = models.BooleanField("no alerts", default=False)
    leads = ArrayField(
        models.CharField(max_length=5, validators=[validate_lead]), verbose_name="reminders", null=True, blank=True
    )
    rhythm = models.CharField("how soon", max_length=10, null=True, blank=True, choices=Rhythm.choices)
    since = models.DateTimeField("since", auto_now_add=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, organisation__isnull=True)
                | Q(user__isnull=True, organisation__isnull=False),
                name="follow_is_somebodys",
            ),
            models.CheckConstraint(
                condition=~NOTHING_BUT_A_PAPER | Q(consultation__isnull=False), name="follow_something"
            ),
            models.CheckConstraint(
                condition=Q(consultation__isnull=True) | NOTHING_BUT_A_PAPER, name="follow_paper_by_itself"
            ),
            models.CheckConstraint(
                condition=Q(muted=False) | Q(consultation__isnull=False, user__isnull=False),
                name="follow_muted_is_a_persons_paper",
            ),
            models.CheckConstraint(
                condition=Q(jurisdiction__in=["", *Jurisdiction.values], kind__in=["", *Kind.values]),
                name="follow_criteria_known",
            ),
            models.CheckConstraint(
                condition=Q(rhythm__isnull=True) | Q(rhythm__in=Rhythm.values), name="follow_rhythm_known"
            ),
            models.CheckConstraint(
                condition=Q(leads__isnull=True) | Q(Regex(Cast("leads", models.TextField()), Value(LEADS_AS_TEXT))),
                name="follow_leads_are_codes",
            ),
            models.UniqueConstraint(
                fields=["user", "organisation", "consultation", "authority", "topic", "jurisdiction", "kind", "words"],
                nulls_distinct=False,
                name="follow_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.organisation} follows {self.target}"

    @property
    def lead_words(self) -> str:
        """Its own lead times in words; "none" where it is to remind of nothing."""
        return ", ".join(map(alerts.words, self.leads or [])) or "none"

    @property
    def is_of_one_thing(self) -> bool:
        """A consultation, a body or a topic, and nothing that narrows it: what the Follow buttons make."""
        things = [self.consultation_id, self.authority_id, self.topic_id]
        return sum(map(bool, things)) == 1 and not (self.jurisdiction or self.kind or self.words)

    @property
    def target(self) -> str:
        """What it covers, in words: "Financial Conduct Authority; Crypto; “custody”"."""
        if self.consultation:
            return self.consultation.name
        parts: list[object] = [self.authority, self.topic]
        parts += [Jurisdiction(self.jurisdiction).label if self.jurisdiction else None]
        parts += [Kind(self.kind).label if self.kind else None, f"“{self.words}”" if self.words else None]
        return "; ".join(str(part) for part in parts if part)
