"""The two recipes in both readings of their cards, and the learning rate of a step beside the library's."""

from dataclasses import asdict, replace

import pytest
import torch
from transformers import get_linear_schedule_with_warmup

from course_lib.training import cards
from course_lib.training.recipes import (
    MINILM_AS_PRINTED,
    MINILM_BETTER,
    MINILM_FIT_DEFAULTS,
    MPNET_AS_PRINTED,
    MPNET_BETTER,
    MPNET_FIT_DEFAULTS,
    PUBLISHED,
    RECIPES,
    learning_rate,
)

READINGS = {  # learning rate, weight decay, warm-up steps
    "as-printed": (5e-5, 0.0, 0),
    "fit-defaults": (2e-5, 0.01, 10_000),
}


def test_there_are_two_published_recipes_in_two_readings_and_a_better_one_for_each_under_its_own_name():
    names = [f"{encoder}-{reading}" for encoder in ("minilm", "mpnet") for reading in READINGS]
    assert [recipe.name for recipe in PUBLISHED] == names
    assert list(RECIPES) == [*names, "minilm-better", "mpnet-better"]
    assert all(recipe.name == name and name.startswith(recipe.encoder) for name, recipe in RECIPES.items())


@pytest.mark.parametrize("better", [MINILM_BETTER, MPNET_BETTER], ids=lambda recipe: recipe.name)
def test_a_better_recipe_has_the_encoder_and_the_rows_of_a_published_one_and_shows_them_in_a_view(better):
    published = {"minilm": MINILM_AS_PRINTED, "mpnet": MPNET_AS_PRINTED}[better.encoder]
    assert (better.rows, better.encoder) == (published.rows, published.encoder) and better.view
    assert 0 < better.tuned_share < 1 and better.epochs == 1


@pytest.mark.parametrize("name", [recipe.name for recipe in PUBLISHED])
def test_a_reading_sets_the_optimizer_as_its_source_does(name):
    recipe = RECIPES[name]
    assert (recipe.learning_rate, recipe.weight_decay, recipe.warmup_steps) == READINGS[name.split("-", 1)[1]]


@pytest.mark.parametrize(
    ("printed", "defaults"), [(MINILM_AS_PRINTED, MINILM_FIT_DEFAULTS), (MPNET_AS_PRINTED, MPNET_FIT_DEFAULTS)]
)
def test_the_readings_of_a_card_differ_in_nothing_but_the_optimizer(printed, defaults):
    differing = {key for key, value in asdict(printed).items() if asdict(defaults)[key] != value}
    assert differing == {"name", "learning_rate", "weight_decay", "warmup_steps"}


@pytest.mark.parametrize(("recipe", "card"), [(MINILM_AS_PRINTED, cards.MINILM), (MPNET_AS_PRINTED, cards.MPNET)])
def test_a_recipe_says_what_its_card_prints(recipe, card):
    assert (recipe.loss, recipe.batch_size, recipe.epochs) == (card.loss_function, card.batch_size, card.epochs)
    assert card.steps == card.epochs * -(-card.rows // card.batch_size)
    assert card.logged_epoch == round(card.logged_step * card.epochs / card.steps, 4)


@pytest.mark.parametrize("warmup", [0, 1, 7, 20, 10_000])
def test_the_learning_rate_is_that_of_the_library_in_every_step(warmup):
    recipe, steps = replace(MINILM_AS_PRINTED, warmup_steps=warmup), 20
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=recipe.learning_rate)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    theirs = []
    for _ in range(steps):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert [learning_rate(recipe, step, steps) for step in range(steps)] == pytest.approx(theirs, abs=1e-12)


def test_a_training_as_fit_ran_it_ends_long_before_its_warm_up_does():
    last = learning_rate(MINILM_FIT_DEFAULTS, cards.MINILM.steps - 1, cards.MINILM.steps)
    assert last == pytest.approx(2e-5 * 518 / 10_000)
