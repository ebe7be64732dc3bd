"""What is asked: consultations, their deadlines, sections, questions and outcomes; who follows them and is told.

Each topic has a file of its own; they are gathered here, where Django looks for models and everybody imports them.
"""

from consultations.announcement_models import Announcement, News
from consultations.deadline_models import Certainty, Deadline, DeadlineChange
from consultations.follow_models import Follow
from consultations.paper_models import (
    Authority,
    Consultation,
    ConsultationAuthority,
    Document,
    Jurisdiction,
    Kind,
    Outcome,
    Topic,
)
from consultations.question_models import Question, QuestionCorrection, QuestionKind, Section, Wording

__all__ = [
    "Announcement",
    "Authority",
    "Certainty",
    "Consultation",
    "ConsultationAuthority",
    "Deadline",
    "DeadlineChange",
    "Document",
    "Follow",
    "Jurisdiction",
    "Kind",
    "News",
    "Outcome",
    "Question",
    "QuestionCorrection",
    "QuestionKind",
    "Section",
    "Topic",
    "Wording",
]
