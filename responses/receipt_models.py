"""What makes a receipt one that anybody can check: keys, the chain, its daily heads, and what was lawfully erased."""

from typing import Any, ClassVar

from django.db import models

# What is left of a submission's content once it was erased: the database allows this change and no other (0011).
ERASED_CONTENT = {
    "consents": {"text": "", "name": "", "foi": "", "foi_reason": ""},
    "sections": [],
    "files": [],
    "left_out": [],
}


class Proof(models.Model):
    """The signed part of a receipt (proving.py). Empty for one that was made before receipts were signed.

    `payload` is what is signed, in canonical JSON; it holds no answer and no hash of one. `nonces` are what each hash
    in it was taken with: {"content": …, "questions": {code: …}, "files": {code: …}}; erased with the content.
    """

    payload = models.JSONField("what is signed", null=True, editable=False)
    nonces = models.JSONField("nonces", default=dict, editable=False)
    signature = models.CharField("signature", max_length=100, blank=True, editable=False)
    key_id = models.CharField("key", max_length=16, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_signed(self) -> bool:
        return self.payload is not None


class ReceiptKey(models.Model):
    """A public key that receipts are or were signed with. Rows are only ever added."""

    key_id = models.CharField("key", max_length=16, primary_key=True)
    public_key = models.CharField("public key", max_length=60)
    first_used_at = models.DateTimeField("first used at")

    class Meta:
        ordering: ClassVar[list[str]] = ["-first_used_at"]

    def __str__(self) -> str:
        return self.key_id


class ReceiptSeal(models.Model):
    """One link of the chain over all receipts: covers one receipt and the link before (chain.py). Only ever added."""

    number = models.BigIntegerField("number", primary_key=True)
    receipt = models.OneToOneField("responses.Receipt", on_delete=models.PROTECT, related_name="seal")
    leaf = models.CharField("SHA-256 of what is signed", max_length=64)
    digest = models.CharField("SHA-256", max_length=64)
    sealed_at = models.DateTimeField("sealed at")

    def __str__(self) -> str:
        return f"{self.number}: {self.digest[:12]}"


class ReceiptHead(models.Model):
    """Where the chain stood at the end of a day (UTC), as published. Only ever added."""

    day = models.DateField("day", primary_key=True)
    number = models.BigIntegerField("number of the last link")
    digest = models.CharField("SHA-256", max_length=64)

    class Meta:
        ordering: ClassVar[list[str]] = ["-day"]

    def __str__(self) -> str:
        return f"{self.day}: {self.digest[:12]}"


class Erasure(models.Model):
    """The content of one submission was lawfully erased. Written before the content goes: without it nothing does."""

    submission = models.OneToOneField("responses.Submission", on_delete=models.PROTECT, related_name="erasure")
    reason = models.TextField("reason")
    by = models.CharField("by", max_length=320)
    at = models.DateTimeField("erased at")
    drafts = models.BooleanField("the firm's own versions as well", default=False)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="erasure_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.reason[:60]}"
