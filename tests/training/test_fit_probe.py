"""What `course_lib.training.fit_probe` promises."""

from pathlib import Path

import torch

from course_lib.training import fit_probe


def test_fit_uses_its_own_defaults_and_the_card_prints_others(minilm, pairs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {name: weight.clone() for name, weight in minilm.model.named_parameters()}
    used, told = fit_probe.two_steps(minilm.model, pairs.select(range(4)))
    assert round(used["lr"], 12) == 2 / 10_000 * 2e-5 and used["weight_decay"] == 0.01
    assert (told["learning_rate"], told["weight_decay"], told["warmup_steps"]) == (5e-5, 0.0, 0)
    assert told["multi_dataset_batch_sampler"] == "round_robin"
    assert all(torch.equal(before[name], weight) for name, weight in minilm.model.named_parameters())
    assert not list(Path.cwd().iterdir())
