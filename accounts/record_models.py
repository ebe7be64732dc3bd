"""The record of acts, and the seals that show whether it was changed."""

from typing import Any, ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models


class Act(models.Model):
    """One thing that somebody did. Rows are only ever added: the database refuses to change or delete them.

    `subject` names what it was done to ("response:4TX…"), `organisation_code` whose business it is, if a firm's.
    `detail` holds facts, never answer text. The person is kept by id and by what they were called then, so that the
    record outlives the account.
    """

    at = models.DateTimeField("when")
    verb = models.CharField("what", max_length=60)
    actor_id = models.BigIntegerField("who (id)", null=True)
    actor = models.CharField("who", max_length=320)
    door = models.CharField("where from", max_length=10)
    ip = models.GenericIPAddressField("address", null=True)
    subject = models.CharField("to what", max_length=80)
    consultation_code = models.CharField("consultation", max_length=10, blank=True)
    organisation_code = models.CharField("organisation", max_length=10, blank=True)
    detail = models.JSONField("details", default=dict)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index("subject", "id", name="act_subject"),
            models.Index("consultation_code", "id", name="act_consultation"),
            models.Index(OpClass("actor", name="varchar_pattern_ops"), name="act_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.verb}"


class Seal(models.Model):
    """The hash chain over the record: each seal covers one act and the seal before it (accounts/record.py).

    Apart from the acts, so that writing an act never waits for the chain: acts are sealed within a minute.
    """

    number = models.BigIntegerField("number", primary_key=True)
    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="seal")
    digest = models.CharField("SHA-256", max_length=64)
    sealed_at = models.DateTimeField("sealed at", auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.number}: {self.digest[:12]}"
