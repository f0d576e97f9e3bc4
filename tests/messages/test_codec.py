"""Messages on the wire: what goes in comes out, also from a release that knows more than we do."""

import inspect
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookingd.domain.ids import MessageId
from bookingd.messages import codec, live, payments, search
from bookingd.messages.catalogue import CATALOGUE, ENTRIES, Entry, Kind, UnknownMessage
from bookingd.messages.envelope import BUNDLE_BYTES, BUNDLE_LIMIT, Envelope, Origin
from tests.messages.factory import values

NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
ORIGIN = Origin(
    principal="guest:1", correlation_id=UUID(int=7), causation_id=MessageId(UUID(int=8)), trace="00-1"
)
ANSWERS = (
    search.FlightResults,
    search.OfferChecked,
    search.FareCalendarFound,
    search.StayResults,
    search.StayChecked,
)


def envelope_of(body: bytes, number: int = 1, name: str = "booking.place") -> Envelope:
    return Envelope(
        id=MessageId(UUID(int=number)),
        name=name,
        principal="system",
        correlation_id=UUID(int=number),
        sent_at=NOW,
        body=msgspec.Raw(body),
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_message_comes_out_as_it_went_in(entry: Entry, data: st.DataObject) -> None:
    message = data.draw(values(entry.type))

    sealed = codec.seal(message, catalogue=CATALOGUE, id=MessageId(UUID(int=1)), origin=ORIGIN, now=NOW)
    [received] = codec.unpack(codec.pack([sealed]))

    assert codec.read(received, CATALOGUE) == message
    assert (received.name, received.sent_at, received.attempt) == (entry.name, NOW, 1)
    assert (received.principal, received.trace) == (ORIGIN.principal, ORIGIN.trace)
    assert (received.correlation_id, received.causation_id) == (ORIGIN.correlation_id, ORIGIN.causation_id)


@pytest.mark.parametrize("of", ANSWERS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_answer_comes_out_as_it_went_in(of: type, data: st.DataObject) -> None:
    answer = data.draw(values(of))

    assert codec.decode(codec.encode(answer), of) == answer


def test_what_a_handling_sends_is_caused_by_its_message() -> None:
    sealed = envelope_of(b"{}", 5)

    assert sealed.origin() == Origin(principal="system", correlation_id=UUID(int=5), causation_id=sealed.id)


def test_a_newer_release_may_say_more() -> None:
    body = b'{"payment_id":"%s","booking_id":"%s","poll":3,"since":"tomorrow"}' % (
        (str(UUID(int=1)).encode(),) * 2
    )

    message = codec.read(envelope_of(body, name="payment.refresh"), CATALOGUE)

    assert isinstance(message, payments.RefreshPayment)
    assert message.poll == 3


def test_an_envelope_may_grow_too() -> None:
    grown = codec.pack([envelope_of(b"{}")])[:-2] + b',"priority":"high"}]'

    assert codec.unpack(grown) == [envelope_of(b"{}")]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"booking_id":7}', b'{"booking_id":"no uuid"}'])
def test_a_body_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(codec.Unreadable, match="PlaceBooking"):
        codec.read(envelope_of(body), CATALOGUE)


@pytest.mark.parametrize("bundle", [b"", b"{", b"{}", b'[{"id":1}]', b"[1]"])
def test_bytes_that_are_no_bundle_are_unreadable(bundle: bytes) -> None:
    with pytest.raises(codec.Unreadable, match="bundle"):
        codec.unpack(bundle)


def test_a_name_that_is_not_in_the_catalogue_is_unknown() -> None:
    with pytest.raises(UnknownMessage, match=r"booking\.levitate"):
        codec.read(envelope_of(b"{}", name="booking.levitate"), CATALOGUE)
    with pytest.raises(UnknownMessage, match="int"):
        CATALOGUE.of(int)


def test_personal_data_is_not_told_by_an_envelopes_repr() -> None:
    assert "Ada" not in repr(envelope_of(b'{"name":"Ada"}'))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2 * BUNDLE_BYTES), max_size=12).map(sorted) | st.just([10] * 200))
def test_bundles_keep_both_limits_and_lose_nothing(sizes: list[int]) -> None:
    envelopes = [envelope_of(b'"%s"' % (b"x" * size), number) for number, size in enumerate(sizes)]

    cut = list(codec.bundles(envelopes))

    assert [one for bundle in cut for one in bundle] == envelopes
    for bundle in cut:
        assert 1 <= len(bundle) <= BUNDLE_LIMIT
        assert len(codec.pack(bundle)) <= BUNDLE_BYTES or len(bundle) == 1


def test_what_an_envelope_adds_to_its_message_counts_too() -> None:
    for size in range(700, 1000, 3):
        envelopes = [envelope_of(b'"%s"' % (b"x" * size), number) for number in range(BUNDLE_LIMIT)]

        assert max(len(codec.pack(bundle)) for bundle in codec.bundles(envelopes)) <= BUNDLE_BYTES


def test_bundles_are_not_cut_before_they_are_full() -> None:
    envelopes = [envelope_of(b"{}", number) for number in range(BUNDLE_LIMIT * 2 + 1)]
    heavy = [envelope_of(b'"%s"' % (b"x" * 16_000), number) for number in range(8)]

    assert [len(bundle) for bundle in codec.bundles(envelopes)] == [BUNDLE_LIMIT, BUNDLE_LIMIT, 1]
    assert [len(bundle) for bundle in codec.bundles(heavy)] == [4, 4]


def test_names_and_types_are_in_the_catalogue_once() -> None:
    assert len({entry.name for entry in ENTRIES}) == len({entry.type for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_what_is_asked_has_one_owner_and_what_is_told_none(entry: Entry) -> None:
    assert (entry.owner is not None) == (entry.kind in {Kind.COMMAND, Kind.QUERY})
    assert entry.type.__doc__


@pytest.mark.parametrize("module", [payments, search, live])
def test_no_message_is_left_out_of_the_catalogue(module: object) -> None:
    parts = {*ANSWERS, live.Step}
    made_here = {
        one
        for _, one in inspect.getmembers(module, lambda one: hasattr(one, "__dataclass_fields__"))
        if one.__module__ == module.__name__  # type: ignore[attr-defined]
    }

    assert made_here - parts <= {entry.type for entry in ENTRIES}
