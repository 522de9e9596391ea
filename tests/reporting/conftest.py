"""A results folder with odd names in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxemb.results import Difference, Result
from ctxemb.results.json_lines import write_records

NASTY = "<script>alert('x')</script> & 50%_|"


def result(model: str, layer: int | str, task: str, probe: str, value: float, split: str = "test") -> Result:
    return Result(model, layer, task, split, probe, "accuracy", value, value - 0.04, value + 0.04, 200, 0)


def difference(task: str, a: str, b: str, value: float, p: float) -> Difference:
    return Difference(
        task=task, metric="accuracy", a=a, layer_a=1, b=b, layer_b=2, difference=value, low=value - 0.03,
        high=value + 0.03, p=p / 3, p_holm=p, effect=value, n=200,
    )  # fmt: skip


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return results of three models on two tasks, as a comparison writes them."""
    folder = tmp_path_factory.mktemp("results")
    depths = {"elmo": 3, "gpt": 7, NASTY: 7}
    results: list[Result] = []
    for task in ("senses", "events"):
        results.append(result("majority", "-", task, "majority", 0.4))
        results.append(result("bag-of-words", "-", task, "bag-of-words", 0.5))
        for number, (model, depth) in enumerate(depths.items()):
            for layer in range(depth):
                # dev prefers the last layer but one, the test the last
                results.append(
                    result(model, layer, task, "logistic", 0.5 - abs(layer - depth + 2) / 99, "dev")
                )
                value = 0.45 + 0.05 * number + 0.2 * layer / depth
                results += [result(model, layer, task, p, value) for p in ("logistic", "1-nn", "centroid")]
                results.append(result(f"{model}@random", layer, task, "logistic", 0.45))
            results.append(result(model, "mix", task, "logistic", 0.6))
            results.append(result(model, "concat", task, "logistic", 0.61))
            results.append(result(f"{model}@static", 0, task, "logistic", 0.41))
    for number, part in enumerate(("spring", NASTY)):
        for model, depth in depths.items():
            score = 0.4 + 0.2 * number + depth / 99
            results.append(result(model, depth - 2, "senses", "logistic", score, f"test:{part}"))
        results.append(result("majority", "-", "senses", "majority", 0.3 + 0.1 * number, f"test:{part}"))
    write_records(results, folder / "results.jsonl")
    mixes = [
        {"model": m, "task": t, "seed": seed, "weights": [1 / d] * d, "gamma": 1.0, "loss": 2.0 - seed}
        for t in ("senses", "events")
        for m, d in depths.items()
        for seed in (0, 1)
    ]
    points = [
        {
            "task": "senses", "word": "spring", "model": model, "layer": depth - 1, "sense": sense,
            "x": i / 7 - 1, "y": (i * 3 % 10) / 10, "text": f"The *spring* {NASTY} {i}",
        }
        for model, depth in depths.items()
        for sense in ("season", "coil", NASTY)
        for i in range(8)
    ]  # fmt: skip
    trainings = [
        {"model": model, "words": 1000 * step, "bits_per_character": 3 - step / 10 + number / 5}
        for number, model in enumerate(depths)
        for step in range(1, 6)
    ]
    differences = [
        difference("senses", "elmo", "gpt", -0.06, 0.0004),
        difference("senses", "elmo", NASTY, -0.01, 0.4),
        difference("senses", "gpt", "gpt@random", 0.02, 0.2),
        difference("senses", "elmo", "bag-of-words", -0.2, 0.01),
    ]
    confusions = [
        {
            "task": "senses", "model": "elmo", "layer": 1, "probe": "logistic", "group": "spring",
            "gold": "coil", "predicted": predicted, "count": count,
        }
        for predicted, count in (("coil", 9), ("season", 4))
    ]  # fmt: skip
    write_records(differences, folder / "differences.jsonl")
    tables = {"mixes": mixes, "maps": points, "trainings": trainings, "confusions": confusions}
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    manifest = {
        "name": "toy",
        "title": f"A comparison of {NASTY}",
        "spec": {"models": list(depths), "seed": 0},
        "versions": {"python": "3.11", "torch": "2.13.0"},
        "models": {
            m: {
                "fingerprint": "ab" * 32, "origin": NASTY, "family": "gpt", "n_layers": d, "width": 8,
                "n_parameters": 1234,
            }
            for m, d in depths.items()
        },
        "tasks": {
            "senses": {
                "fingerprint": "cd" * 32, "description": f"Senses {NASTY}", "licence": "CC0-1.0",
                "source": NASTY, "kind": "word-sense", "n_train": 10, "n_test": 200, "n_labels": 3,
                "metrics": ["accuracy"],
            }
        },
        "seconds": 1.5,
        "command": f"ctxemb compare {NASTY}",
        "created": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
