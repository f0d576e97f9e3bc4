"""How faults are asked for."""

import pytest

from bookingd.sandbox.misbehaviour import Choice, How


def test_an_unknown_fault_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no fault 'sloww'; there are close_after_deed, .*, slow, "):
        Choice.parse("sloww=2")


def test_a_fault_may_come_with_seconds() -> None:
    assert Choice.parse("slow=1.5") == Choice(how=How.SLOW, seconds=1.5)
