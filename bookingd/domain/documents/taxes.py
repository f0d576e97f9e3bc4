"""How what we sell is taxed: rules are dated data, and the one that counted is named in every line.

The one rule: nothing is guessed. Where no rule says how a product is taxed on a day, no invoice is made. What
travellers pay is fixed before (P8): a tax is what of a price is the state's, and never comes on top.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from bookingd.domain.money import Money

EUROPEAN_UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
)
"""Member states since 2020-02-01 (ISO 3166-1 alpha-2)."""


class Product(StrEnum):
    """What is sold."""

    FLIGHT = "flight"
    HOTEL = "hotel"
    PACKAGE = "package"
    SERVICE_FEE = "service_fee"
    """Our own service, as its line says."""


class Customer(StrEnum):
    """To whom, as far as tax law tells them apart."""

    ANYBODY = "anybody"
    EU_COMPANY = "eu_company"
    """A business with a tax number of another member state (Directive 2006/112/EC, articles 44 and 196)."""


class Treatment(StrEnum):
    """How it is taxed."""

    STANDARD = "standard"
    """At a rate; the tax is shown."""
    ZERO_RATED = "zero_rated"
    EXEMPT = "exempt"
    REVERSE_CHARGE = "reverse_charge"
    """The customer owes the tax."""
    MARGIN_SCHEME = "margin_scheme"
    """Travel agents' margin scheme (Directive 2006/112/EC, articles 306 to 310): no tax is shown."""
    OUTSIDE = "outside"
    """No supply of ours: money that came in or went back."""


class NoTaxRule(LookupError):
    """No rule says how this is taxed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """How a product is taxed in a country, for whom, and from when until when."""

    country: str
    """The agency's, ISO 3166-1 alpha-2."""
    product: Product
    customer: Customer = Customer.ANYBODY
    treatment: Treatment
    percent: Decimal | None = None
    """The rate, of STANDARD alone: 0.0001 to 100."""
    valid_from: date
    valid_until: date | None = None
    """The last day; None: until further notice. Before `valid_from`: the rule is withdrawn."""
    version: int = 1

    def __post_init__(self) -> None:
        if (self.percent is not None) is not (self.treatment is Treatment.STANDARD):
            raise ValueError("a rate belongs to the standard treatment, and to no other")
        if self.percent is not None and not 0 < self.percent <= 100:
            raise ValueError("a rate is more than 0 and at most 100 percent")
        if self.treatment is Treatment.OUTSIDE:
            raise ValueError("what is no supply has no rule")

    @property
    def key(self) -> tuple[str, Product, Customer, date]:
        """What makes two rules versions of one."""
        return self.country, self.product, self.customer, self.valid_from

    @property
    def reference(self) -> str:
        """As documents name it: `DE/service_fee/anybody/2021-01-01@1`."""
        return f"{self.country}/{self.product}/{self.customer}/{self.valid_from}@{self.version}"

    def counts_on(self, day: date) -> bool:
        """Whether it is in effect then."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def tax_in(self, gross: Money) -> Money:
        """How much of `gross` is tax, rounded half away from zero; nothing where none is shown."""
        if self.percent is None:
            return Money.zero(gross.currency)
        rate = Fraction(self.percent)
        return gross.times(rate / (100 + rate))


class TaxBook:
    """The rules, each in its last version."""

    def __init__(self, rules: Iterable[TaxRule]) -> None:
        self.rules = tuple(_last_versions(rules))

    def rule(self, *, country: str, product: Product, customer: Customer, on: date) -> TaxRule:
        """The one that counts: that for this customer before that for anybody, of those the youngest.

        Raises NoTaxRule.
        """
        found = [
            rule
            for rule in self.rules
            if rule.country == country
            and rule.product is product
            and rule.customer in {customer, Customer.ANYBODY}
            and rule.counts_on(on)
        ]
        if not found:
            raise NoTaxRule(f"no tax rule says how {product} is taxed in {country or 'no country'} on {on}")
        return max(found, key=lambda rule: (rule.customer is not Customer.ANYBODY, rule.valid_from))


def customer_of(*, agency: str, country: str, tax_number: str) -> Customer:
    """What somebody of `country` is to an agency in the country `agency`; a tax number is a good one."""
    abroad = {agency, country} <= EUROPEAN_UNION and agency != country
    return Customer.EU_COMPANY if tax_number and abroad else Customer.ANYBODY


def _last_versions(rules: Iterable[TaxRule]) -> Iterable[TaxRule]:
    last: dict[object, TaxRule] = {}
    for rule in rules:
        known = last.get(rule.key)
        if known is None or known.version < rule.version:
            last[rule.key] = rule
    return last.values()
