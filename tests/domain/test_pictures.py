"""An id names what a picture shows: the same picture has one id, another one has another."""

import re
from dataclasses import replace
from itertools import product

import pytest

from bookingd.domain.pictures import Light, Recipe, Scene, Setting, drawn_id, fetched_id, uploaded_id

RECIPE = Recipe(scene=Scene.FACADE, setting=Setting.SEA, light=Light.EVENING, stars=4, number=2**53 - 1)


def test_a_recipe_comes_back_from_its_text_as_it_was() -> None:
    for scene, setting, light in product(Scene, Setting, Light):
        recipe = Recipe(scene=scene, setting=setting, light=light, building="hostel", stars=0, number=7)

        assert Recipe.from_json(recipe.to_json()) == recipe


def test_what_is_no_recipe_is_refused() -> None:
    with pytest.raises(ValueError):
        Recipe.from_json(
            '{"scene":"dragon","setting":"sea","light":"day","building":"hotel","stars":3,"number":1}'
        )
    with pytest.raises(KeyError):
        Recipe.from_json("{}")


def test_the_same_picture_has_the_same_id_in_every_release() -> None:
    assert drawn_id(7, RECIPE) == "hbpdcsd2zfjb72yp"
    assert fetched_id("expedia", "15", "https://pictures.example/15.jpg") == "wg4lgptn4n6gyxac"
    assert uploaded_id(7, bytes(32)) == "baclrv3dxyg43lv4"


def test_another_hotel_recipe_address_or_content_is_another_picture() -> None:
    ids = [
        drawn_id(7, RECIPE),
        drawn_id(8, RECIPE),
        drawn_id(7, replace(RECIPE, scene=Scene.POOL)),
        fetched_id("expedia", "15", "https://pictures.example/15.jpg"),
        fetched_id("expedia", "15", "https://pictures.example/16.jpg"),
        fetched_id("duffel", "15", "https://pictures.example/15.jpg"),
        uploaded_id(7, bytes(32)),
        uploaded_id(8, bytes(32)),
    ]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z2-7]{16}", one) for one in ids)
