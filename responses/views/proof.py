"""What was filed and the proof of it: the receipt, as a page and as a PDF, and the content of each version."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from consultations.closing import zone_of
from notifications import clock
from responses import downloads, proving, receipts, snapshot
from responses.models import Receipt, Submission
from responses.pages import SignedInRequest, bodies_of, deadlines_of, is_member, page, private, until_words

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@private
@require_safe
def receipt(request: SignedInRequest, code: str) -> HttpResponse:
    """Proof of filing one version: for the organisation, and for staff who may read the submission."""
    shown_receipt = _receipt(request, code)
    submission = shown_receipt.submission
    response = submission.response
    context = {
        "receipt": shown_receipt,
        "submission": submission,
        "response": response,
        "consultation": response.consultation,
        "rehearsal": response.consultation.is_rehearsal,
        "zone": zone_of(response.consultation),
        "is_member": is_member(request.user, response),
        "is_latest": response.latest_id == submission.pk,
        "until": until_words(deadlines_of(response.consultation), clock.now()),
        "files": receipts.files_of(submission),
    }
    return page(request, "receipt", context)


@private
@require_safe
def receipt_pdf(request: SignedInRequest, code: str) -> HttpResponse:
    shown_receipt = _receipt(request, code)
    return _download(
        receipts.pdf(shown_receipt), f"receipt-{shown_receipt.submission.reference}.pdf", "application/pdf"
    )


@private
@require_safe
def receipt_json(request: SignedInRequest, code: str) -> HttpResponse:
    """The receipt that anybody can check. One that was made before receipts were signed has none."""
    found = _receipt(request, code)
    if not found.is_signed:
        raise Http404
    return _download(proving.document(found), f"receipt-{found.submission.reference}.json", "application/json")


@private
@require_safe
def content_json(request: SignedInRequest, reference: str) -> HttpResponse:
    """What was filed, as the bytes that were hashed."""
    filed = get_object_or_404(Submission.objects.visible_to(request.user), reference=reference)
    return _download(snapshot.canonical(filed.content), f"{reference}.json", "application/json")


@private
@require_safe
def filed_pdf(request: SignedInRequest, reference: str) -> HttpResponse:
    return _download(downloads.pdf(_filed(request, reference)), f"{reference}.pdf", "application/pdf")


@private
@require_safe
def filed_word(request: SignedInRequest, reference: str) -> HttpResponse:
    return _download(downloads.word(_filed(request, reference)), f"{reference}.docx", WORD)


def _filed(request: SignedInRequest, reference: str) -> Submission:
    visible = Submission.objects.visible_to(request.user).filter(erasure=None)
    return get_object_or_404(
        visible.select_related("submitted_by", "response__consultation", "response__organisation"), reference=reference
    )


def _download(content: bytes, name: str, content_type: str) -> HttpResponse:
    made = HttpResponse(content, content_type=content_type)
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    made["X-Content-Type-Options"] = "nosniff"
    made["Cache-Control"] = "private, no-store"
    return made


@private
@require_safe
def submission(request: SignedInRequest, reference: str) -> HttpResponse:
    """One version as it was filed."""
    visible = Submission.objects.visible_to(request.user).select_related(
        "receipt", "erasure", "submitted_by", "signed_by", "response__consultation", "response__organisation"
    )
    filed = get_object_or_404(visible.prefetch_related(bodies_of("response__consultation")), reference=reference)
    context = {
        "submission": filed,
        "content": filed.content,
        "response": filed.response,
        "consultation": filed.response.consultation,
        "rehearsal": filed.response.consultation.is_rehearsal,
        "zone": zone_of(filed.response.consultation),
        "is_member": is_member(request.user, filed.response),
        "is_latest": filed.response.latest_id == filed.pk,
    }
    return page(request, "submission", context)


def _receipt(request: SignedInRequest, code: str) -> Receipt:
    visible = Receipt.objects.visible_to(request.user).select_related(
        "seal", "submission__erasure", "submission__submitted_by", "submission__response__consultation",
        "submission__response__organisation",
    )  # fmt: skip
    return get_object_or_404(visible.prefetch_related(bodies_of("submission__response__consultation")), code=code)
