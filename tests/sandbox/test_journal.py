"""The journal of a stand-in: what it keeps, and from whom."""

import os
import stat
from pathlib import Path

from bookingd.sandbox.journal import Journal


def test_only_its_owner_can_read_the_journal(tmp_path: Path) -> None:
    place = tmp_path / "sandbox" / "stripe.jsonl"
    before = os.umask(0)
    try:
        journal = Journal(place)
        journal.open([b"essence"])
        journal.append(b"more")
        journal.close()
    finally:
        os.umask(before)

    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_start_that_was_cut_off_does_not_hinder_the_next(tmp_path: Path) -> None:
    place = tmp_path / "stripe.jsonl"
    place.with_suffix(".new").write_bytes(b"half")

    journal = Journal(place)
    journal.open([b"whole"])
    journal.close()

    assert list(Journal(place).lines()) == [b"whole"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
