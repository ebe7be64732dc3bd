"""The one rule of what a follow covers, as SQL: who hears of which paper, and through which of their follows.

Told of, reminded of, listed and put into a calendar is what this says, from a paper's side as from a reader's. A paper
fits a follow of it, or one whose criteria it fits, each of them: one of its bodies, one of its topics, a body of the
jurisdiction, the kind, and the words as the list's own search takes them (ConsultationQuerySet.matching). A rehearsal
is heard of only by who follows that rehearsal itself: nobody who follows a real body is to take an exercise for a real
paper. What an organisation follows is heard by those of its members who may draft now.

Muting is not in it: it is asked of the few rows that remain.
"""

from accounts.permissions import MAY_DRAFT
from consultations import querysets

# Whose a follow is: a person's, or that of an organisation's members of today.
OWNERS = (
    ("f.user_id, f.since", "consultations_follow f", "f.user_id IS NOT NULL"),
    (
        "m.user_id, GREATEST(f.since, m.since) AS since",
        "consultations_follow f JOIN accounts_membership m ON m.organisation_id = f.organisation_id",
        f"m.role IN ({', '.join(repr(role.value) for role in MAY_DRAFT)})",
    ),
)
EITHER = "(websearch_to_tsquery('english', {0}) || websearch_to_tsquery('simple', {0}))"
LEFT_OUT = f"array_to_string(ARRAY(SELECT (regexp_matches(f.words, '{querysets.LEFT_OUT.pattern}', 'g'))[1]), ' or ')"
WANTED = EITHER.format("f.words")
UNWANTED = EITHER.format(f"NULLIF({LEFT_OUT}, '')")  # null where nothing is left out
REST = f"""NOT c.is_rehearsal
  AND (f.jurisdiction = '' OR EXISTS (
       SELECT FROM consultations_consultationauthority ja JOIN consultations_authority j ON j.id = ja.authority_id
       WHERE ja.consultation_id = c.id AND j.jurisdiction = f.jurisdiction))
  AND (f.kind = '' OR f.kind = c.kind)
  AND (f.words = '' OR position(upper(f.words) IN upper(c.reference)) > 0
       OR position(upper(f.words) IN upper(c.title)) > 0
       OR (c.search @@ {WANTED} AND (c.search @@ {UNWANTED}) IS NOT TRUE))"""
OF_TOPIC = """(f.topic_id IS NULL OR EXISTS (
       SELECT FROM consultations_consultation_topics ct
       WHERE ct.consultation_id = c.id AND ct.topic_id = f.topic_id))"""
# How a follow finds its papers. Apart, so that a paper or a reader that is given is looked up along an index in each.
WAYS = (
    ("JOIN {papers} c ON c.id = f.consultation_id", "NOT f.muted"),
    (
        "JOIN consultations_consultationauthority ca ON ca.authority_id = f.authority_id "
        "JOIN {papers} c ON c.id = ca.consultation_id",
        f"{OF_TOPIC} AND {REST}",
    ),
    (
        "JOIN consultations_consultation_topics ft ON ft.topic_id = f.topic_id "
        "JOIN {papers} c ON c.id = ft.consultation_id",
        f"f.authority_id IS NULL AND {REST}",
    ),
    (
        "JOIN {papers} c ON f.consultation_id IS NULL AND f.authority_id IS NULL AND f.topic_id IS NULL",
        REST,
    ),
)


def listening(papers: str = "consultations_consultation") -> str:
    """A SELECT of (consultation_id, user_id, follow_id, leads, rhythm, since), one row for each follow that brings it.

    `papers` names the relation that the papers are taken from, with the columns of the table that are named above; it
    is the program's own, never a reader's. Holds no parameters, and no percent signs.
    """
    return "\nUNION ALL\n".join(
        f"SELECT c.id AS consultation_id, f.id AS follow_id, f.leads, f.rhythm, {who}\n"
        f"FROM {owner} {way.format(papers=papers)}\nWHERE {whose} AND {fits}"
        for who, owner, whose in OWNERS
        for way, fits in WAYS
    )
