"""What is written but says nothing: it does not count as answered, whoever typed it and in whichever program."""

import re

# What the Word form and the spreadsheet show where nobody has written yet.
PLACEHOLDER = "[Write your answer here]"
# "N/A", "n.a.", "-", "...", "none" is an answer and is not among them. PostgreSQL reads the pattern alike.
SAYS_NOTHING = (
    r"^[\s.\-–—_/]*$"
    r"|^\s*[(\[]?\s*(n\s*[./]?\s*a\.?|not applicable)\s*[)\]]?\s*\.?\s*$"
    r"|^\s*\\?\[Write your answer here\\?\]\s*$"
)


def says_nothing(text: str) -> bool:
    return re.match(SAYS_NOTHING, text, re.IGNORECASE) is not None
