"""Contacts are listed, edited, merged and blocked by those who may, and nothing of them is lost."""

import pytest
import sqlalchemy as sa

from app.events import Event, EventKind
from app.extensions import Model, db
from app.policy import NotAllowed
from app.tenancy import acting_for
from app.tickets import contacts
from app.tickets.changing import add_participant
from app.tickets.conversation import Comment
from app.tickets.listing import ANY, View
from app.tickets.models import Participant, Ticket
from app.tickets.opening import find_or_add_contact
from app.tickets.search_index import index_tickets_of
from app.tickets.search_results import results
from app.tickets.settings import Contact, Queue
from tests.tickets.searchable import a_ticket, answer

RITA, REETA = ("Rita Reeves", "rita@client.example"), ("R. Reeves", "reeta@home.example")
MOVED = {("tickets", "requester_id"), ("comments", "contact_id"), ("participants", "contact_id")}
MOVED |= {("events", "contact_id"), ("contacts", "merged_into_id")}


@pytest.fixture
def two(acme):
    """Rita and Reeta with a ticket each, and each in copy on the other's and on a third."""
    first, second = a_ticket(acme, "First", who=RITA), a_ticket(acme, "Second", who=REETA)
    rita, reeta = first.requester, second.requester
    third = a_ticket(acme, "Third", who=("Otto", "otto@other.example"))
    for ticket, who in ((first, reeta), (second, rita), (third, rita), (third, reeta)):
        add_participant(ticket, who, by=acme.staff.actor)
    db.session.commit()
    return rita, reeta


def test_every_reference_to_a_contact_is_moved_by_a_merge():
    """A new table that refers to contacts must be moved in contacts.merge, and then be named here."""
    referring = {
        (table.name, constraint.elements[1].parent.name)
        for table in Model.metadata.tables.values()
        for constraint in table.foreign_key_constraints
        if constraint.elements[0].column.table.name == "contacts"
    }
    assert referring == MOVED


def test_merging_moves_everything_and_leaves_no_copy_twice(acme, two):
    rita, reeta = two
    contacts.merge(rita, reeta, by=acme.manager.actor)
    db.session.commit()
    assert set(db.session.scalars(sa.select(Ticket.subject).where(Ticket.requester_id == rita.id))) == {
        "First",
        "Second",
    }
    assert set(db.session.scalars(sa.select(Comment.contact_id))) >= {rita.id}
    assert db.session.scalars(sa.select(Participant.contact_id)).all() == [rita.id]
    assert contacts.moving(reeta) == contacts.Moving(0, 0, 0)


def test_merging_is_recorded_with_who_did_it(acme, two):
    rita, reeta = two
    contacts.merge(rita, reeta, by=acme.manager.actor)
    event = db.session.scalars(sa.select(Event).where(Event.kind == EventKind.CONTACT_MERGED)).one()
    assert (event.actor_name, event.contact_id) == (acme.manager.name, rita.id)
    assert event.changes == {"contact": ["reeta@home.example", "Rita Reeves"]}


def test_mail_from_a_merged_address_is_the_survivors(acme, two):
    rita, reeta = two
    contacts.merge(rita, reeta, by=acme.manager.actor)
    assert find_or_add_contact("Reeta@home.example").id == rita.id


def test_a_chain_of_merges_ends_at_the_last_survivor(acme, two):
    rita, reeta = two
    otto = find_or_add_contact("otto@other.example")
    contacts.merge(rita, reeta, by=acme.manager.actor)
    contacts.merge(otto, rita, by=acme.manager.actor)
    assert find_or_add_contact("reeta@home.example").id == otto.id


def test_merged_tickets_are_found_under_the_survivors_name(acme, two):
    rita, reeta = two
    contacts.merge(rita, reeta, by=acme.manager.actor)
    index_tickets_of(rita.id)
    found = results(View(q='"rita reeves"', status=ANY), acme.staff.actor).rows
    assert {row.ticket.subject for row in found} == {"First", "Second"}


def test_two_organisations_contacts_are_never_merged(app, world, acme):
    with acting_for(world.globex.id):
        theirs = find_or_add_contact("rita@client.example")
    mine = find_or_add_contact("rita@client.example")
    with pytest.raises(NotAllowed):
        contacts.merge(mine, theirs, by=acme.manager.actor)


def test_a_contact_is_not_merged_with_itself_nor_twice(acme, two):
    rita, reeta = two
    with pytest.raises(NotAllowed):
        contacts.merge(rita, rita, by=acme.manager.actor)
    contacts.merge(rita, reeta, by=acme.manager.actor)
    with pytest.raises(NotAllowed):
        contacts.merge(rita, reeta, by=acme.manager.actor)


def test_the_merge_page_previews_and_merges(acme, two, signed_in):
    rita, reeta = two
    browser = signed_in(acme.manager)
    path = acme.path(f"/contacts/{rita.id}/merge")
    page = browser.get(f"{path}?with={reeta.id}")
    assert "From R. Reeves these move here:" in page.text
    done = browser.post(path, data={"survivor": reeta.id, "duplicate": rita.id})
    assert done.location.endswith(f"/contacts/{reeta.id}")
    assert browser.get(acme.path(f"/contacts/{rita.id}")).location.endswith(f"/contacts/{reeta.id}")


