"""The bell, its page, watching, mentions, one's own settings, and stopping mail by a link."""

import json

import pytest
import sqlalchemy as sa

from app.extensions import db, now
from app.notifications.links import off_url
from app.notifications.models import MailState, Notification, Preferences
from app.notifications.timing import Digest
from app.notifications.watching import watchers_of
from app.tickets.models import Ticket
from tests.notifications.scenes import contact_of, give, hidden_queue, quiet_ticket, say, ticket_of, work
from tests.tickets.test_queries import counted


def unread(browser, house):
    return browser.get(house.path("/notifications/count")).json["unread"]


@pytest.fixture
def answered(acme):
    """A ticket of Ada's with an answer she has not read."""
    ticket = quiet_ticket(acme, acme.staff)
    say(ticket, "Smoke everywhere", by=contact_of(acme), public=True)
    work(acme)
    return db.session.get_one(Ticket, (acme.id, ticket.id))


def test_the_bell_counts_what_is_unread(acme, answered, signed_in):
    assert unread(signed_in(acme.staff), acme) == 1
    assert unread(signed_in(acme.admin), acme) == 0


def test_the_menu_says_what_happened(acme, answered, signed_in):
    page = signed_in(acme.staff).get(acme.path("/notifications/latest")).text
    assert "Bob Buyer answered" in page
    assert "Smoke everywhere" in page
    assert f"#{answered.number} Printer burns" in page


def test_opening_the_ticket_reads_what_was_told_about_it(acme, answered, signed_in):
    browser = signed_in(acme.staff)
    browser.get(acme.path(f"/tickets/{answered.number}"))
    assert unread(browser, acme) == 0


def test_a_browser_that_only_fetches_ahead_reads_nothing(acme, answered, signed_in):
    browser = signed_in(acme.staff)
    browser.get(acme.path(f"/tickets/{answered.number}"), headers={"Sec-Purpose": "prefetch"})
    assert unread(browser, acme) == 1


def test_following_a_line_reads_it_and_leads_to_the_ticket(acme, answered, signed_in):
    browser = signed_in(acme.staff)
    line = db.session.scalars(sa.select(Notification.id)).one()
    answer = browser.get(acme.path(f"/notifications/{line}"))
    assert answer.location == acme.path(f"/tickets/{answered.number}")
    assert unread(browser, acme) == 0


def test_a_colleagues_line_is_not_there(acme, answered, signed_in):
    line = db.session.scalars(sa.select(Notification.id)).one()
    assert signed_in(acme.admin).get(acme.path(f"/notifications/{line}")).status_code == 404


def test_everything_can_be_marked_read_at_once(acme, signed_in):
    for _ in range(3):
        ticket_of(acme)
    work(acme)
    browser = signed_in(acme.staff)
    browser.post(acme.path("/notifications/read"))
    assert unread(browser, acme) == 0
    assert unread(signed_in(acme.admin), acme) > 0


def test_a_bulk_assignment_is_one_line(acme, signed_in):
    tickets = [quiet_ticket(acme) for _ in range(5)]
    for ticket in tickets:
        give(db.session.get_one(Ticket, (acme.id, ticket.id)), acme.staff, by=acme.manager)
    work(acme)
    browser = signed_in(acme.staff)
    assert unread(browser, acme) == 1
    assert "Mo Acme assigned 5 tickets to you" in browser.get(acme.path("/notifications")).text


def test_the_count_is_not_sent_again_while_nothing_changed(acme, answered, signed_in):
    browser = signed_in(acme.staff)
    first = browser.get(acme.path("/notifications/count"))
    again = {"If-None-Match": first.headers["ETag"]}
    assert browser.get(acme.path("/notifications/count"), headers=again).status_code == 304
    say(answered, "Hello?", by=contact_of(acme), public=True)
    work(acme)
    assert browser.get(acme.path("/notifications/count"), headers=again).json["unread"] == 2


def test_a_line_on_a_ticket_that_is_hidden_meanwhile_is_not_shown(acme, answered, signed_in):
    answered.queue_id, answered.assignee_id = hidden_queue(acme).id, None
    db.session.commit()
    browser = signed_in(acme.staff)
    assert unread(browser, acme) == 0
    assert "Smoke" not in browser.get(acme.path("/notifications")).text


@pytest.mark.parametrize("path", ["/notifications", "/notifications/latest", "/notifications/count"])
def test_queries_do_not_grow_with_lines(app, acme, signed_in, path):
    browser, counts = signed_in(acme.staff), []
    for number in (2, 12):
        for _ in range(number):
            ticket = quiet_ticket(acme, acme.staff, forget=False)
            say(ticket, "Hello?", by=contact_of(acme), public=True)
        work(acme)
        with counted(app) as asked:
            browser.get(acme.path(path))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10, "\n\n".join(asked)


def test_a_partners_admin_has_no_bell(acme, signed_in):
    browser = signed_in(acme.partner_admin)
    assert "data-bell" not in browser.get(acme.path("/tickets")).text
    assert "Notifications go to members" in browser.get(acme.path("/notifications")).text
    assert browser.post(acme.path("/notifications/settings")).status_code == 200


