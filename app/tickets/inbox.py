"""The inbox as its page needs it: the view read from the URL, its filters as a sentence, and the rail's folders."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from app.tickets.choices import Choice, Choices
from app.tickets.listing import ALL_OPEN, ANY, ME, NOBODY, SORTS, Folders, View
from app.tickets.models import Priority
from app.tickets.search_words import LONGEST_QUERY
from app.tickets.settings import StatusCategory
from app.web import Page

FOLDER_MINE, FOLDER_UNASSIGNED, FOLDER_OPEN = View(assignee=ME), View(assignee=NOBODY), View()


@dataclass(frozen=True)
class Option:
    """One thing a filter can be set to, and the URL of the list with it."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True)
class Chip:
    """A filter: what it is called, how it reads in the sentence, what it can be."""

    name: str
    words: str
    options: list[Option]
    active: bool


@dataclass(frozen=True)
class Folder:
    """A view that the rail leads to, with how many tickets wait in it."""

    name: str
    url: str
    count: int
    current: bool


def read_view(arguments: Mapping[str, str], choices: Choices) -> View:
    """The view a query string asks for. What makes no sense is as if it were not there."""
    statuses = {ANY, *(each.value for each in StatusCategory)}
    queue = choices.queue_called(arguments.get("queue", ""))
    people = {str(each.id) for each in choices.colleagues} | {ME, NOBODY}
    asked = {name: arguments.get(name, "") for name in ("status", "assignee", "priority", "sort")}
    q = arguments.get("q", "").replace("\x00", " ").strip()[:LONGEST_QUERY]
    return View(
        status=asked["status"] if asked["status"] in statuses else default_of(q).status,
        assignee=asked["assignee"] if asked["assignee"] in people else "",
        queue=queue.id if queue else None,
        priority=next((each for each in Priority if each.word == asked["priority"]), None),
        tag=arguments.get("tag", "")[:50],
        requester=_uuid(arguments.get("requester", "")),
        q=q,
        sort=asked["sort"] if asked["sort"] in SORTS else View.sort,
    )


def default_of(q: str) -> View:
    """The view without any filter: open tickets, but all of them where words are looked for."""
    return View(status=ANY, q=q) if q else View()


def address_of(view: View, choices: Choices, endpoint: str | None = None, **more: Any) -> str:
    """The URL that shows the view, in the inbox or among the results of a search: only what is not the default."""
    slug = next((each.mark for each in choices.queues if each.id == view.queue), None)
    values: dict[str, Any] = {
        "status": view.status if view.status != default_of(view.q).status else None,
        "assignee": view.assignee or None,
        "queue": slug,
        "priority": view.priority.word if view.priority else None,
        "tag": view.tag or None,
        "requester": view.requester,
        "q": view.q or None,
        "sort": view.sort if view.sort != View.sort else None,
    }
    return url_for(endpoint or ("search.index" if view.q else "tickets.index"), **values, **more)


def title_of(view: View, choices: Choices) -> str:
    """What the list is called: the folder's name while nothing else narrows it."""
    plain = replace(view, sort=View.sort)
    names = {FOLDER_MINE: _("Mine"), FOLDER_UNASSIGNED: _("Unassigned"), FOLDER_OPEN: _("All open")}
    if plain in names:
        return names[plain]
    queue = next((each for each in choices.queues if each.id == view.queue), None)
    if queue and plain == View(queue=queue.id):
        return queue.name
    return _("Search") if view.q else _("Tickets")


def chips(view: View, choices: Choices) -> list[Chip]:
    """The filters of the view, in the order of the sentence."""
    return [
        _chip(view, choices, _("Status"), "status", _statuses(choices)),
        _chip(view, choices, _("Assignee"), "assignee", _assignees(choices)),
        _chip(view, choices, _("Queue"), "queue", [(None, _("in any queue")), *_named(choices.queues)]),
        _chip(view, choices, _("Priority"), "priority", _priorities()),
        _chip(
            view, choices, _("Tag"), "tag", [("", _("any tag")), *((t.name, t.name) for t in choices.tags)]
        ),
        _chip(view, choices, _("Order"), "sort", _orders()),
    ]


