"""The two published recipes, each in the two readings that its model card allows.

A card prints the defaults of TrainingArguments (learning rate 5e-5, no decay, no warm-up). But both cards come from
`SentenceTransformer.fit()`, which builds its own optimizer from its own defaults (2e-5, 0.01, 10,000 warm-up steps) and
does not tell the card. Which of the two was used cannot be known from the cards, so the course runs both.
"""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training but the weights and the seed.

    `rows` are those of the published card: 2,764 question-answer pairs, or 3,552 triplets of passage and two terms.
    `scale` multiplies cosine similarity (MultipleNegativesRankingLoss); `margin` is a Euclidean distance between unit
    vectors (TripletLoss); a loss ignores the other's parameter. `group_anchors` puts rows of one anchor into one batch,
    `alike_lengths` rows whose longest texts have about as many tokens: both save work, and neither is on a card.

    The last six are those of the better recipes: `view`, how the published rows are shown (see `data.views`), and for
    passages in what share of the rows `masked`; `tokens`, how many of a text are read in the training (the saved model
    reads as many as before); `both_directions`, whether the positive must find its anchor as well; `similarities_kept`,
    the weight of a second loss that keeps positives as similar to each other as they were (see `losses.Keeping`);
    `tuned_share`, the share of the trained weights in the saved ones, the rest being the untrained encoder's.
    """

    name: str
    encoder: Literal["minilm", "mpnet"]
    rows: Literal["pairs", "triplets"]
    loss: Literal["MultipleNegativesRankingLoss", "TripletLoss"]
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    batch_size: int = 16
    epochs: int = 3
    max_grad_norm: float = 1.0
    scale: float = 20.0
    margin: float = 5.0
    group_anchors: bool = False
    alike_lengths: bool = False
    view: Literal["questions", "masked answers", "masked passages"] | None = None
    masked: float = 0.0
    tokens: int | None = None
    both_directions: bool = False
    similarities_kept: float = 0.0
    tuned_share: float = 1.0


MINILM_AS_PRINTED = Recipe(
    "minilm-as-printed",
    "minilm",
    "pairs",
    "MultipleNegativesRankingLoss",
    learning_rate=5e-5,
    weight_decay=0.0,
    warmup_steps=0,
    alike_lengths=True,
)
MPNET_AS_PRINTED = Recipe(
    "mpnet-as-printed",
    "mpnet",
    "triplets",
    "TripletLoss",
    learning_rate=5e-5,
    weight_decay=0.0,
    warmup_steps=0,
    group_anchors=True,
)
FIT_DEFAULTS = {"learning_rate": 2e-5, "weight_decay": 0.01, "warmup_steps": 10_000}
MINILM_FIT_DEFAULTS = replace(MINILM_AS_PRINTED, name="minilm-fit-defaults", **FIT_DEFAULTS)
MPNET_FIT_DEFAULTS = replace(MPNET_AS_PRINTED, name="mpnet-fit-defaults", **FIT_DEFAULTS)

MINILM_BETTER = Recipe(
    "minilm-better",
    "minilm",
    "pairs",
    "MultipleNegativesRankingLoss",
    learning_rate=5e-5,
    weight_decay=0.01,
    warmup_steps=50,
    alike_lengths=True,
    epochs=1,
    view="masked answers",
    similarities_kept=30.0,
    tuned_share=0.8,
)
MPNET_BETTER = Recipe(
    "mpnet-better",
    "mpnet",
    "triplets",
    "MultipleNegativesRankingLoss",
    learning_rate=5e-5,
    weight_decay=0.01,
    warmup_steps=20,
    epochs=1,
    view="masked passages",
    masked=0.5,
    tokens=128,
    both_directions=True,
    tuned_share=0.6,
)

PUBLISHED = (MINILM_AS_PRINTED, MINILM_FIT_DEFAULTS, MPNET_AS_PRINTED, MPNET_FIT_DEFAULTS)
RECIPES = {r.name: r for r in (*PUBLISHED, MINILM_BETTER, MPNET_BETTER)}


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate used in optimizer step `step` (from 0) of `steps`: linear up over the warm-up, then linear down to 0.

    Source: `transformers.get_linear_schedule_with_warmup`.
    """
    if step < recipe.warmup_steps:
        return recipe.learning_rate * step / max(1, recipe.warmup_steps)
    return recipe.learning_rate * max(0, steps - step) / max(1, steps - recipe.warmup_steps)