def test_watching_and_stopping_on_the_ticket_page(acme, signed_in):
    ticket = quiet_ticket(acme)
    browser = signed_in(acme.staff)
    browser.post(acme.path(f"/tickets/{ticket.number}/watch"), data={"watch": "on"})
    assert watchers_of(ticket) == {acme.staff.membership_id}
    assert "Stop watching" in browser.get(acme.path(f"/tickets/{ticket.number}")).text
    browser.post(acme.path(f"/tickets/{ticket.number}/watch"), data={"watch": "off"})
    db.session.rollback()
    assert watchers_of(ticket) == frozenset()


def test_a_ticket_one_may_not_see_cannot_be_watched_nor_its_people_listed(acme, signed_in):
    ticket = ticket_of(acme, queue=hidden_queue(acme))
    browser = signed_in(acme.staff)
    assert browser.post(acme.path(f"/tickets/{ticket.number}/watch"), data={"watch": "on"}).status_code == 404
    assert browser.get(acme.path(f"/tickets/{ticket.number}/people")).status_code == 404


def test_only_colleagues_who_may_see_the_ticket_are_suggested(acme, signed_in):
    ticket = ticket_of(acme, queue=hidden_queue(acme, acme.manager))
    found = signed_in(acme.admin).get(acme.path(f"/tickets/{ticket.number}/people")).json
    assert json.dumps(found) == '{"people": ["Mo Acme"]}'


WISHES = {
    "wants_mail": "y",
    "digest": "daily",
    "digest_at": "09:30",
    "quiet_from": "20:00",
    "quiet_until": "07:00",
    "mention_app": "y",
    "answer_mail": "y",
}


def test_settings_are_kept_and_shown(acme, signed_in):
    browser = signed_in(acme.staff)
    answer = browser.post(acme.path("/notifications/settings"), data=WISHES, follow_redirects=True)
    kept = db.session.scalars(sa.select(Preferences)).one()
    assert (kept.digest, kept.digest_at.hour, kept.quiet_from.hour) == (Digest.DAILY, 9, 20)
    assert (kept.choices["mention"], kept.choices["answer"], kept.choices["watched"]) == (
        ["app"],
        ["mail"],
        [],
    )
    assert 'value="09:30"' in answer.text


def test_half_of_quiet_hours_is_refused(acme, signed_in):
    data = WISHES | {"quiet_until": ""}
    answer = signed_in(acme.staff).post(acme.path("/notifications/settings"), data=data)
    assert answer.status_code == 422
    assert "Enter both times, or neither." in answer.text


def test_new_settings_hold_for_mail_that_waits(acme, answered, signed_in):
    signed_in(acme.staff).post(acme.path("/notifications/settings"), data=WISHES | {"answer_mail": ""})
    db.session.rollback()
    signed_in(acme.staff).post(
        acme.path("/notifications/settings"),
        data={key: WISHES[key] for key in WISHES if key != "answer_mail"},
    )
    db.session.expire_all()
    assert db.session.scalars(sa.select(Notification.mail)).all() == [MailState.DROPPED]


@pytest.fixture
def off(app, acme):
    """The link in Ada's digest, as a path."""
    with app.app_context():
        return off_url(acme.id, acme.staff.membership_id).removeprefix("http://localhost")


def test_opening_the_link_to_stop_mail_changes_nothing(acme, client, off):
    assert "Stop these mails?" in client.get(off).text
    assert client.head(off).status_code == 200
    assert db.session.scalars(sa.select(Preferences)).all() == []


def test_one_post_stops_mail_and_not_the_bell(acme, app, answered, client, off, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    answer = client.post(off, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    db.session.expire_all()
    assert db.session.scalars(sa.select(Preferences)).one().mail_stopped_at <= now()
    assert [(row.mail, row.is_shown) for row in db.session.scalars(sa.select(Notification))] == [
        (MailState.DROPPED, True)
    ]


def test_stopping_mail_twice_is_stopping_it_once(acme, client, off):
    client.post(off)
    first = db.session.scalars(sa.select(Preferences.mail_stopped_at)).one()
    client.post(off)
    db.session.expire_all()
    assert db.session.scalars(sa.select(Preferences.mail_stopped_at)).one() == first


SPOILT = [
    lambda link: link[:-2] + chr(ord(link[-2]) ^ 1) + link[-1],
    lambda link: link[:-8],
    lambda link: link.rpartition(".")[0],
]


@pytest.mark.parametrize("change", SPOILT)
def test_a_link_that_was_tampered_with_does_nothing(acme, client, off, change):
    for method in ("get", "post"):
        assert getattr(client, method)(change(off)).status_code == 404
    assert db.session.scalars(sa.select(Preferences)).all() == []


def test_a_link_cannot_name_anothers_organisation(app, acme, world, client):
    mixed = off_url(world.globex.id, acme.staff.membership_id).removeprefix("http://localhost")
    assert client.post(mixed).status_code == 404
