"""The mail desk, queues and jobs from the command line."""

import sqlalchemy as sa

from app.extensions import db
from app.jobs import Job, JobState
from app.mail import send
from app.mail.models import OutboundMessage, OutboundState
from app.tenancy import acting_for
from app.tickets.settings import Mailbox, Queue
from tests.mail.delivering import deliver, last, mail
from tests.mail.delivering import run as run_jobs

SPAM = "X-Mailgun-Sflag: Yes\n"


def held(app, house):
    deliver(app, mail(to=house.address, headers=SPAM), house.address)
    return str(last(app, house).id)


def test_held_mail_is_listed_shown_and_released(app, world, run):
    message = held(app, world.acme)
    listed = run("mail", "held", "--organisation", "acme").output
    assert message in listed
    assert "spam" in listed
    assert message not in run("mail", "held", "--organisation", "globex").output
    assert "The mail provider marked it as spam." in run("mail", "show", message).output
    assert run("mail", "release", message).exit_code == 0
    run_jobs(app)
    assert last(app, world.acme).state == "ticketed"


def test_what_cannot_be_done_to_a_mail_is_said_and_fails(app, world, run):
    message = held(app, world.acme)
    assert run("mail", "reject", message, "--yes").exit_code == 0
    answer = run("mail", "reject", message, "--yes")
    assert answer.exit_code == 1
    assert "it is not held but: dropped" in answer.output


def test_the_original_is_printed_byte_for_byte(app, world, run):
    answer = run("mail", "show", held(app, world.acme), "--raw")
    assert answer.stdout_bytes == last_raw(app, world.acme)


def last_raw(app, house):
    with app.app_context(), acting_for(house.id):
        return db.session.scalar(sa.text("SELECT raw FROM inbound_messages"))


def test_mail_in_is_filed_anew(app, world, run):
    message = held(app, world.acme)
    assert run("mail", "retry", message).exit_code == 0
    run_jobs(app)
    assert last(app, world.acme).reason == "spam"


def test_failed_mail_out_is_sent_again(app, world, run):
    deliver(app, mail(to=world.acme.address, proven=True), world.acme.address)
    with app.app_context(), acting_for(world.acme.id):
        message = db.session.scalars(sa.select(OutboundMessage)).one()
        message.state = OutboundState.QUEUED
        send.fail(message, "550 no")
        db.session.commit()
    assert "1 tried again" in run("mail", "retry", "--failed", "--organisation", "acme").output
    run_jobs(app)
    with app.app_context(), acting_for(world.acme.id):
        assert db.session.scalars(sa.select(OutboundMessage.state)).one() is OutboundState.SENT


def test_a_test_mail_leaves_as_all_mail_does(app, world, run):
    assert run("mail", "test", "ann@example.org").exit_code == 0
    assert len(app.extensions["mail_transport"].names()) == 1


def test_a_test_mail_that_cannot_leave_says_why(world, run):
    answer = run("mail", "test", "no address")
    assert answer.exit_code == 1
    assert "flask doctor" in answer.output


def test_a_queue_is_listed_changed_and_given_an_address(app, world, run):
    assert world.acme.address in run("queue", "list", "acme").output
    answer = run("queue", "set", "acme", "support", "--joining", "anyone", "--accepts-lists")
    assert "anyone may join" in answer.output
    address = run("queue", "add-address", "acme", "support").output.strip()
    with app.app_context(), acting_for(world.acme.id):
        queue = db.session.scalars(sa.select(Queue)).one()
        assert (queue.joining.value, queue.accepts_lists, queue.acknowledges) == ("anyone", True, True)
        assert address in db.session.scalars(sa.select(Mailbox.address)).all()


def dead(app, house):
    with app.app_context(), acting_for(house.id):
        job = Job(name="events.react", lane="bulk", args=["x"], state=JobState.DEAD, last_error="Boom")
        db.session.add(job)
        db.session.commit()
        return str(job.id)


def jobs(app, house):
    with app.app_context(), acting_for(house.id):
        return [str(state) for state in db.session.scalars(sa.select(Job.state))]


def test_dead_jobs_are_listed_and_started_again(app, world, run):
    job = dead(app, world.acme)
    listed = run("jobs", "dead").output
    assert job in listed
    assert "Boom" in listed
    assert "1 started again" in run("jobs", "retry", job).output
    assert jobs(app, world.acme) == ["due"]


def test_dropping_the_jobs_of_one_organisation_leaves_the_others(app, world, run):
    dead(app, world.acme)
    dead(app, world.globex)
    assert "1 dropped" in run("jobs", "drop", "--all", "--organisation", "acme", "--yes").output
    assert (jobs(app, world.acme), jobs(app, world.globex)) == ([], ["dead"])


def test_the_lanes_are_shown_and_swept(app, world, run):
    dead(app, world.acme)
    output = run("jobs", "status").output
    assert "interactive" in output
    assert "bulk" in output
    deliver(app, mail(to=world.acme.address), world.acme.address, run=False)
    assert run("jobs", "sweep", "--run").exit_code == 0
    assert last(app, world.acme).state == "ticketed"