def folders_of(view: View | None, choices: Choices, counts: Folders) -> dict[str, Any]:
    """The rail's folders; the view shown, if any, marks the one it is."""
    plain = replace(view, sort=View.sort) if view else None

    def folder(name: str, of: View, count: int) -> Folder:
        return Folder(name, address_of(of, choices), count, of == plain)

    return {
        "mine": folder(_("Mine"), FOLDER_MINE, counts.mine),
        "unassigned": folder(_("Unassigned"), FOLDER_UNASSIGNED, counts.unassigned),
        "all_open": folder(_("All open"), FOLDER_OPEN, counts.open),
        "queues": [folder(q.name, View(queue=q.id), counts.queues.get(q.id, 0)) for q in choices.queues],
    }


@dataclass(frozen=True)
class ListPage:
    """Everything the inbox says about its list besides the rows."""

    title: str
    key: str
    total: int
    text: str
    chips: list[Chip]
    url: str
    without_text: str
    clear_url: str | None
    arrivals_url: str
    seen_at: str
    page: dict[str, Any]


def page_of(view: View, choices: Choices, page: Page, moment: datetime) -> ListPage:
    """The list's words and links; `moment` is when its rows were read."""
    url = address_of(view, choices)
    keys = {FOLDER_MINE: "mine", FOLDER_UNASSIGNED: "unassigned", FOLDER_OPEN: "open"}
    return ListPage(
        title=title_of(view, choices),
        key=keys.get(replace(view, sort=View.sort), ""),
        total=page.total,
        text=view.q,
        chips=chips(view, choices),
        url=url,
        without_text=address_of(replace(view, q=""), choices),
        clear_url=address_of(View(sort=view.sort), choices) if is_filtered(view) else None,
        arrivals_url=address_of(view, choices, "tickets.arrivals", since=moment.isoformat()),
        seen_at=moment.isoformat(),
        page={
            "count": page.pages,
            "first": page.first,
            "last": page.last,
            "total": page.total,
            "previous": address_of(view, choices, page=page.number - 1) if page.has_previous else None,
            "next": address_of(view, choices, page=page.number + 1) if page.has_next else None,
        },
    )


def is_filtered(view: View) -> bool:
    """Whether anything but a folder narrows the list, so that there is something to clear."""
    plain = replace(view, sort=View.sort)
    return plain not in {FOLDER_MINE, FOLDER_UNASSIGNED, FOLDER_OPEN, View(queue=view.queue)}


def _chip(view: View, choices: Choices, name: str, field: str, values: list[tuple[Any, str]]) -> Chip:
    present = getattr(view, field)
    options = [
        Option(_capitalised(words), address_of(replace(view, **{field: value}), choices), value == present)
        for value, words in values
    ]
    words = next((words for value, words in values if value == present), str(present))
    return Chip(name, words, options, present != getattr(default_of(view.q), field))


def _statuses(choices: Choices) -> list[tuple[Any, str]]:
    named = [(each.mark, each.name) for each in choices.statuses if each.mark != ALL_OPEN]
    return [(ALL_OPEN, _("open")), *dict(reversed(named)).items(), (ANY, _("open or done"))]


def _assignees(choices: Choices) -> list[tuple[Any, str]]:
    everyone = [(str(each.id), each.name) for each in choices.colleagues]
    return [
        ("", _("assigned to anyone")),
        (ME, _("assigned to me")),
        (NOBODY, _("assigned to nobody")),
        *everyone,
    ]


def _named(choices: list[Choice]) -> list[tuple[Any, str]]:
    return [(each.id, each.name) for each in choices]


def _priorities() -> list[tuple[Any, str]]:
    names = {
        Priority.URGENT: _("urgent"),
        Priority.HIGH: _("high priority"),
        Priority.MEDIUM: _("medium priority"),
        Priority.LOW: _("low priority"),
    }
    return [(None, _("any priority")), *names.items()]


def _orders() -> list[tuple[Any, str]]:
    return [
        ("recent", _("latest first")),
        ("waiting", _("longest waiting first")),
        ("priority", _("most urgent first")),
        ("due", _("due soonest first")),
        ("oldest", _("oldest first")),
        ("number", _("highest number first")),
    ]


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
