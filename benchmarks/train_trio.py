"""Train ELMo, GPT and BERT on the same text for the same number of words, on whatever device there is.

    python benchmarks/train_trio.py --corpus FILE... --valid FILE... -o FOLDER [--device cuda] [--minutes M]

The same command again continues where it stopped. The text is split into words once, for all three. With
`--together` the three are trained at the same time, each in a process of its own: on a GPU, what one leaves
idle another one uses. With `--trials SETTINGS.json` every setting is tried for `--trial-words` first, and the
training takes, for each family, the one with the fewest bits per character on the held-out texts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ctxemb.analysis.same_sense import same_label_share
from ctxemb.models.base import last
from ctxemb.models.training_log import held_out, read_log
from ctxemb.pretraining.card import Terms
from ctxemb.pretraining.objective import Objective
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import prepare
from ctxemb.pretraining.pretrain import pretrain
from ctxemb.pretraining.sizes import Sizes
from ctxemb.text.sentence import Sentence

FAMILIES = ("elmo", "gpt", "bert")
SENSES = Path(__file__).parent.parent / "data" / "senses" / "senses.tsv"

TERMS = Terms(
    licence="cc-by-sa-4.0",
    text="It has read English prose of the 19th and early 20th century and encyclopaedic, textbook and "
    "government text of 1945 to 2026; what these do not hold is unknown to it, their prejudices are in it.",
    notice="The weights are under CC BY-SA 4.0. Trained in part on text from English Wikipedia and Simple "
    "English Wikipedia by their contributors, CC BY-SA 4.0 (dumps of 2019 to 2022; cleaned, parts left out); "
    "on textbooks by OpenStax, Rice University, CC BY 4.0 (access for free at openstax.org; cleaned, parts "
    "left out); and on the Open Source Guides by GitHub and contributors, CC BY 4.0 (cleaned, parts left "
    "out). The books are in the public domain in the United States.",
)
"""Of models trained on the project's corpus."""

SETTINGS: dict[str, dict[str, Any]] = {
    "elmo": {"learning_rate": 2e-3, "optimizer": "muon", "batch_words": 32768},
    "gpt": {"learning_rate": 2e-3, "optimizer": "muon"},
    "bert": {"learning_rate": 2e-3, "optimizer": "muon"},
}
"""What differs from the common plan."""


def sense_measure(device: str) -> Callable[[Objective], dict[str, float]]:
    """Return a function that tells how often the nearest other occurrence of a word has the same sense."""
    rows = [line.split("\t") for line in SENSES.read_text(encoding="utf-8").splitlines()[1:]]
    words, senses = [row[0] for row in rows], [row[2] for row in rows]
    sentences = [Sentence(tuple(row[5].split(" "))) for row in rows]
    places = np.array([int(row[4]) for row in rows])
    targets = torch.from_numpy(np.cumsum([0, *map(len, sentences[:-1])]) + places)

    @torch.no_grad()
    def measure(objective: Objective) -> dict[str, float]:
        objective.module.eval()
        encoding = objective.network.encode(sentences)
        parts, owners = [], []
        for first in range(0, len(encoding.windows) - 1, 256):
            part = encoding.part(first, min(first + 256, len(encoding.windows) - 1))
            parts.append(last(objective.network.each(part.to(torch.device(device)))).float().cpu())
            owners.append(part.words)
        vectors, owner = torch.cat(parts), torch.cat(owners)
        row_of = torch.full((encoding.n_words + 1,), -1)
        row_of[targets] = torch.arange(len(targets))
        row = row_of[owner]  # no word is -1, the last
        kept = row >= 0
        total = torch.zeros(len(targets), vectors.shape[1]).index_add_(0, row[kept], vectors[kept])
        return {"same_sense": same_label_share(total.numpy(), words, senses)[0]}  # a cosine needs no mean

    return measure


