"""`ctxemb pretrain`: from text files to a model folder."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ctxemb.atomic import write_text
from ctxemb.errors import InputError
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.computation import Computation, check_device
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats.tokenizer_settings import TOKENIZER
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.models.training_log import LOG
from ctxemb.pretraining.bilm import BiLMObjective
from ctxemb.pretraining.card import write_card
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.loop import STATE, train, words_seen
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import Objective
from ctxemb.pretraining.perplexity import perplexity
from ctxemb.pretraining.plan import TrainingPlan
from ctxemb.pretraining.prepared import Prepared, prepare
from ctxemb.pretraining.team import join_team
from ctxemb.pretraining.trained import WORDS, load_objective, write_counts
from ctxemb.pretraining.vocabulary import START, train_byte_bpe, train_wordpiece

Family = Literal["elmo", "gpt", "bert"]

PLAN = "training.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes that the three families share; the defaults are those of the models that ship with ctxemb.

    An ELMo of 2 LSTM layers with 1024 cells and 128-wide states in each direction has as many weights between
    its first layer and its last (4.7 million) as 6 Transformer blocks of width 256.

    Parameters
    ----------
    width
        Of a layer's vector; each of ELMo's directions has half.
    n_blocks, n_heads
        Of the Transformers.
    cell_width
        Of ELMo's LSTMs.
    n_vocabulary
        Pieces of the Transformers.
    n_positions
        Pieces in a window of the Transformers.
    n_words
        Words in the softmax of ELMo's language model, at most.
    n_samples
        Words that a step of this softmax is scored against.
    state_clip
        Largest magnitude of ELMo's cells and states, as in the published model; None for no bound, so that a
        GPU can use cuDNN's LSTM.
    """

    width: int = 256
    n_blocks: int = 6
    n_heads: int = 4
    cell_width: int = 1024
    n_vocabulary: int = 8192
    n_positions: int = 128
    n_words: int = 30_000
    n_samples: int = 2048
    state_clip: float | None = 3.0


def pretrain(
    family: Family,
    corpus: Sequence[Path],
    folder: Path,
    plan: TrainingPlan,
    *,
    sizes: Sizes | None = None,
    valid: Sequence[Path] = (),
    prepared: Path | None = None,
    finish: Path | None = None,
    max_minutes: float | None = None,
    device: str = "cpu",
    workers: int = 0,
    measure: Callable[[Objective], dict[str, float]] = lambda objective: {},
    card_words: int = 10_000,
    progress: Callable[[int, dict[str, float]], None] = lambda words, losses: None,
) -> bool:
    """Train a model of `family` on text, with a vocabulary from the same text, into `folder`.

    The same call again continues where the last one stopped. Several processes that are started together, by
    `accelerate launch` or `torchrun`, share every step's batch and train one model.

    Parameters
    ----------
    family
        Which objective and architecture.
    corpus
        Text files: one paragraph a line, an empty line after each document; .gz, .xz or .zst as well. Several
        are read in turn, document by document, in proportion to their size.
    folder
        Where the model goes. While training, it also holds the checkpoint.
    plan, sizes
        How to train, and what.
    valid
        Held-out texts in the same format.
    prepared
        Where the text is kept split into words; trainings can share it. ``folder/corpus`` unless given.
    finish
        Leave the training in `folder` as it is, and finish a copy of it in this folder: from its checkpoint
        on, the learning rate falls to zero.
    max_minutes
        Pause after so much time.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``.
    workers
        Processes that make batches ahead, for devices that would wait for one thread.
    measure
        What else to log with the held-out losses.
    card_words
        Words of held-out text that a finished model's card has bits per character for.
    progress
        Called after each step with the words seen so far and the losses.

    Returns
    -------
    bool
        Whether the training is complete; if not, the same call continues it.

    Raises
    ------
    InputError
        If the folder holds a training with other settings, the corpus has no text, there is no such device,
        or the training cannot be finished yet.
    """
    check_device(device)
    sizes = sizes or Sizes()
    held_out = [Corpus((path,)) for path in valid]
    for given in (Corpus(tuple(corpus)), *held_out):
        given.check()
    team = join_team(device)
    kept = prepared or folder / "corpus"
    if team.first:  # the others find what it writes
        text = _begin(folder, family, plan, sizes, corpus, kept)
        if finish is not None:
            plan = _copy(folder, finish, plan, family, sizes)
        objective = _objective(family, text, finish or folder, sizes, plan.seed)
    team.wait()
    if not team.first:
        text = Prepared(kept)
        if finish is not None:
            plan = TrainingPlan(**_settings_of(finish)["plan"])
        objective = _objective(family, text, finish or folder, sizes, plan.seed)
    folder = finish or folder
    done = train(
        objective,
        text,
        folder,
        plan,
        valid=held_out,
        max_minutes=max_minutes,
        team=team,
        workers=workers,
        measure=measure,
        progress=progress,
    )
    if done and team.first:
        measured = {
            path.name.split(".")[0]: perplexity(
                load_objective(folder), held, max_words=card_words, computation=Computation(device)
            )
            for path, held in zip(valid, held_out, strict=True)
            if card_words
        }
        write_card(objective.network, text.names, plan, folder, measured)
    team.leave()
    return done


