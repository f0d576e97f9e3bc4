"""The same as bookingd.results does with columns, done with lists and loops: what it has to agree with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from bookingd.results import filters
from bookingd.results.filters import Filter
from bookingd.results.packing import Entry, Layout, ResultSet, gather, pack, unpack

LAYOUT = Layout(numbers=("price", "stars", "free", "score"), terms=("airlines", "via"))
NAMES = ("AA", "BB", "CC", "DD")
UNHEARD = "ZZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An offer."""

    result: int
    number: int
    price: int
    stars: int
    free: int
    score: float
    airlines: frozenset[str]
    via: frozenset[str]

    @property
    def entry(self) -> Entry:
        return Entry(
            result=b"result %d" % self.result,
            offer=b"offer %d" % self.number,
            numbers=(self.price, self.stars, self.free, self.score),
            terms=(self.airlines, self.via),
            body=b'{"number":%d}' % self.number,
        )


Test = Callable[[Plain], bool]


@st.composite
def offers(draw: st.DrawFn) -> list[Plain]:
    """Few results, few values: so that there are equal ones, and many offers of one result."""
    names = st.frozensets(st.sampled_from(NAMES))
    each = st.tuples(
        st.integers(0, 5),
        st.integers(1, 30),
        st.integers(0, 3),
        st.integers(0, 1),
        st.integers(0, 4),
        names,
        names,
    )
    return [
        Plain(
            result=result,
            number=number,
            price=price,
            stars=stars,
            free=free,
            score=score / 3,
            airlines=airlines,
            via=via,
        )
        for number, (result, price, stars, free, score, airlines, via) in enumerate(
            draw(st.lists(each, max_size=25))
        )
    ]


def kept(plain: Sequence[Plain]) -> ResultSet:
    """A set of them that went through its packed form."""
    return unpack(pack(gather((one.entry for one in plain), layout=LAYOUT, about=b"{}")))


def passes(one: Filter, offer: Plain) -> bool:
    """Whether the offer passes the filter."""
    match one:
        case filters.AnyOf(column=column, names=names):
            return bool(getattr(offer, column) & set(names))
        case filters.NoneOf(column=column, names=names):
            return not getattr(offer, column) & set(names)
        case filters.AllOf(column=column, names=names):
            return bool(getattr(offer, column) >= set(names))
        case filters.Only(column=column, names=names):
            return bool(getattr(offer, column)) and bool(getattr(offer, column) <= set(names))
        case filters.OneOf(column=column, values=values):
            return getattr(offer, column) in values
        case filters.Range(column=column, low=low, high=high):
            value = getattr(offer, column)
            return (low is None or value >= low) and (high is None or value <= high)
        case filters.Minimum(column=column, least=least):
            return bool(getattr(offer, column) >= least)
        case filters.Flag(column=column):
            return bool(getattr(offer, column))
    raise AssertionError(one)


def left(plain: Sequence[Plain], chosen: Sequence[Filter]) -> list[Plain]:
    """What passes all of them."""
    return [offer for offer in plain if all(passes(one, offer) for one in chosen)]


def results(plain: Sequence[Plain]) -> int:
    return len({offer.result for offer in plain})


def any_filter() -> st.SearchStrategy[Filter]:
    """Any of the kinds; its facet is its column's name, as a search would have it."""
    names = st.lists(st.sampled_from((*NAMES, UNHEARD)), min_size=1, max_size=3).map(tuple)
    bound = st.none() | st.integers(0, 32)
    return st.one_of(
        *(
            st.builds(
                lambda names, column, kind=kind: kind(facet=column, column=column, names=names), names, terms
            )
            for kind in (filters.AnyOf, filters.NoneOf, filters.AllOf, filters.Only)
            for terms in (st.sampled_from(LAYOUT.terms),)
        ),
        st.builds(
            lambda values: filters.OneOf(facet="stars", column="stars", values=tuple(values)),
            st.lists(st.integers(0, 4), min_size=1, max_size=2),
        ),
        st.builds(
            lambda low, high: filters.Range(facet="price", column="price", low=low, high=high), bound, bound
        ),
        st.builds(
            lambda least: filters.Minimum(facet="stars", column="stars", least=least), st.integers(0, 4)
        ),
        st.just(filters.Flag(facet="free", column="free")),
    )