@pytest.mark.parametrize("field", ["survivor", "duplicate"])
def test_t3_t4_a_merge_with_a_foreign_contact_changes_nothing(app, world, acme, two, signed_in, field):
    rita_id = two[0].id
    with acting_for(world.globex.id):
        their_id = find_or_add_contact("gert@other.example").id
    db.session.commit()
    other = "duplicate" if field == "survivor" else "survivor"
    path = acme.path(f"/contacts/{rita_id}/merge")
    answer = signed_in(acme.manager).post(path, data={field: their_id, other: rita_id})
    assert answer.status_code == 404
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).where(Contact.merged_into_id.is_not(None))) == 0


@pytest.mark.parametrize(("survivor", "duplicate"), [("x", "y"), ("", ""), ("same", "same")])
def test_an_odd_merge_is_refused(acme, two, signed_in, survivor, duplicate):
    rita, _reeta = two
    values = {"survivor": survivor, "duplicate": duplicate}
    data = {name: rita.id if value == "same" else value for name, value in values.items()}
    answer = signed_in(acme.manager).post(acme.path(f"/contacts/{rita.id}/merge"), data=data)
    assert answer.status_code in (200, 404, 422)


@pytest.mark.parametrize("act", ["merge", "block", "unblock"])
def test_staff_neither_merge_nor_block(acme, two, signed_in, act):
    assert signed_in(acme.staff).post(acme.path(f"/contacts/{two[0].id}/{act}")).status_code == 403


def test_editing_is_kept_and_recorded(acme, two, signed_in):
    path = acme.path(f"/contacts/{two[0].id}/edit")
    data = {"name": "Rita\r\nReed", "phone": "+44 20 7946 0000", "notes": "Call first\x00"}
    assert signed_in(acme.staff).post(path, data=data).status_code == 303
    db.session.rollback()
    contact = db.session.get_one(Contact, (acme.id, two[0].id))
    assert (contact.name, contact.phone, contact.notes) == ("Rita Reed", "+44 20 7946 0000", "Call first")
    page = signed_in(acme.staff).get(acme.path(f"/contacts/{two[0].id}"))
    assert f"{acme.staff.name} changed the name to Rita Reed" in page.text


@pytest.mark.parametrize("phone", ["call me", "<script>", "1" * 60])
def test_an_odd_phone_number_is_refused(acme, two, signed_in, phone):
    answer = signed_in(acme.staff).post(acme.path(f"/contacts/{two[0].id}/edit"), data={"phone": phone})
    assert answer.status_code == 422


def test_a_contacts_page_shows_its_tickets_open_and_done(acme, two, signed_in):
    page = signed_in(acme.staff).get(acme.path(f"/contacts/{two[0].id}")).text
    assert "First" in page
    assert "Second" not in page


def test_t8_a_hidden_queues_tickets_are_not_on_a_contacts_page_nor_counted(acme, two, signed_in):
    hidden = Queue(name="Board", slug="board", members_only=True)
    db.session.add(hidden)
    db.session.flush()
    a_ticket(acme, "Secret", who=("Sly", "sly@client.example"), queue=hidden)
    db.session.commit()
    sly = find_or_add_contact("sly@client.example")
    for path in (f"/contacts/{sly.id}", "/contacts?q=sly"):
        staff, manager = (signed_in(who).get(acme.path(path)).text for who in (acme.staff, acme.manager))
        assert "Secret" not in staff
        assert "1 open ticket" not in staff
        assert "Secret" in manager or "1 open ticket" in manager


@pytest.mark.parametrize("words", ["rita", "REEVES", "client.example", "rita reeves", "%", "_", "\\", "'"])
def test_the_list_is_searched_by_any_part(acme, two, signed_in, words):
    page = signed_in(acme.staff).get(acme.path("/contacts"), query_string={"q": words})
    assert page.status_code == 200
    assert ("rita@client.example" in page.text) == words[0].isalpha()


def test_whoever_wrote_last_comes_first(acme, two, signed_in):
    a_ticket(acme, "Fourth", who=RITA)
    db.session.commit()
    page = signed_in(acme.staff).get(acme.path("/contacts")).text
    assert page.index("rita@client.example") < page.index("reeta@home.example")


def test_the_list_takes_a_fixed_number_of_queries(acme, two, signed_in, count_queries):
    browser = signed_in(acme.staff)
    browser.get(acme.path("/contacts"))
    with count_queries() as few:
        browser.get(acme.path("/contacts"))
    for nth in range(20):
        answer(a_ticket(acme, who=(f"Person {nth}", f"p{nth}@client.example")), acme.staff, "Yes")
    db.session.commit()
    with count_queries() as many:
        browser.get(acme.path("/contacts"))
    assert many.count == few.count


def test_a_blocked_sender_is_marked_and_unblocked(acme, two, signed_in):
    browser, path = signed_in(acme.manager), acme.path(f"/contacts/{two[0].id}")
    browser.post(f"{path}/block")
    assert "is held instead of becoming a ticket" in browser.get(path).text
    browser.post(f"{path}/unblock")
    assert "is held instead of becoming a ticket" not in browser.get(path).text
