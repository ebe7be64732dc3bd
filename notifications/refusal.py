"""How Soundings says no: one error type, raised by flows and turned into words once for each kind of door."""

from collections.abc import Iterable


class Refusal(Exception):  # noqa: N818 (it is not a fault of the program)
    """A request that a rule does not allow.

    `message` is a sentence that the reader can act on; `field` names the input it is about, where there is one;
    `code` is stable and goes into the API's problem details; `status` is the HTTP status that fits; `problems` are
    (field, message) pairs where several things are wrong at once.
    Raised inside a flow's transaction, it undoes everything that the flow had written.
    """

    status = 400
    code = "refused"

    def __init__(
        self, message: str, *, field: str = "", code: str = "", problems: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code or type(self).code
        self.problems = list(problems) or ([(field, message)] if field else [])


class NotAllowed(Refusal):
    """Who is asking may see the thing but not do this to it."""

    status = 403
    code = "not_allowed"


class Conflict(Refusal):
    """The thing is not in a state in which this can be done, or somebody was faster."""

    status = 409
    code = "conflict"


class Stale(Refusal):
    """What is being saved was written against an older version than the stored one."""

    status = 412
    code = "stale"
