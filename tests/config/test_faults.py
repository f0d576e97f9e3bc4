"""`sandbox.misbehave` is judged with the rest of the configuration, in the stand-ins' own words."""

import pytest

from bookingd.config import faults
from bookingd.sandbox.mail import Fault
from bookingd.sandbox.misbehaviour import How, Switches
from bookingd.sandbox.paypal import routes as paypal
from bookingd.sandbox.stripe.calls import routes as stripe
from tests.config.arrange import Bench


def test_the_words_are_those_of_the_stand_ins() -> None:
    assert {str(how) for how in How} == faults.HOWS
    assert {str(fault) for fault in Fault} == faults.MAIL_HOWS
    routes = {
        route.name for route in (*stripe.POSTS.values(), *stripe.DELETES.values(), *stripe.GETS.values())
    }
    assert routes | {"authenticate", "list"} == faults.OPERATIONS["stripe"]
    others = "token patch approve dispute retrieve list certificate verify resend".split()
    assert {route.name for route in paypal.POSTS} | {*others} == faults.OPERATIONS["paypal"]


@pytest.mark.parametrize(
    "fault",
    ["stripe:slow", "stripe:slow=0.5", "stripe:capture:timeout_after_deed", "*:slow=1", "*:capture:locked"],
)
def test_a_fault_that_is_accepted_can_be_acted_out(bench: Bench, fault: str) -> None:
    [accepted] = bench.load(f'[sandbox]\nmisbehave = ["{fault}"]\n').sandbox.misbehave

    Switches().configure(accepted)


@pytest.mark.parametrize(
    ("fault", "complaint", "hint"),
    [
        (
            "strip:slow",
            "there is no stand-in 'strip'; there are mail, paypal, stripe",
            "did you mean 'stripe'?",
        ),
        ("stripe:captur:slow", "there is no operation 'captur'; there are att", "did you mean 'capture'?"),
        ("stripe:slwo", "there is no fault 'slwo'; there are close_after_deed,", "did you mean 'slow'?"),
        ("mail:graylist", "there is no fault of the mail server 'graylist'", "did you mean 'greylist'?"),
        ("mail:send:drop", "a mail has no operations", "write 'mail:drop'"),
        ("stripe:slow=soon", "the seconds must be a number, 0 or more", "such as 'slow=2'"),
        ("stripe:slow=nan", "the seconds must be a number, 0 or more", "such as 'slow=2'"),
        ("stripe:locked=3", "locked takes no seconds", "write 'locked'; seconds are for slow, webhook_late"),
        ("slow", "must be VENDOR:HOW or VENDOR:OPERATION:HOW", "such as 'stripe:capture:slow=2'"),
        ("a:b:c:d", "must be VENDOR:HOW or VENDOR:OPERATION:HOW", "such as 'stripe:capture:slow=2'"),
    ],
)
def test_a_wrong_fault_is_told_with_what_there_is(
    bench: Bench, fault: str, complaint: str, hint: str
) -> None:
    problem = bench.problem(f'[sandbox]\nmisbehave = ["{fault}"]\n')

    assert (problem.key, problem.line) == ("sandbox.misbehave", 2)
    assert problem.complaint.startswith(f"{fault!r}: {complaint}")
    assert problem.hint == hint


def test_every_wrong_fault_is_told_at_once(bench: Bench) -> None:
    assert len(bench.problems('[sandbox]\nmisbehave = ["strip:slow", "mail:dorp", "mail:drop"]\n')) == 2
