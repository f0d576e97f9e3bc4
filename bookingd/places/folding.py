"""What spellings have in common: one form for all that people mean the same by.

Its one rule: names and what is typed go through the same functions, so they can only miss each other by a
letter, never by an accent, a case or a hyphen.
"""

import re
import unicodedata
from collections.abc import Iterator

_MARKS = {
    point: None
    for first, last in (
        (0x0300, 0x036F),  # accents of Latin, Greek and Cyrillic
        (0x0591, 0x05C7),  # Hebrew points
        (0x0640, 0x0640),  # the Arabic stroke that only makes a word longer
        (0x064B, 0x065F),  # Arabic vowels
        (0x0670, 0x0670),
        (0x200B, 0x200F),  # joiners and other marks that nobody sees
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0xFEFF, 0xFEFF),
    )
    for point in range(first, last + 1)
}
"""What is left away. Marks of other scripts are letters to their readers, and stay."""

_LETTERS = str.maketrans(
    {
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "ŋ": "n",
    }
)
"""Letters that Unicode does not take apart; ß becomes ss by folding the case."""

_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
"""How these are written where a keyboard has none: München, Muenchen."""

_APOSTROPHES = re.compile(r"['`\u00b4\u2018\u2019\u02bb\u02bc\u02be\u02bf]")
_BETWEEN_WORDS = re.compile(
    r"[\s\x00-\x26\x28-\x2f:-@\[-_{-\x7f\u00a0-\u00bf"  # ASCII and Latin-1
    r"\u2000-\u200a\u2010-\u2017\u201a-\u2029\u202f-\u205f\u3000-\u303f"  # dashes, quotes, points
    r"\u30fb\uff65\u060c\u104a\u104b]+"
)


def fold(text: str) -> str:
    """`text` without case and accents: `Zürich` becomes `zurich`, `Łódź` `lodz`, `東京` stays."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", text).casefold()
    apart = unicodedata.normalize("NFKD", plain).translate(_MARKS)
    return unicodedata.normalize("NFC", apart.translate(_LETTERS))


def spellings(text: str) -> Iterator[str]:
    """The folded forms of `text`: accents left away, and umlauts written out where there are any."""
    yield (plain := fold(text))
    if text.isascii():
        return
    written_out = fold(unicodedata.normalize("NFC", text.casefold()).translate(_WRITTEN_OUT))
    if written_out != plain:
        yield written_out


def words(folded: str) -> list[str]:
    """The words of a folded text; an apostrophe parts none (`laquila`)."""
    if folded.isalnum():
        return [folded]
    return [word for word in _BETWEEN_WORDS.split(_APOSTROPHES.sub("", folded)) if word]