def _begin(
    folder: Path, family: Family, plan: TrainingPlan, sizes: Sizes, corpus: Sequence[Path], kept: Path
) -> Prepared:
    """Note the settings of a new training, or compare them with those of an old one; prepare its text."""
    settings = {
        "family": family,
        "corpus": [path.name for path in corpus],
        "plan": dataclasses.asdict(plan),
        "sizes": dataclasses.asdict(sizes),
    }
    wanted = json.loads(json.dumps(settings))
    if (folder / PLAN).is_file():
        there = _settings_of(folder)
        if there != wanted:
            odd = [
                f"{key}: {there.get(key)} there, {wanted[key]} now"
                for key in wanted
                if there.get(key) != wanted[key]
            ]
            raise InputError(
                f"{folder} holds a training with other settings ({'; '.join(odd)}); name another folder"
            )
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no training; name another folder")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / PLAN, json.dumps(wanted, indent=2) + "\n")
    return prepare(corpus, kept)


def _settings_of(folder: Path) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    return settings


def _copy(folder: Path, target: Path, plan: TrainingPlan, family: Family, sizes: Sizes) -> TrainingPlan:
    """Copy a training to `target` to be finished there, unless that has begun; return its plan."""
    if (target / PLAN).is_file():
        there = _settings_of(target)
        if there["family"] != family or there["sizes"] != json.loads(json.dumps(dataclasses.asdict(sizes))):
            raise InputError(f"{target} finishes another training; name another folder")
        return TrainingPlan(**{**there["plan"], "betas": tuple(there["plan"]["betas"])})
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty and holds no training; name another folder")
    finishing = plan.finished_from(words_seen(folder))
    target.mkdir(parents=True, exist_ok=True)
    for name in (TOKENIZER, WORDS, STATE, LOG):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
    settings = {**_settings_of(folder), "plan": dataclasses.asdict(finishing)}
    write_text(target / PLAN, json.dumps(settings, indent=2) + "\n")
    return finishing


def _objective(family: Family, corpus: Prepared, folder: Path, sizes: Sizes, seed: int) -> Objective:
    if family == "elmo":
        if not (folder / WORDS).is_file():
            write_counts(corpus.counts, folder / WORDS)
        torch.manual_seed(seed)
        network = Elmo(_elmo_config(sizes))
        return BiLMObjective(network, corpus.counts, size=sizes.n_words, n_samples=sizes.n_samples)
    if family == "gpt":
        tokenizer = _kept_tokenizer(
            folder / TOKENIZER, START, lambda: train_byte_bpe(corpus.sentences(), sizes.n_vocabulary)
        )
        torch.manual_seed(seed)
        return CausalObjective(Gpt(_gpt_config(sizes, len(tokenizer)), tokenizer))
    tokenizer = _kept_tokenizer(
        folder / TOKENIZER,
        "[UNK]",
        lambda: train_wordpiece(corpus.sentences(), corpus.types, sizes.n_vocabulary),
    )
    torch.manual_seed(seed)
    return MaskedObjective(Bert(_bert_config(sizes, len(tokenizer)), tokenizer))


def _elmo_config(sizes: Sizes) -> ElmoConfig:
    return ElmoConfig(
        filters=((1, 32), (2, 32), (3, 64), (4, 128), (5, 256)),
        n_highway=1,
        width=sizes.width // 2,
        cell_width=sizes.cell_width,
        cell_clip=sizes.state_clip,
        state_clip=sizes.state_clip,
    )


def _gpt_config(sizes: Sizes, n_vocabulary: int) -> GptConfig:
    return GptConfig(
        n_vocabulary=n_vocabulary,
        n_positions=sizes.n_positions,
        width=sizes.width,
        n_blocks=sizes.n_blocks,
        n_heads=sizes.n_heads,
        norm="pre",
        start=START,
        unknown=START,
        dropout=0.0,
    )


def _bert_config(sizes: Sizes, n_vocabulary: int) -> BertConfig:
    return BertConfig(
        n_vocabulary=n_vocabulary,
        n_positions=sizes.n_positions,
        width=sizes.width,
        n_blocks=sizes.n_blocks,
        n_heads=sizes.n_heads,
        hidden=4 * sizes.width,
        dropout=0.0,
    )


def _kept_tokenizer(path: Path, unknown: str, make: Callable[[], PieceTokenizer]) -> PieceTokenizer:
    if not path.is_file():
        write_text(path, make().tokenizer.to_str(pretty=False))
    return PieceTokenizer.read(path, unknown)
