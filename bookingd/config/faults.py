"""What `sandbox.misbehave` may ask for, so that a mistake is found before anything is started.

    stripe:HOW   stripe:OPERATION:HOW   mail:HOW        HOW may be slow=SECONDS; * means any

The stand-ins stand above the configuration, so their words are repeated here; a test holds both together.
"""

import math
from collections.abc import Collection, Mapping

from bookingd.config.errors import did_you_mean
from bookingd.config.parsing import Wrong

MAIL = "mail"
ANY = "*"

OPERATIONS: Mapping[str, frozenset[str]] = {
    "stripe": frozenset(
        "authorise confirm capture cancel refund payment_method attach detach customer dispute review"
        " authenticate retrieve list".split()
    ),
    "paypal": frozenset(
        "token create patch authorise capture cancel reauthorise refund approve dispute retrieve list"
        " certificate verify resend".split()
    ),
}
"""What can go wrong at each vendor's stand-in; a mail knows no operations."""

HOWS = frozenset(
    "slow timeout_before timeout_after_deed close_before close_after_deed error_before error_after_deed"
    " html_before html_after_deed rate_limited locked webhook_late webhook_twice webhook_before_answer"
    " webhook_never".split()
)
WITH_SECONDS = frozenset({"slow", "webhook_late"})

MAIL_HOWS = frozenset({"refuse", "greylist", "drop", "slow"})


def is_for_mail(fault: str) -> bool:
    """Whether the mail catcher acts it out."""
    return fault.partition(":")[0] == MAIL


def judge(fault: str) -> Wrong | None:
    """What is wrong with the fault, and what was perhaps meant."""
    if fault.count(":") not in {1, 2}:
        return Wrong("must be VENDOR:HOW or VENDOR:OPERATION:HOW", "such as 'stripe:capture:slow=2'")
    vendor, *operation, how = fault.split(":")
    if vendor == MAIL:
        if operation:
            return Wrong("a mail has no operations", f"write '{MAIL}:{how}'")
        return _one_of("fault of the mail server", how, MAIL_HOWS)
    if vendor != ANY and vendor not in OPERATIONS:
        return _one_of("stand-in", vendor, {*OPERATIONS, MAIL})
    known = OPERATIONS[vendor] if vendor != ANY else frozenset().union(*OPERATIONS.values())
    if operation and operation[0] != ANY and operation[0] not in known:
        return _one_of("operation", operation[0], known)
    return _how(how)


def _how(text: str) -> Wrong | None:
    how, given, seconds = text.partition("=")
    if how not in HOWS:
        return _one_of("fault", how, HOWS)
    if given and how not in WITH_SECONDS:
        return Wrong(f"{how} takes no seconds", f"write {how!r}; seconds are for {_listed(WITH_SECONDS)}")
    if given and not _is_duration(seconds):
        return Wrong("the seconds must be a number, 0 or more", f"such as '{how}=2'")
    return None


def _is_duration(text: str) -> bool:
    try:
        return 0 <= float(text) < math.inf
    except ValueError:
        return False


def _one_of(kind: str, word: str, known: Collection[str]) -> Wrong | None:
    if word in known:
        return None
    return Wrong(f"there is no {kind} {word!r}; there are {_listed(known)}", did_you_mean(word, known))


def _listed(words: Collection[str]) -> str:
    return ", ".join(sorted(words))
