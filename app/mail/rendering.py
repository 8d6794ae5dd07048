"""From the row of an outgoing message to the letter: bodies, files and the place in the conversation."""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import css_inline
from flask import current_app
from flask_babel import force_locale, gettext

from app import richtext
from app.extensions import db
from app.mail import history, notices, ours
from app.mail.enclosing import enclose
from app.mail.letter import Letter, Person
from app.mail.models import OutboundKind, OutboundMessage
from app.mail.transports import Permanent
from app.mail.wording import SEPARATOR, bare_subject
from app.organisations.models import Organisation
from app.policy import ActorKind
from app.tickets.conversation import Comment
from app.tickets.models import Ticket
from app.tickets.settings import Mailbox

ACCENT = "#1f5fbf"
# Remote style sheets would be fetched by us, from wherever a mail says.
Writer = Callable[[OutboundMessage, Organisation], Letter]
_writers: dict[OutboundKind, Writer] = {}
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


def envelope_of(message: OutboundMessage) -> tuple[str, list[str]]:
    """Envelope sender and recipients. A bounce of a reply finds its ticket; nothing ever bounces a notice."""
    recipients = [address for _, address in [*message.to, *message.cc]]
    if message.kind is OutboundKind.ACCOUNT:
        return notices.sender().address, recipients
    if message.kind is not OutboundKind.REPLY:
        return "", recipients  # RFC 3834 section 3.3
    mailbox, ticket = _mailbox(message), _ticket(message)
    return ours.reply_address(mailbox, ticket), recipients


def letter_of(message: OutboundMessage) -> Letter:
    """The letter as it stands now; the same at every attempt but for the comment's files. Raises Permanent."""
    if message.kind is OutboundKind.ACCOUNT:
        return notices.letter_of(message)
    organisation = db.session.get_one(Organisation, message.tenant_id)
    if message.kind is OutboundKind.NOTICE:
        return _writers[message.kind](message, organisation)
    with force_locale(organisation.locale):
        return (
            _reply(message, organisation)
            if message.kind is OutboundKind.REPLY
            else _acknowledgement(message, organisation)
        )


def writes(kind: OutboundKind) -> Callable[[Writer], Writer]:
    """Declare who writes the letters of a kind, where that is a feature above this one."""

    def declare(writer: Writer) -> Writer:
        _writers[kind] = writer
        return writer

    return declare


def render(name: str, organisation: Organisation, words: dict[str, object]) -> tuple[str, str]:
    """HTML and text. Straight from the environment: context processors speak of a request, and here is none."""
    given = words | {"organisation": organisation, "separator": SEPARATOR, "accent": ACCENT}
    templates = current_app.jinja_env
    html = templates.get_template(f"mail_out/{name}.html").render(given)
    text = templates.get_template(f"mail_out/{name}.txt").render(given)
    return _INLINER.inline(html), re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def desk_of(ticket: Ticket, organisation: Organisation) -> str:
    """The queue as people outside know it: "Acme Support"."""
    queue = ticket.queue.name
    return queue if organisation.name.lower() in queue.lower() else f"{organisation.name} {queue}"


def _reply(message: OutboundMessage, organisation: Organisation) -> Letter:
    ticket, mailbox = _ticket(message), _mailbox(message)
    comment = db.session.get_one(Comment, (message.tenant_id, message.comment_id))
    if comment.is_internal:
        raise Permanent("an internal note is never mailed")
    enclosed = enclose(comment)
    words: dict[str, object] = {
        "html": enclosed.html,
        "text": richtext.to_text(enclosed.html),
        "links": enclosed.links,
        "missing": enclosed.missing,
        "quoted": history.quoted_before(comment, ZoneInfo(organisation.time_zone)),
    }
    html, text = _bodies("reply", ticket, organisation, words)
    place = history.place_of(message, ticket)
    is_person = comment.author_kind is ActorKind.AGENT
    return Letter(
        sender=_sender(mailbox, ticket, organisation, comment.author_name if is_person else ""),
        to=_people(message.to),
        cc=_people(message.cc),
        reply_to=Person.of(desk_of(ticket, organisation), ours.reply_address(mailbox, ticket)),
        subject=message.subject,
        message_id=message.message_id,
        in_reply_to=place.in_reply_to,
        references=place.references,
        thread_topic=bare_subject(ticket.subject, ticket.number),
        thread_index=place.thread_index,
        sent_at=message.created_at,
        auto_submitted=None if is_person else "auto-generated",
        files=enclosed.files,
        html=html,
        text=text,
    )


def _acknowledgement(message: OutboundMessage, organisation: Organisation) -> Letter:
    """To somebody unverified it repeats nothing that the mail it answers said."""
    ticket, mailbox = _ticket(message), _mailbox(message)
    is_neutral = message.subject.startswith(f"[#{ticket.number}]")
    place = history.place_of(message, ticket)
    words: dict[str, object] = {
        "name": message.to[0][0],
        "subject": "" if is_neutral else bare_subject(ticket.subject, ticket.number),
    }
    html, text = _bodies("acknowledgement", ticket, organisation, words)
    return Letter(
        sender=_sender(mailbox, ticket, organisation, ""),
        to=_people(message.to),
        reply_to=Person.of(desk_of(ticket, organisation), ours.reply_address(mailbox, ticket)),
        subject=message.subject,
        message_id=message.message_id,
        in_reply_to=None if is_neutral else place.in_reply_to,
        references=() if is_neutral else place.references,
        thread_topic=None if is_neutral else bare_subject(ticket.subject, ticket.number),
        thread_index=None if is_neutral else place.thread_index,
        sent_at=message.created_at,
        auto_submitted="auto-replied",
        extra=(("Precedence", "auto_reply"), ("X-Loop", str(ticket.tenant_id))),
        html=html,
        text=text,
    )


def _bodies(
    name: str, ticket: Ticket, organisation: Organisation, words: dict[str, object]
) -> tuple[str, str]:
    return render(name, organisation, words | {"ticket": ticket, "desk": desk_of(ticket, organisation)})


def _sender(mailbox: Mailbox, ticket: Ticket, organisation: Organisation, agent: str) -> Person:
    if not ours.is_ours(mailbox.address):
        raise Permanent(f"{mailbox.address.rpartition('@')[2]} is not a domain we may write from")
    desk = desk_of(ticket, organisation)
    name = gettext("%(agent)s via %(desk)s", agent=agent, desk=desk) if agent else desk
    return Person.of(name, mailbox.address)


def _people(pairs: list[list[str]]) -> tuple[Person, ...]:
    return tuple(Person.of(name, address) for name, address in pairs)


def _ticket(message: OutboundMessage) -> Ticket:
    return db.session.get_one(Ticket, (message.tenant_id, message.ticket_id))


def _mailbox(message: OutboundMessage) -> Mailbox:
    return db.session.get_one(Mailbox, (message.tenant_id, message.mailbox_id))
