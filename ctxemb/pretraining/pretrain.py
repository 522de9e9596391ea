"""`ctxemb pretrain`: from text files to a model folder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import torch

from ctxemb.atomic import write_text
from ctxemb.errors import InputError
from ctxemb.models.bert import Bert, BertConfig
from ctxemb.models.computation import check_device
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats.tokenizers import TOKENIZER
from ctxemb.models.gpt import Gpt, GptConfig
from ctxemb.models.pieces import PieceTokenizer
from ctxemb.pretraining.bilm import BiLMObjective, count_words
from ctxemb.pretraining.card import write_card
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.corpus import Corpus
from ctxemb.pretraining.loop import TrainingPlan, train
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import Objective
from ctxemb.pretraining.perplexity import perplexity
from ctxemb.pretraining.team import join_team
from ctxemb.pretraining.trained import WORDS, load_objective, read_counts, write_counts
from ctxemb.pretraining.vocabulary import START, train_byte_bpe, train_wordpiece

Family = Literal["elmo", "gpt", "bert"]

PLAN = "training.json"
_CARD_WORDS = 10_000
"""Words of held-out text that a finished model is measured on."""


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
    """

    width: int = 256
    n_blocks: int = 6
    n_heads: int = 4
    cell_width: int = 1024
    n_vocabulary: int = 8192
    n_positions: int = 128
    n_words: int = 30_000


def pretrain(
    family: Family,
    corpus: Sequence[Path],
    folder: Path,
    plan: TrainingPlan,
    *,
    sizes: Sizes | None = None,
    valid: Path | None = None,
    max_minutes: float | None = None,
    device: str = "cpu",
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
        Text files: one paragraph a line, an empty line after each document; .gz, .xz or .zst as well.
    folder
        Where the model goes. While training, it also holds the checkpoint.
    plan, sizes
        How to train, and what.
    valid
        Held-out text in the same format.
    max_minutes
        Pause after so much time.
    device
        ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``.
    progress
        Called after each step with the words seen so far and the losses.

    Returns
    -------
    bool
        Whether the training is complete; if not, the same call continues it.

    Raises
    ------
    InputError
        If the folder holds a training with other settings, the corpus has no text, or there is no such
        device.
    """
    check_device(device)
    sizes = sizes or Sizes()
    text = Corpus(tuple(corpus))
    held_out = None if valid is None else Corpus((valid,))
    for given in filter(None, (text, held_out)):
        given.check()
    team = join_team(device)
    if team.first:  # the others find what it writes
        _same_settings(folder, family, plan, sizes, text)
        objective = _objective(family, text, folder, sizes, plan.seed)
    team.wait()
    if not team.first:
        objective = _objective(family, text, folder, sizes, plan.seed)
    done = train(
        objective,
        text,
        folder,
        plan,
        valid=held_out,
        max_minutes=max_minutes,
        team=team,
        progress=progress,
    )
    if done and team.first:
        measured = []
        if held_out is not None:
            measured = perplexity(load_objective(folder), held_out, max_words=_CARD_WORDS)
        write_card(objective.network, corpus, plan, folder, measured)
    team.leave()
    return done


def _same_settings(folder: Path, family: Family, plan: TrainingPlan, sizes: Sizes, corpus: Corpus) -> None:
    settings = {
        "family": family,
        "corpus": [path.name for path in corpus.paths],
        "plan": dataclasses.asdict(plan),
        "sizes": dataclasses.asdict(sizes),
    }
    wanted = json.loads(json.dumps(settings))
    path = folder / PLAN
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != wanted:
            odd = [
                f"{key}: {found.get(key)} there, {wanted[key]} now"
                for key in wanted
                if found.get(key) != wanted[key]
            ]
            raise InputError(
                f"{folder} holds a training with other settings ({'; '.join(odd)}); name another folder"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no training; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(wanted, indent=2) + "\n")


def _objective(family: Family, corpus: Corpus, folder: Path, sizes: Sizes, seed: int) -> Objective:
    if family == "elmo":
        if not (folder / WORDS).is_file():
            write_counts(count_words(corpus), folder / WORDS)
        counts = read_counts(folder / WORDS)
        torch.manual_seed(seed)
        return BiLMObjective(Elmo(_elmo_config(sizes)), counts, size=sizes.n_words)
    if family == "gpt":
        tokenizer = _kept_tokenizer(
            folder / TOKENIZER, START, lambda: train_byte_bpe(corpus, sizes.n_vocabulary)
        )
        torch.manual_seed(seed)
        return CausalObjective(Gpt(_gpt_config(sizes, len(tokenizer)), tokenizer))
    tokenizer = _kept_tokenizer(
        folder / TOKENIZER, "[UNK]", lambda: train_wordpiece(corpus, sizes.n_vocabulary)
    )
    torch.manual_seed(seed)
    return MaskedObjective(Bert(_bert_config(sizes, len(tokenizer)), tokenizer))


def _elmo_config(sizes: Sizes) -> ElmoConfig:
    return ElmoConfig(
        filters=((1, 32), (2, 32), (3, 64), (4, 128), (5, 256)),
        n_highway=1,
        width=sizes.width // 2,
        cell_width=sizes.cell_width,
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
