"""Drawings follow from their recipe: in every process, for every scene and place."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from itertools import cycle

import pytest

from bookingd.domain.pictures import DRAWN_SIZE, Light, Recipe, Scene, Setting
from bookingd.pictures.drawing import draw
from bookingd.pictures.drawing.dice import Dice
from bookingd.pictures.drawing.facades import HOUSES

RECIPE = Recipe(scene=Scene.FACADE, setting=Setting.SEA, light=Light.EVENING, stars=4, number=20_261_004)

ELSEWHERE = """
import hashlib, sys
from bookingd.domain.pictures import Recipe
from bookingd.pictures.drawing import draw
print(hashlib.sha256(draw(Recipe.from_json(sys.argv[1])).tobytes()).hexdigest())
"""


def print_of(recipe: Recipe) -> str:
    return hashlib.sha256(draw(recipe).tobytes()).hexdigest()


@pytest.mark.parametrize("scene", Scene)
def test_the_same_recipe_is_the_same_picture_in_another_process(scene: Scene) -> None:
    recipe = replace(RECIPE, scene=scene)

    told = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, recipe.to_json()],
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == print_of(recipe)


@pytest.mark.parametrize("scene", Scene)
def test_every_scene_can_be_drawn_everywhere_and_fills_the_picture(scene: Scene) -> None:
    for number, (setting, light, building) in enumerate(zip(Setting, cycle(Light), cycle(HOUSES))):
        recipe = Recipe(
            scene=scene, setting=setting, light=light, building=building, stars=number % 6, number=number
        )

        drawn = draw(recipe)

        assert (drawn.size, drawn.mode) == (DRAWN_SIZE, "RGB")
        assert len(drawn.resize((160, 107)).getcolors(20_000) or ()) > 500
        # What nobody painted is black, and nothing of ours is.
        assert (0, 0, 0) not in {tone for _, tone in drawn.getcolors(2_000_000) or ()}


def test_hotels_of_other_numbers_look_otherwise() -> None:
    assert len({print_of(replace(RECIPE, number=number)) for number in range(12)}) == 12


def test_a_kind_of_building_that_we_have_no_drawing_of_is_drawn_as_a_hotel() -> None:
    assert print_of(replace(RECIPE, building="castle")) == print_of(replace(RECIPE, building="hotel"))


def test_dice_of_another_name_fall_otherwise_and_keep_within_their_bounds() -> None:
    one, same, other = Dice(7, "one"), Dice(7, "one"), Dice(7, "other")

    throws = [[dice.whole(1, 6) for _ in range(200)] for dice in (one, same, other)]

    assert throws[0] == throws[1] != throws[2]
    assert set(throws[0]) == {1, 2, 3, 4, 5, 6}
    assert all(0.5 <= one.between(0.5, 0.6) < 0.6 for _ in range(200))
    assert 20 < sum(one.falls(0.25) for _ in range(200)) < 80
