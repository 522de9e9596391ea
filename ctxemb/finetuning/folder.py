"""A tuned classifier on disk: the folder of its network, with the head and a card beside it.

The network's files are those of any model, so that the folder is one. Where `transformers` knows the head,
``config.json`` and ``model.safetensors`` hold it, too.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError, MissingFileError
from ctxemb.finetuning.card import card_of
from ctxemb.finetuning.catalogue import recipe_for
from ctxemb.finetuning.exported import as_json, exported_head, load_published, set_template
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.layouts import Together
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.tuned import About, Tuned
from ctxemb.models.checkpoints import CONFIG, format_for, load_network
from ctxemb.models.elmo import Elmo
from ctxemb.models.formats.folder import FolderFormat
from ctxemb.models.formats.tokenizer_settings import TOKENIZER

HEAD, ABOUT, LOG, CARD = "tuned.safetensors", "tuned.json", "tuned-log.jsonl", "README.md"
_NETWORK = "network."


def save_tuned(tuned: Tuned, folder: Path) -> None:
    """Write a tuned classifier in float32, each file whole or not at all; `ABOUT` comes last."""
    classifier, shape = tuned.classifier, tuned.shape
    network = classifier.network
    form = format_for(network)
    if isinstance(form, FolderFormat):
        form.write(network, folder, torch.float32, exported_head(classifier, shape.kind))
    else:
        form.write(network, folder, torch.float32)
    if not isinstance(network, Elmo) and isinstance(classifier.layout, Together):
        templated = set_template(network.tokenizer.tokenizer, classifier.layout)
        write_text(folder / TOKENIZER, templated.to_str(pretty=False))
    state = {n: w.contiguous() for n, w in classifier.state_dict().items() if not n.startswith(_NETWORK)}
    content = save(state, metadata={"format": "pt"})
    write_whole(folder / HEAD, lambda path: path.write_bytes(content))
    write_text(folder / LOG, "".join(json.dumps(entry) + "\n" for entry in tuned.log))
    assert tuned.about is not None
    write_text(folder / CARD, card_of(tuned.about, shape, list(tuned.log)))
    values = {
        "about": dataclasses.asdict(tuned.about),
        "kind": shape.kind,
        "symmetric": shape.symmetric,
        "classes": shape.labels.classes,
        "fallback": shape.labels.fallback,
    }
    write_text(folder / ABOUT, as_json(values))


def load_tuned(folder: Path) -> Tuned:
    """Read a tuned classifier: a folder of `save_tuned`, or of `transformers` with a head.

    Raises
    ------
    MissingFileError
        If a file is not there.
    FormatError
        If a file is not what it should be; the message names it.
    """
    if not (folder / CONFIG).is_file():
        seeds = sorted(path.parent.name for path in folder.glob(f"*/{ABOUT}"))
        hint = f"; name one of the runs in it: {', '.join(seeds)}" if seeds else ""
        raise MissingFileError(f"no tuned model in {folder}: {CONFIG} is missing{hint}")
    network = load_network(folder)
    if not (folder / ABOUT).is_file():
        return Tuned(*load_published(folder, network))
    values = _values(folder / ABOUT)
    try:
        about = _about(values["about"])
        labels = Labels([tuple(named) for named in values["classes"]], values["fallback"])
        shape = Shape(values["kind"], bool(values["symmetric"]), labels)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{folder / ABOUT}: not a tuned classifier: {error!r}") from error
    classifier = recipe_for(about.recipe)[0].build(network, shape, about.plan)
    _fill(classifier, folder / HEAD)
    log = tuple(map(json.loads, (folder / LOG).read_text(encoding="utf-8").splitlines()))
    return Tuned(classifier.eval().requires_grad_(False), shape, about, log)


def _about(values: dict[str, Any]) -> About:
    plan, diverged = Plan().changed(values["plan"]), tuple(values["diverged"])
    return About(**{**values, "plan": plan, "diverged": diverged})


def _fill(classifier: torch.nn.Module, path: Path) -> None:
    """Put the weights of the head into a classifier."""
    if not path.is_file():
        raise MissingFileError(f"no head at {path}")
    try:
        odd = classifier.load_state_dict(load_file(path), strict=False)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise FormatError(f"{path}: not the head of this classifier: {error}") from error
    missing = [name for name in odd.missing_keys if not name.startswith(_NETWORK)]
    if names := [*missing, *odd.unexpected_keys]:
        raise FormatError(f"{path}: missing or unknown tensors: {', '.join(names)}")


def _values(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FormatError(f"{path}: expected an object, found {values!r:.40}")
    return values
