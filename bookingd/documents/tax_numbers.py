"""Tax numbers of companies: their form, and their check digits where a country has them.

The one rule: a number is only found to be well made. Whether a company has it, its state's register alone
knows (VIES); who sells without tax because of one should ask there.
"""

import re
from collections.abc import Mapping

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from bookingd.domain.documents.taxes import EUROPEAN_UNION

PREFIXES: Mapping[str, str] = {country: "EL" if country == "GR" else country for country in EUROPEAN_UNION}
"""What a number of the country begins with: its ISO code, but for Greece."""

_ELSEWHERE = re.compile(r"[A-Z0-9][A-Z0-9./-]{3,24}")
"""Outside the Union: what no country's form is narrower than; nothing is concluded from such a number."""

_PARTING = re.compile(r"[\s\u00a0]+")


class BadTaxNumber(ValueError):
    """It is no tax number of that country; the message is a sentence for whoever typed it."""


def tax_number_of(country: str, given: str) -> str:
    """The number as we keep it: capitals, without spaces, with the prefix of a member state.

    `country` is ISO 3166-1 alpha-2. Raises BadTaxNumber.
    """
    number = _PARTING.sub("", given).upper()
    prefix = PREFIXES.get(country)
    if prefix is None:
        if not _ELSEWHERE.fullmatch(number):
            raise BadTaxNumber("This has to be 4 to 25 letters, digits, dots, slashes or hyphens.")
        return number
    if not number.startswith(prefix):
        raise BadTaxNumber(f"A tax number of {country} begins with {prefix}.")
    try:
        return f"{prefix}{vat.validate(number).removeprefix(prefix)}"
    except ValidationError as error:
        raise BadTaxNumber(f"This is no tax number of {country}: a digit may be wrong.") from error
