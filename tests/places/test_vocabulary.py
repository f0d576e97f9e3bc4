"""Words found by how they begin, against looking at each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from bookingd.places.vocabulary import PAIRS, Vocabulary, edits, enough

LETTERS = st.text(alphabet="abcdeé東京", min_size=1, max_size=10)
VOCABULARIES = st.lists(LETTERS, max_size=40, unique=True).map(sorted)


def fewest(typed: str, word: str) -> int:
    """The edits between what was typed and the beginning of the word that is nearest."""
    return min(OSA.distance(typed, word[:cut]) for cut in range(len(word) + 1))


@given(known=VOCABULARIES, typed=LETTERS)
def test_words_are_found_by_how_they_begin(known: list[str], typed: str) -> None:
    first, last = Vocabulary(known).beginning(typed)

    assert known[first:last] == [word for word in known if word.startswith(typed)]
    assert Vocabulary(known).has(typed, first) is (typed in known)


@given(known=VOCABULARIES, typed=LETTERS)
def test_words_are_found_by_how_they_nearly_begin(known: list[str], typed: str) -> None:
    near, distances = Vocabulary(known).near(typed)

    found = {
        known[number]: distance for number, distance in zip(near.tolist(), distances.tolist(), strict=True)
    }
    assert found == {
        word: distance
        for word in known
        if 1 <= (distance := fewest(typed, word)) <= edits(typed) and shared(typed, word) >= enough(typed)
    }


def shared(typed: str, word: str) -> int:
    """How many pairs of letters, the first letter being one, stand at nearly the same place in both."""
    most = edits(typed)
    pairs, others = (
        [text[place - 1 : place + 1] if place else text[0] for place in range(len(text[:PAIRS]))]
        for text in (typed, word)
    )
    near = (range(place - most, place + most + 1) for place in range(len(pairs)))
    return sum(
        place in places and bool(place) is bool(own) and pair == other
        for own, (pair, places) in enumerate(zip(pairs, near, strict=True))
        for place, other in enumerate(others)
    )


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("barclona", "barcelona"),
        ("frnakfurt", "frankfurt"),
        ("frnakfrut", "frankfurt"),
        ("londno", "london"),
        ("muncih", "munich"),
        ("xondon", "london"),
        ("lonodn", "londonderry"),
        ("kopenhaagn", "kopenhagen"),
    ],
)
def test_common_mistakes_are_forgiven(typed: str, word: str) -> None:
    assert Vocabulary([word]).near(typed)[0].tolist() == [0]


def test_nothing_is_near_to_a_word_of_three_letters() -> None:
    assert Vocabulary(["lom"]).near("rom")[0].size == 0


def test_an_empty_vocabulary_has_nothing() -> None:
    assert Vocabulary([]).near("berlin")[0].size == 0
    assert Vocabulary([]).beginning("b") == (0, 0)


def test_what_is_typed_may_be_longer_than_any_word() -> None:
    assert Vocabulary(["berlin"]).near("berlin" * 20)[0].size == 0
