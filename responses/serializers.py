"""What the API's callers send to draft and file a response, and the shapes in which it answers (rows: reading.py)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import SignOffRule
from accounts.serializers import Coded, Given, Text
from consultations.models import QuestionKind
from consultations.serializers import SectionNameSerializer
from responses.drafting import MAX_TEXT
from responses.models import FoiPosition, How, NameConsent, TextConsent
from responses.querysets import State

Shape = serializers.Serializer[Any]
CODE, A_CODE = r"^[0-9A-Z]{10}$", "a code: ten digits and capital letters"
SHA256, A_SHA256 = r"^[0-9a-f]{64}$", "a SHA-256: 64 of the characters 0 to 9 and a to f"


# --- What is sent -----------------------------------------------------------------------------------------------------
class StartSerializer(Given):
    consultation = Coded(CODE, such=A_CODE, help_text="Its code.")
    organisation = Coded(
        CODE, such=A_CODE, required=False, help_text="Its code; may be left out by a caller that has one organisation."
    )


class ConsentsSerializer(Given):
    text_consent = serializers.ChoiceField(choices=TextConsent.choices, required=False)
    name_consent = serializers.ChoiceField(choices=NameConsent.choices, required=False)
    foi_position = serializers.ChoiceField(choices=FoiPosition.choices, required=False)
    foi_reason = Text(
        required=False, allow_blank=True, max_length=10_000, help_text="Needed where the position is confidential."
    )


@extend_schema_field({"type": ["string", "number"], "maxLength": 60})
class NumberField(serializers.CharField):
    """A number as JSON has it or as text, so that no digit is lost on the way."""


class GivenAnswerSerializer(Given):
    """The whole answer: what is left out is emptied."""

    text = Text(required=False, allow_blank=True, trim_whitespace=False, max_length=MAX_TEXT)
    selected = serializers.ListField(
        child=Text(max_length=300), required=False, max_length=100, help_text="Of the offered choices."
    )
    number = NumberField(required=False, allow_null=True, allow_blank=True, max_length=60)


class SubmitSerializer(Given):
    checked = Coded(
        SHA256,
        such=A_SHA256,
        required=False,
        help_text="The sha256 that `check` gave: nothing else than what was checked is filed.",
    )


class SignSerializer(Given):
    checked = Coded(SHA256, such=A_SHA256, help_text="The sha256 that `check` gave: what is signed.")
    note = Text(required=False, allow_blank=True, max_length=2_000)


class WithdrawSerializer(Given):
    reason = Text(max_length=10_000)


class FileSerializer(Given):
    file = serializers.FileField(allow_empty_file=True)
    question = Coded(CODE, such=A_CODE, required=False, help_text="Its code; left out: for the whole response.")


# --- What is answered -------------------------------------------------------------------------------------------------
class PaperSerializer(Shape):
    code = serializers.CharField()
    reference = serializers.CharField()
    title = serializers.CharField()
    is_rehearsal = serializers.BooleanField()


class FirmSerializer(Shape):
    code = serializers.CharField()
    name = serializers.CharField()


class VersionSerializer(Shape):
    reference = serializers.CharField()
    version = serializers.IntegerField()
    received_at = serializers.DateTimeField(help_text="When the request reached us: what lateness is decided by.")
    sha256 = serializers.CharField()


class ResponseSerializer(Shape):
    code = serializers.CharField()
    state = serializers.ChoiceField(choices=State.choices)
    consultation = PaperSerializer()
    organisation = FirmSerializer()
    started_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True, help_text="null for staff: drafting is the firm's own.")
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    latest = VersionSerializer(allow_null=True, help_text="The version that was filed last.")


class StatedConsentsSerializer(Shape):
    """Empty: not stated yet, and confidential until it is."""

    text = serializers.ChoiceField(choices=[("", "Not stated"), *TextConsent.choices])
    name = serializers.ChoiceField(choices=[("", "Not stated"), *NameConsent.choices])
    foi = serializers.ChoiceField(choices=[("", "Not stated"), *FoiPosition.choices])
    foi_reason = serializers.CharField()


class ResponseDetailSerializer(ResponseSerializer):
    withdrawal_reason = serializers.CharField()
    consents = StatedConsentsSerializer(help_text="As they stand in the draft; for staff, as they were filed.")
    submissions = VersionSerializer(many=True)


class AnswerSerializer(Shape):
    question = serializers.CharField(help_text="The question's code.")
    text = serializers.CharField()
    selected = serializers.ListField(child=serializers.CharField())
    number = serializers.CharField(allow_null=True, help_text="A decimal number as text.")
    version = serializers.IntegerField(help_text="0: nothing saved yet. It is the ETag too.")
    edited_by = serializers.CharField(allow_null=True)
    edited_at = serializers.DateTimeField(allow_null=True)


class AnswerInPaperSerializer(AnswerSerializer):
    question_number = serializers.CharField(help_text="As printed.")
    question_text = serializers.CharField()
    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    required: Any = serializers.BooleanField()
    word_limit = serializers.IntegerField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField())
    section = SectionNameSerializer()
    is_open = serializers.BooleanField(help_text="May still be answered.")
    is_asked = serializers.BooleanField(help_text="false: an earlier answer says that it is not asked.")
    files = serializers.ListField(child=serializers.CharField(), help_text="Codes of attachments.")


class AnswerVersionSerializer(Shape):
    ordinal = serializers.IntegerField(help_text="1, 2, 3 … within the answer.")
    version = serializers.IntegerField(
        allow_null=True, help_text="What the answer's version was; null: kept beside, somebody else had been faster."
    )
    based_on = serializers.IntegerField(help_text="The version that it was written against.")
    how = serializers.ChoiceField(choices=How.choices)
    by = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class AnswerVersionDetailSerializer(AnswerVersionSerializer):
    text = serializers.CharField()
    selected = serializers.ListField(child=serializers.CharField())
    number = serializers.CharField(allow_null=True)


class AttachmentSerializer(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")
    sha256 = serializers.CharField()
    uploaded_at = serializers.DateTimeField()
    state = serializers.ChoiceField(
        choices=["available", "quarantined", "rejected"],
        help_text="quarantined: not found clean by the virus scanner yet; rejected: never to be opened.",
    )
    question = serializers.CharField(allow_null=True, help_text="Its code; null: for the whole response.")


class ProblemRowSerializer(Shape):
    field = serializers.CharField(help_text="A question's code, `consents` or `answers`.")
    message = serializers.CharField()


class CheckSerializer(Shape):
    may_submit = serializers.BooleanField(help_text="Submitting now would file exactly `content`.")
    problems = ProblemRowSerializer(many=True, help_text="What stands in the way.")
    answer_count = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Of `content`; may be given to `submit` as `checked`.")
    content = serializers.JSONField(help_text="What would be filed now. `left_out`: answers whose section has closed.")


class SignOffSerializer(Shape):
    rule = serializers.ChoiceField(choices=SignOffRule.choices, help_text="What the organisation asks for.")
    sha256 = serializers.CharField(help_text="Of what would be filed now.")
    is_signed = serializers.BooleanField(help_text="A sign-off of exactly this holds.")
    signed_by = serializers.CharField(allow_null=True)
    signed_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()
    signers = serializers.ListField(child=serializers.CharField(), help_text="Who may sign this.")


class AskedSerializer(Shape):
    asked = serializers.ListField(child=serializers.CharField(), help_text="Whom the e-mails go to.")


class SubmissionSerializer(Shape):
    reference = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(
        choices=["standing", "superseded", "withdrawn"], help_text="standing: this is the version that counts."
    )
    response = serializers.CharField()
    receipt = serializers.CharField()
    consultation = PaperSerializer()
    organisation = FirmSerializer()
    sha256 = serializers.CharField(help_text="Of the content as JSON with sorted keys, no spaces, UTF-8.")
    answer_count = serializers.IntegerField()
    question_count = serializers.IntegerField(help_text="How many could be answered then.")
    received_at = serializers.DateTimeField(help_text="When the request reached us: what lateness is decided by.")
    submitted_at = serializers.DateTimeField(help_text="When it was recorded.")
    consents = StatedConsentsSerializer()


class SubmissionDetailSerializer(SubmissionSerializer):
    submitted_by = serializers.CharField()
    signed_by = serializers.CharField(allow_null=True, help_text="Who signed it off, where somebody did.")
    signed_at = serializers.DateTimeField(allow_null=True)
    content = serializers.JSONField(help_text="Exactly what was filed.")


class ReceiptSerializer(Shape):
    code = serializers.CharField()
    issued_at = serializers.DateTimeField()
    sha256 = serializers.CharField()
    submission = serializers.CharField()
    version = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField()
    answer_count = serializers.IntegerField()
    question_count = serializers.IntegerField()
    consultation = PaperSerializer()
    organisation = FirmSerializer()
