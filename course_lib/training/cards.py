"""What the two published model cards state, as data; the notebooks print it beside what we measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """Token statistics of one text column, over the first 1,000 rows, special tokens included."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True)
class Card:
    """The facts of one published card; `loss` is the mean over steps 1 to `logged_step`, the one value it logs."""

    base_model: str
    loss_function: str
    rows: int
    batch_size: int
    epochs: int
    steps: int
    logged_epoch: float
    logged_step: int
    loss: float
    dimensions: int
    max_seq_length: int
    columns: tuple[Column, ...]


MINILM = Card(
    base_model="sentence-transformers/all-MiniLM-L12-v2",
    loss_function="MultipleNegativesRankingLoss",
    rows=2764,
    batch_size=16,
    epochs=3,
    steps=519,
    logged_epoch=2.8902,
    logged_step=500,
    loss=0.2354,
    dimensions=384,
    max_seq_length=128,
    columns=(Column(12.13, 7, 19), Column(43.27, 20, 110)),
)
MPNET = Card(
    base_model="sentence-transformers/all-mpnet-base-v2",
    loss_function="TripletLoss",
    rows=3552,
    batch_size=16,
    epochs=3,
    steps=666,
    logged_epoch=2.2523,
    logged_step=500,
    loss=4.3522,
    dimensions=768,
    max_seq_length=384,
    columns=(Column(258.82, 4, 384), Column(4.63, 3, 11), Column(5.46, 3, 14)),
)
