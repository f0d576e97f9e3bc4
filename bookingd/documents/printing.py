"""A document as PDF.

The one rule: the same document gives the same bytes. Nothing comes from a clock, a random source or the host:
dates are the document's, and fonts come from the installation.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from fpdf.prefs import ViewerPreferences

from bookingd.documents import fonts, words
from bookingd.domain.documents.document import Document, DocumentKind, DocumentLine, Party, TaxSum, paid_how

MARGIN = 20.0
"""Millimetres, as all lengths here."""
LINE = 5.2
COLUMNS = (92.0, 36.0, 42.0)
"""What, its tax, its amount."""
FACT_COLUMNS = (32.0, 46.0)

INK, SOFT, RULE = (32, 36, 40), (96, 104, 112), (200, 205, 210)


def print_document(document: Document, addressee: Party | None) -> bytes:
    """The PDF; `addressee` is None where it was erased."""
    sheet = _Sheet(document, addressee)
    sheet.head()
    sheet.lines()
    sheet.sums()
    sheet.payments()
    sheet.remarks()
    return bytes(sheet.output())


class _Sheet(FPDF):
    """The pages of one document."""

    def __init__(self, document: Document, addressee: Party | None) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._document = document
        self._addressee = addressee
        self._complete = True
        self._describe()
        self._load_fonts()
        self.set_margin(MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=32)
        self.add_page()

    def _describe(self) -> None:
        document = self._document
        title = f"{words.TITLES[document.kind]} {document.number}"
        self.set_lang("en-GB")
        self.set_title(title)
        self.set_subject(f"Booking {document.booking}")
        self.set_author(document.issuer.party.name)
        self.set_creator("bookingd")
        self.set_producer("bookingd")
        self.set_creation_date(datetime.combine(document.issued_on, time(), UTC))
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)

    def _load_fonts(self) -> None:
        self.add_font("text", "", fonts.font_file(fonts.REGULAR))
        self.add_font("text", "B", fonts.font_file(fonts.BOLD))
        others = fonts.needed(fonts.written(text).text for text in self._foreign())
        for name in others:
            self.add_font(name, "", fonts.font_file(fonts.OTHERS[name]))
        self.set_fallback_fonts(others, exact_match=False)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_text_color(*INK)

    def _foreign(self) -> Iterator[str]:
        """Whatever did not come from here, and so may be in any script."""
        document = self._document
        yield from words.address(self._addressee)
        yield from words.address(document.issuer.party)
        yield document.issuer.registration
        yield from document.items
        yield from (line.label for line in document.lines)

    # The parts, top to bottom

    def head(self) -> None:
        """Who, what, to whom."""
        document = self._document
        self._put(document.issuer.party.name, size=12, bold=True)
        self._put(words.TITLES[document.kind], size=24, bold=True, height=16)
        top = self.get_y() + 2
        self.set_y(top)
        for number, line in enumerate(words.address(self._addressee)):
            self._put(line, width=COLUMNS[0], bold=number == 0, feed=True)
        below = self.get_y()
        self.set_y(top)
        for name, told in words.facts(document):
            self.set_x(MARGIN + COLUMNS[0])
            self._put(name, width=FACT_COLUMNS[0], soft=True, feed=False)
            self._put(told, width=FACT_COLUMNS[1], align=Align.R)
        self.set_y(max(below, self.get_y()) + 8)

    def lines(self) -> None:
        """What was sold, or paid, line by line."""
        self._row(("Description", "Tax" if self._has_tax else "", "Amount"), soft=True)
        self._rule()
        for item, named in enumerate(self._document.items):
            own = [line for line in self._document.lines if line.item == item]
            if own:
                self._put(named, bold=True, height=LINE + 1)
                self._lines(own)
        self._rule()

    def sums(self) -> None:
        """Tax by rate, and the total."""
        document = self._document
        if self._has_tax:
            for one in document.taxes:
                self._row((*self._tax_words(one), words.money(one.gross)), soft=True)
        total = "Received" if document.kind is DocumentKind.RECEIPT else "Total"
        if document.tax:
            self._row(("Tax in total", "", words.money(document.tax)))
        self._row((total, "", words.money(document.total)), bold=True)

    def payments(self) -> None:
        """What was paid before, and what is due."""
        document = self._document
        if document.kind is not DocumentKind.INVOICE:
            return
        for one in document.paid:
            self._row((f"Paid {paid_how(one.gateway)}", "", words.money(-one.amount)))
        self._row(("Still to be paid", "", words.money(document.due)), bold=True)

    def remarks(self) -> None:
        """What the law wants to be said, and what cannot be printed."""
        self.ln(LINE)
        told = list(words.remarks(self._document))
        for remark in told if self._complete else [*told, words.INCOMPLETE]:
            self._put(remark, size=9, soft=True)

    def footer(self) -> None:
        """On every page: the issuer as the law wants it."""
        issuer = self._document.issuer
        self.set_y(-26)
        self._rule()
        named = ", ".join(filter(None, (*words.address(issuer.party), issuer.registration)))
        self._put(named, size=8, soft=True, height=4)
        self._put(f"{self._document.number}, page {self.page_no()}", size=8, soft=True, height=4)

    # With what they are made

    @property
    def _has_tax(self) -> bool:
        return self._document.kind is not DocumentKind.RECEIPT and any(
            words.tax_label(line) for line in self._document.lines
        )

    def _lines(self, lines: Iterable[DocumentLine]) -> None:
        for line in lines:
            tax = words.tax_label(line) if self._has_tax else ""
            self._row((words.line_label(line), tax, words.money(line.gross)))

    def _tax_words(self, one: TaxSum) -> tuple[str, str]:
        if one.percent is None:
            return words.tax_label(one) or "Not taxed", ""
        return f"{words.tax_label(one)} on {words.money(one.net)} net", words.money(one.tax)

    def _row(self, cells: tuple[str, str, str], *, bold: bool = False, soft: bool = False) -> None:
        """Three cells side by side; a long description goes on below."""
        if self.will_page_break(LINE * 2):
            self.add_page()
        top = self.get_y()
        self._put(cells[0], width=COLUMNS[0], bold=bold, soft=soft)
        below = self.get_y()
        self.set_xy(MARGIN + COLUMNS[0], top)
        self._put(cells[1], width=COLUMNS[1], soft=soft, align=Align.R, feed=False)
        self._put(cells[2], width=COLUMNS[2], bold=bold, soft=soft, align=Align.R)
        self.set_y(max(below, self.get_y()))

    def _put(
        self,
        text: str,
        *,
        width: float = 0,
        size: float = 10,
        bold: bool = False,
        soft: bool = False,
        align: Align = Align.L,
        height: float = LINE,
        feed: bool = True,
    ) -> None:
        """A text, in lines of `width` (0: to the margin); then on the next line, or beside it."""
        told = fonts.written(text)
        self._complete &= told.complete
        self.set_font("text", "B" if bold else "", size)
        self.set_text_color(*(SOFT if soft else INK))
        self.multi_cell(
            width,
            height,
            told.text,
            align=align,
            new_x=XPos.LMARGIN if feed else XPos.RIGHT,
            new_y=YPos.NEXT if feed else YPos.TOP,
        )

    def _rule(self) -> None:
        self.set_draw_color(*RULE)
        self.line(MARGIN, self.get_y() + 0.8, self.w - MARGIN, self.get_y() + 0.8)
        self.ln(2)
