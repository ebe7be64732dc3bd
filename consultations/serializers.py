"""The shapes in which the API gives consultations. The rows themselves are made in reading.py."""

from typing import Any

from rest_framework import serializers

from consultations.models import Certainty, Jurisdiction, Kind, QuestionKind, Wording
from consultations.querysets import Status

Shape = serializers.Serializer[Any]


class AuthoritySerializer(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    jurisdiction = serializers.ChoiceField(choices=Jurisdiction.choices)
    time_zone = serializers.CharField()


class TopicSerializer(Shape):
    slug = serializers.CharField()
    name = serializers.CharField()


class DeadlineSerializer(Shape):
    label: Any = serializers.CharField(help_text="What closes then.")
    closes_at = serializers.DateTimeField(allow_null=True, help_text="The last instant that counts; null: never.")
    time_zone = serializers.CharField(help_text="The civil zone in which the body set it.")
    words = serializers.CharField(help_text="The moment in words, in its own zone and those of the other bodies.")
    is_open = serializers.BooleanField()
    time_assumed = serializers.BooleanField(help_text="The source gives a date alone; the end of that day is taken.")
    certainty = serializers.ChoiceField(choices=Certainty.choices)
    note = serializers.CharField()
    version = serializers.IntegerField(help_text="Rises each time that it is moved.")


class DeadlineChangeSerializer(Shape):
    version = serializers.IntegerField()
    old_closes_at = serializers.DateTimeField(allow_null=True)
    new_closes_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True)


class DeadlineWithChangesSerializer(DeadlineSerializer):
    source: Any = serializers.CharField()
    changes = DeadlineChangeSerializer(many=True)


class ConsultationSerializer(Shape):
    code = serializers.CharField()
    reference = serializers.CharField(help_text="As printed.")
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    status = serializers.ChoiceField(choices=Status.choices, help_text="At this moment, by the clock.")
    summary = serializers.CharField()
    is_rehearsal = serializers.BooleanField(help_text="A copy for practice: what is sent goes to no body.")
    takes_responses = serializers.BooleanField(help_text="false: see respond_via for how to respond elsewhere.")
    published_at = serializers.DateTimeField(allow_null=True)
    opens_at = serializers.DateTimeField(allow_null=True, help_text="null: on publication.")
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    published_on = serializers.DateField(allow_null=True, help_text="The date on the paper.")
    next_closes_at = serializers.DateTimeField(allow_null=True, help_text="The soonest closing moment still ahead.")
    authorities = AuthoritySerializer(many=True, help_text="The first one leads.")
    topics = TopicSerializer(many=True)
    deadlines = DeadlineSerializer(many=True)


class CorrectionSerializer(Shape):
    old_text = serializers.CharField()
    new_text = serializers.CharField()
    old_guidance = serializers.CharField()
    new_guidance = serializers.CharField()
    reason = serializers.CharField()
    corrected_at = serializers.DateTimeField()


class ConditionSerializer(Shape):
    question = serializers.CharField(help_text="The code of an earlier question.")
    answer = serializers.CharField(help_text="Asked only if this was chosen there.")


class SectionNameSerializer(Shape):
    number = serializers.CharField()
    title = serializers.CharField()


class QuestionSerializer(Shape):
    code = serializers.CharField()
    number = serializers.CharField(help_text="As printed.")
    text = serializers.CharField()
    guidance = serializers.CharField()
    kind = serializers.ChoiceField(choices=QuestionKind.choices)
    wording = serializers.ChoiceField(choices=Wording.choices)
    required: Any = serializers.BooleanField()
    word_limit = serializers.IntegerField(allow_null=True)
    choices = serializers.ListField(child=serializers.CharField(), help_text="What may be selected; empty: free.")
    shown_if = ConditionSerializer(allow_null=True)
    corrections = CorrectionSerializer(many=True)


class QuestionInPaperSerializer(QuestionSerializer):
    section = SectionNameSerializer()
    deadline = DeadlineSerializer(allow_null=True)
    is_open = serializers.BooleanField(help_text="May still be answered.")


class SectionSerializer(Shape):
    number = serializers.CharField()
    title = serializers.CharField()
    introduction = serializers.CharField(help_text="Markdown.")
    deadline = DeadlineSerializer(allow_null=True)
    is_open = serializers.BooleanField()
    questions = QuestionSerializer(many=True)


class OutcomeSerializer(Shape):
    code = serializers.CharField()
    kind = serializers.CharField()
    reference = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    url = serializers.CharField()
    published_on = serializers.DateField(allow_null=True)
    published_at = serializers.DateTimeField()
    is_final = serializers.BooleanField(help_text="false for an extension notice or a further consultation.")
    note = serializers.CharField()
    consultations = serializers.ListField(child=serializers.CharField(), help_text="Codes of all that it answers.")


class DocumentSerializer(Shape):
    code = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField(help_text="Empty: the file is kept here; see the consultation's page.")


class ConsultationDetailSerializer(ConsultationSerializer):
    body = serializers.CharField(help_text="Markdown.")
    withdrawal_reason = serializers.CharField()
    published_on_text = serializers.CharField(help_text="The date as printed.")
    closing_unknown = serializers.BooleanField()
    known_closed_at = serializers.DateTimeField(allow_null=True)
    question_count = serializers.IntegerField(allow_null=True, help_text="As counted in the paper, where known.")
    respond_via = serializers.JSONField()
    confidentiality_note = serializers.CharField()
    confidentiality_source = serializers.CharField()
    docket_id = serializers.CharField()
    rin = serializers.CharField()
    fr_document_number = serializers.CharField()
    fr_citation = serializers.CharField()
    responses_received = serializers.IntegerField(allow_null=True, help_text="As the body says.")
    sources = serializers.ListField(child=serializers.CharField())
    record_note = serializers.CharField()
    deadlines = DeadlineWithChangesSerializer(many=True)
    documents = DocumentSerializer(many=True)
    outcomes = OutcomeSerializer(many=True)
    sections = SectionSerializer(many=True)
