"""E-mails about an organisation's own response, and reminders of what it has yet to send."""

from datetime import datetime
from typing import Literal

from django.db.models import CharField, DateTimeField, F, Q, SmallIntegerField, Value
from django.db.models.functions import Cast, Concat, JSONObject

from accounts.emails import reachable
from accounts.models import Membership
from accounts.permissions import MAY_DRAFT
from notifications import outbox
from notifications.models import Priority
from responses.models import Submission

Filed = Literal["response_submitted", "response_amended", "response_withdrawn"]


def queue_filed(*, kind: Filed, submission: Submission, now: datetime) -> int:
    """Tell those of the organisation who may draft or submit, and who filed it; returns how many messages are owed.

    `submission` is the version that was filed or, for a withdrawal, the last one. Once for each version and person,
    in the caller's transaction, by one statement.
    """
    members = Membership.objects.filter(organisation=submission.response.organisation_id, role__in=MAY_DRAFT)
    people = reachable().filter(Q(pk__in=members.values("user")) | Q(pk=submission.submitted_by_id))
    owed = people.values(
        kind=Value(kind, output_field=CharField()),
        key=Concat(Value(f"{kind}:{submission.pk}:"), Cast("pk", CharField())),
        address=F("email"),
        payload=JSONObject(user=F("pk"), submission=Value(submission.pk)),
        priority=Value(int(Priority.RECEIPT), output_field=SmallIntegerField()),
        due_at=Value(now, output_field=DateTimeField()),
    )
    select, params = owed.query.sql_with_params()
    return outbox.queue_selected(kind=kind, select=select, params=params)
