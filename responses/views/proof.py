"""What was filed and the proof of it: the receipt, as a page and as a PDF, and the content of each version."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from notifications import clock
from responses import receipts
from responses.models import Receipt, Submission
from responses.pages import SignedInRequest, bodies_of, deadlines_of, is_member, page, private, until_words, zone_of


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
    made = HttpResponse(receipts.pdf(shown_receipt), content_type="application/pdf")
    made["Content-Disposition"] = f'attachment; filename="receipt-{shown_receipt.submission.reference}.pdf"'
    made["X-Content-Type-Options"] = "nosniff"
    made["Cache-Control"] = "private, no-store"
    return made


@private
@require_safe
def submission(request: SignedInRequest, reference: str) -> HttpResponse:
    """One version as it was filed."""
    visible = Submission.objects.visible_to(request.user).select_related(
        "receipt", "submitted_by", "signed_by", "response__consultation", "response__organisation"
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
        "submission__submitted_by", "submission__response__consultation", "submission__response__organisation"
    )
    return get_object_or_404(visible.prefetch_related(bodies_of("submission__response__consultation")), code=code)
