"""The fixed lines of outgoing mail: subjects and the line above which to reply. Pure."""

import re

from app.mail.letter import MAX_SUBJECT, safe_line

# Short because each mail client breaks long lines; mail in cuts off everything below it, in any language.
SEPARATOR = "##- Please reply above this line -##"

_PREFIX = re.compile(r"\s*+(?:re|aw|sv|antw|odp|ref|vs|r|fwd?|wg|tr|rv)(?:\[\d{1,3}\])?\s?:", re.IGNORECASE)


def bare_subject(subject: str, number: int) -> str:
    """The subject without answer prefixes (`Re:`, `AW:`, …) and this ticket's own `[#number]`."""
    token = f"[#{number}]"
    subject = safe_line(subject, 4 * MAX_SUBJECT)
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return " ".join(subject.replace(token, " ").split())


def answer_subject(subject: str, number: int) -> str:
    """`Re: subject [#number]`, the same for every mail of the ticket, cut so that the number stays."""
    token = f"[#{number}]"
    words = safe_line(bare_subject(subject, number), MAX_SUBJECT - len(token) - 5)
    return f"Re: {words} {token}" if words else f"Re: {token}"
