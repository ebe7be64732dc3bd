"""What the API's description says beyond the views: the one shape of every error."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

PROBLEM_JSON = "application/problem+json"
TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": TEXT,
        "title": {**TEXT, "description": "The status in words."},
        "status": {"type": "integer"},
        "code": {**TEXT, "description": "Stable, for programs."},
        "detail": {**TEXT, "description": "A sentence to act on, for people."},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong, with the field it is about.",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {"field": TEXT, "message": TEXT, "code": TEXT},
            },
        },
        "current": {"type": "object", "description": "With 412: what stands now."},
    },
}
CONTENT = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
DEFAULT = {"description": "Anything that goes wrong, as problem details.", "content": CONTENT}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation may answer with problem details, and unknown keys are refused."""
    schemas = result["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    for name, schema in schemas.items():
        if name.endswith("Request"):
            schema["additionalProperties"] = False
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["summary"] = operation["description"].split(".")[0]
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    response["content"] = CONTENT
            operation["responses"]["default"] = DEFAULT
    return _without_marks(result)  # type: ignore[no-any-return]


def _without_marks(part: Any) -> Any:
    """Without what drf-spectacular notes for itself."""
    if isinstance(part, dict):
        return {name: _without_marks(value) for name, value in part.items() if name != "x-spec-enum-id"}
    return [_without_marks(value) for value in part] if isinstance(part, list) else part


class Methods(BaseMetadata):
    """What OPTIONS answers. The rest is in the schema."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"methods": view.allowed_methods}
