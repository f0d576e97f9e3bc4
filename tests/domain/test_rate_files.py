"""Files of the ECB: read whole, or refused with line, element and reason."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookingd.domain.rate_files import MOST_BYTES, UNNAMED, BadRates, read
from tests.rates import FRIDAY, PER_EURO, xml

TODAY = FRIDAY + timedelta(days=3)

DAILY_CSV = b"Date, USD, JPY, GBP, \n27 November 2026, 1.0876, 171.45, 0.83420, \n"
HISTORY_CSV = b"Date,USD,JPY,CYP,\n2026-11-27,1.0876,171.45,N/A,\n2006-11-24,1.2983,151.25,0.5781,\n"


class TestGoodFiles:
    def test_the_daily_file(self) -> None:
        found = read(xml(), today=TODAY)

        (sheet,) = found.sheets
        assert sheet.day == FRIDAY
        assert sheet.source == "European Central Bank"
        assert sheet.rates == {code: Decimal(rate) for code, rate in PER_EURO.items()}
        assert str(sheet.rates["KWD"]) == "0.33410"

    def test_a_history_comes_oldest_first(self) -> None:
        found = read(xml({"2026-11-27": {"USD": "1.0876"}, "2026-11-26": {"USD": "1.1"}}), today=TODAY)

        assert [sheet.day for sheet in found.sheets] == [date(2026, 11, 26), FRIDAY]

    def test_the_daily_csv(self) -> None:
        (sheet,) = read(DAILY_CSV, today=TODAY).sheets

        assert (sheet.day, sheet.source) == (FRIDAY, UNNAMED)
        assert sheet.rates == {"USD": Decimal("1.0876"), "JPY": Decimal("171.45"), "GBP": Decimal("0.8342")}

    def test_the_history_as_csv_without_currencies_that_are_gone(self) -> None:
        found = read(b"\xef\xbb\xbf" + HISTORY_CSV, today=TODAY)

        assert [sheet.day for sheet in found.sheets] == [date(2006, 11, 24), FRIDAY]
        assert all(set(sheet.rates) == {"USD", "JPY"} for sheet in found.sheets)
        assert found.left_out == ("CYP",)


def refused(content: bytes) -> BadRates:
    with pytest.raises(BadRates) as error:
        read(content, today=TODAY)
    return error.value


class TestBadFiles:
    @pytest.mark.parametrize(
        ("rates", "element", "complaint"),
        [
            ({"USD": "1,0876"}, "<Cube currency='USD' rate='1,0876'>", "no rate"),
            ({"USD": "0"}, "<Cube currency='USD' rate='0'>", "no rate"),
            ({"USD": "0.000"}, "<Cube currency='USD' rate='0.000'>", "no rate"),
            ({"USD": "-1"}, "<Cube currency='USD' rate='-1'>", "no rate"),
            ({"USD": "1e9"}, "<Cube currency='USD' rate='1e9'>", "no rate"),
            ({"USD": "NaN"}, "<Cube currency='USD' rate='NaN'>", "no rate"),
            ({"USD": "9" * 13}, "<Cube currency='USD' rate='9999999999999'>", "no rate"),
            ({"XXX": "1"}, "<Cube currency='XXX' rate='1'>", "no currency"),
            ({"usd": "1"}, "<Cube currency='usd' rate='1'>", "no currency"),
            ({"EUR": "1"}, "<Cube currency='EUR' rate='1'>", "the euro"),
        ],
    )
    def test_a_wrong_rate_is_told_with_its_line(
        self, rates: dict[str, str], element: str, complaint: str
    ) -> None:
        error = refused(xml({"2026-11-27": {"GBP": "0.8"} | rates}))

        assert (error.line, error.element) == (10, element)
        assert complaint in error.complaint

    @pytest.mark.parametrize(
        ("content", "line", "complaint"),
        [
            (b"", None, "empty"),
            (b"  \n ", None, "empty"),
            (b"PK\x03\x04rest", None, "zip"),
            (b"\xff\xfe\x00rates", 1, "UTF-8"),
            (b"<html><body>Service unavailable</body></html>", 1, "gesmes:Envelope"),
            (b"hello", 1, "neither the XML nor the CSV"),
            (xml()[:-20], 15, "no whole XML"),
            (xml({}), None, "no rates in this file"),
            (xml({"2026-11-27": {}}), 8, "no rates of 2026-11-27"),
            (xml({"2026-12-01": {"USD": "1"}}), 8, "yet to come"),
            (xml({"27.11.2026": {"USD": "1"}}), 8, "no day"),
            (xml({"2026-02-30": {"USD": "1"}}), 8, "no day"),
            (b"Date,USD,\n", None, "no rates in this file"),
            (b"Date,USD,\n2026-11-27,1.1,2.2\n", 2, "3 values under 2 headings"),
            (b"Date,USD,\n2026-11-27,1.1\n2026-11-27,1.1\n", 3, "there twice"),
            (b"Date,USD,USD\n2026-11-27,1.1,1.1\n", 1, "there twice"),
            (b"Date,USD\n31 November 2026,1.1\n", 2, "no day"),
            (b"Date,USD\n2026-11-27,\n", 2, "1 values under 2"),
            (b'Date,USD\n2026-11-27,"1.1\n', 2, "no CSV"),
            (b"Date,USD\n2026-11-27,n/a\n", 2, "no rate"),
        ],
    )
    def test_what_is_no_file_of_rates_is_refused(
        self, content: bytes, line: int | None, complaint: str
    ) -> None:
        error = refused(content)

        assert error.line == line
        assert complaint in error.complaint

    def test_a_day_or_a_currency_twice_is_refused(self) -> None:
        twice = xml().replace(b"'CHF'", b"'USD'")
        assert refused(twice).complaint == "USD is there twice on one day"
        days = xml({"2026-11-27": {"USD": "1"}, "2026-11-26": {"USD": "1"}}).replace(b"11-26", b"11-27")
        assert refused(days).complaint == "2026-11-27 is there twice"

    def test_a_rate_outside_of_a_day_or_without_its_parts_is_refused(self) -> None:
        assert "no day" in refused(xml().replace(b"time=", b"tide=")).complaint
        assert "no rate" in refused(xml().replace(b"rate='1.0876'", b"")).complaint
        assert "no currency" in refused(xml().replace(b"currency='USD' ", b"")).complaint

    def test_no_entity_is_ever_expanded(self) -> None:
        bomb = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY many "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<Envelope><Sender><name>&many;</name></Sender></Envelope>"""

        assert refused(bomb).complaint == "no document type is taken"
        outside = bomb.replace(b'[<!ENTITY lol "lol">', b'SYSTEM "file:///etc/passwd" [<!ENTITY lol "lol">')
        assert refused(outside).complaint == "no document type is taken"

    def test_a_file_without_end_is_refused_unread(self) -> None:
        assert "larger than 32 MiB" in refused(b" " * (MOST_BYTES + 1)).complaint

    def test_an_encoding_that_nobody_knows_is_refused(self) -> None:
        assert refused(xml().replace(b"UTF-8", b"EBCDIC-7")).line == 1

    @given(st.binary(max_size=200))
    def test_whatever_comes_is_read_or_refused(self, content: bytes) -> None:
        with pytest.raises(BadRates):
            read(content, today=TODAY)

    @given(st.integers(0, len(xml()) - 1), st.binary(min_size=1, max_size=3))
    def test_a_damaged_file_is_read_or_refused(self, place: int, damage: bytes) -> None:
        whole = xml()
        try:
            found = read(whole[:place] + damage + whole[place + len(damage) :], today=TODAY)
        except BadRates:
            return
        assert all(rate > 0 for sheet in found.sheets for rate in sheet.rates.values())
