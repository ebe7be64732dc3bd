"""A response's front page: what is done, what is left, until when."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from responses import approval, snapshot, submission
from responses.models import Submission
from responses.pages import SignedInRequest, desk, page, private, shown, until


@private
@require_safe
def show(request: SignedInRequest, code: str) -> HttpResponse:
    here = desk(request, code)
    response = here.response
    prepared = submission.prepare(response, here.now)
    parts = shown(prepared.parts, response.consultation)
    filed = Submission.objects.filter(response=response).select_related("receipt", "submitted_by")
    versions = filed.defer("content", "receipt__payload", "receipt__nonces")
    context = here.context(
        parts=parts,
        problems=prepared.problems,
        deadlines=here.deadlines(parts),
        is_open=prepared.is_open,
        until=until(parts, here.now),
        answered=sum(part.answered for part in parts),
        total=sum(part.total for part in parts),
        file_count=len(prepared.content["files"]) + sum(len(item.files) for part in parts for item in part.items),
        consented=bool(response.text_consent and response.name_consent and response.foi_position),
        versions=list(versions),
        members=len(snapshot.members_named(prepared.content)),
        changed=response.latest is not None and not snapshot.is_filed_as(response.latest, prepared.content),
        approval=approval.of(response, prepared.content),
    )
    return page(request, "detail", context)