def plan_of(arguments: argparse.Namespace, words: int, settings: dict[str, Any]) -> TrainingPlan:
    common = {
        "max_words": words,
        "batch_words": arguments.batch_words,
        "warmup": arguments.warmup,
        "ramp": arguments.ramp,
        "seed": arguments.seed,
        "dtype": arguments.dtype,
        "valid_every": max(1, words // arguments.looks),
    }
    return TrainingPlan(**{**common, **{k: v for k, v in settings.items() if k != "state_clip"}})


def sizes_of(arguments: argparse.Namespace, settings: dict[str, Any]) -> Sizes:
    return Sizes(n_samples=arguments.samples, state_clip=settings.get("state_clip", arguments.state_clip))


def run(
    arguments: argparse.Namespace, family: str, folder: Path, words: int, settings: dict[str, Any]
) -> bool:
    """Train one family; return whether it is complete."""
    torch.backends.cuda.matmul.allow_tf32 = True
    if arguments.vocabularies and family != "elmo" and not (folder / "tokenizer.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = arguments.vocabularies / family / "tokenizer.json"
        plan = plan_of(arguments, words, settings)
        start_folder(folder, family, plan, sizes_of(arguments, settings), arguments.corpus, tokenizer)
    started = time.monotonic()

    def show(seen: int, losses: dict[str, float]) -> None:
        if time.monotonic() - show.last > arguments.report_seconds:  # type: ignore[attr-defined]
            show.last = time.monotonic()  # type: ignore[attr-defined]
            rate = seen / (show.last - started)  # type: ignore[attr-defined]
            print(
                f"{folder.name}: {seen / 1e6:.1f} M words, {rate:,.0f}/s, loss {losses['loss']:.3f}",
                flush=True,
            )

    show.last = started  # type: ignore[attr-defined]
    return pretrain(
        family,  # type: ignore[arg-type]
        arguments.corpus,
        folder,
        plan_of(arguments, words, settings),
        sizes=sizes_of(arguments, settings),
        valid=arguments.valid,
        prepared=arguments.output / "corpus",
        max_minutes=arguments.minutes,
        device=arguments.device,
        workers=arguments.workers,
        measure=sense_measure(arguments.device),
        card_words=0 if arguments.trial_words else 10_000,
        terms=TERMS,
        progress=show,
    )


def start_folder(
    folder: Path, family: str, plan: TrainingPlan, sizes: Sizes, corpus: list[Path], tokenizer: Path
) -> None:
    """Begin a training with a vocabulary that was made beforehand."""
    import dataclasses

    settings = {
        "family": family,
        "corpus": [path.name for path in corpus],
        "plan": dataclasses.asdict(plan),
        "sizes": dataclasses.asdict(sizes),
    }
    (folder / "training.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())


def at_once(jobs: list[list[str]]) -> None:
    """Run this script several times at once, with further arguments each."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen([sys.executable, __file__, *sys.argv[1:], *job], env=environment) for job in jobs
    ]
    if failed := [" ".join(process.args[-1:]) for process in running if process.wait()]:  # type: ignore[index]
        print(f"failed: {', '.join(failed)}", flush=True)


def best_trial(folder: Path, trials: list[dict[str, Any]], family: str) -> dict[str, Any]:
    """Return the settings of a family with the fewest bits per character."""
    scored = []
    for number, trial in enumerate(trials):
        if trial["family"] == family:
            looks = held_out(read_log(folder / f"{number}-{family}"))
            if looks:
                scored.append((looks[-1]["valid_bits_per_character"], number))
    if not scored:
        print(f"{family}: no trial ended; {SETTINGS[family]}", flush=True)
        return SETTINGS[family]
    bits, number = min(scored)
    settings = {key: value for key, value in trials[number].items() if key != "family"}
    print(f"{family}: {settings}, {bits:.4f} bits per character", flush=True)
    return settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--corpus", nargs="+", type=Path, required=True)
    parser.add_argument("--valid", nargs="+", type=Path, default=[])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--vocabularies", type=Path, help="Folder with gpt/ and bert/tokenizer.json.")
    parser.add_argument("--words", type=float, default=40e6)
    parser.add_argument("--batch-words", type=int, default=2048)
    parser.add_argument("--warmup", type=float, default=0.02)
    parser.add_argument("--ramp", type=float, default=0.1)
    parser.add_argument("--samples", type=int, default=2048)
    parser.add_argument("--state-clip", type=float, help="Of ELMo; none unless given.")
    parser.add_argument("--looks", type=int, default=20, help="Looks at held-out text.")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--report-seconds", type=float, default=20)
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--trials", type=Path, help='JSON: [{"family": "bert", "learning_rate": 0.002}, …].')
    parser.add_argument("--trial-words", type=float, default=0, help="Try all settings so long, and stop.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    trials = json.loads(arguments.trials.read_text(encoding="utf-8")) if arguments.trials else []
    tried = arguments.output / "trials"
    if arguments.one:
        kind, _, name = arguments.one.partition(":")
        if kind == "trial":
            trial = trials[int(name)]
            settings = {key: value for key, value in trial.items() if key != "family"}
            run(
                arguments,
                trial["family"],
                tried / f"{name}-{trial['family']}",
                int(arguments.trial_words),
                settings,
            )
        else:
            settings = best_trial(tried, trials, name) if trials else SETTINGS[name]
            done = run(arguments, name, arguments.output / name, int(arguments.words), settings)
            print(f"{name}: {'complete' if done else 'paused'}", flush=True)
        return
    arguments.output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    text = prepare(arguments.corpus, arguments.output / "corpus", n_processes=os.cpu_count() or 1)
    print(
        f"{text.n_words:,} words, {len(text.types):,} different, {time.monotonic() - started:.0f} s",
        flush=True,
    )
    if arguments.trial_words:
        at_once([["--one", f"trial:{number}"] for number in range(len(trials))])
        for family in arguments.families:
            best_trial(tried, trials, family)
    elif arguments.together:
        at_once([["--one", f"train:{family}"] for family in arguments.families])
    else:
        for family in arguments.families:
            at_once([["--one", f"train:{family}"]])


if __name__ == "__main__":
    main()
