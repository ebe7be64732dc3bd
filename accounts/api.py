"""The caller's organisations."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response as ApiResponse

from accounts.models import Membership, Organisation
from accounts.serializers import OrganisationSerializer

FIELDS = ("code", "name", "kind", "frn", "lei", "company_number", "role")


class OrganisationView(GenericAPIView[Any]):
    serializer_class = OrganisationSerializer

    def get_queryset(self) -> QuerySet[Any, Any]:
        if getattr(self, "swagger_fake_view", False):
            return Organisation.objects.none()
        return organisations_of(self.request.user)


class Organisations(OrganisationView):
    @extend_schema(operation_id="organisations", responses=OrganisationSerializer(many=True))
    def get(self, request: Request) -> ApiResponse:
        """The organisations that the caller is a member of; for staff with the right, all."""
        page: Any = self.paginate_queryset(self.filter_queryset(Organisation.objects.visible_to(request.user)))
        rows = self.get_queryset().filter(pk__in=page).order_by("-id")
        return self.get_paginated_response([shape(row) for row in rows])


class OneOrganisation(OrganisationView):
    @extend_schema(operation_id="organisation")
    def get(self, request: Request, code: str) -> ApiResponse:  # noqa: ARG002
        """One organisation."""
        row = self.get_queryset().filter(code=code).first()
        if row is None:
            raise NotFound
        return ApiResponse(shape(row))


def organisations_of(user: Any) -> QuerySet[Any, Any]:
    """As rows, with the user's own role in each."""
    own = Membership.objects.filter(organisation=OuterRef("pk"), user_id=user.pk).values("role")
    found: QuerySet[Any, Any] = Organisation.objects.visible_to(user).annotate(role=Subquery(own)).values("id", *FIELDS)
    return found


def shape(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS}
