"""How a request's body is read: no larger than allowed, and only where it has one clear meaning."""

import json
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers, status
from rest_framework.exceptions import APIException, ParseError


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class JSONParser(parsers.JSONParser):
    """JSON in UTF-8. Refused: a key twice in one object, NaN, numbers and nestings that no reader of ours expects."""

    def parse(self, stream: IO[Any], *_: Any, **__: Any) -> Any:
        most: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body: bytes = stream.read(most + 1)
        if len(body) > most:
            raise TooLarge(f"A body of JSON has {most // 1_048_576} MB at most. Attach long texts as files.")
        if not body.strip():
            return {}
        try:
            return json.loads(
                body.decode(), object_pairs_hook=_once_each, parse_constant=_no_constant, parse_int=_whole_number
            )
        except RecursionError as error:
            raise ParseError("This JSON is nested too deeply.") from error
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: byte {error.start + 1} is wrong.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return made


def _whole_number(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:
        raise ParseError("The body is not JSON that is taken: a number has more digits than are read.") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
