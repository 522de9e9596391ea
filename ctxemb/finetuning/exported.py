"""Heads in the form of `transformers`, written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, processors
from torch import Tensor

from ctxemb.errors import FormatError
from ctxemb.finetuning.classifier import Classifier
from ctxemb.finetuning.heads import LinearHead
from ctxemb.finetuning.labels import Labels
from ctxemb.finetuning.layouts import Together
from ctxemb.finetuning.plan import Plan
from ctxemb.finetuning.recipe import Shape
from ctxemb.finetuning.summary import summary_classifier
from ctxemb.finetuning.views import SummaryView
from ctxemb.models.checkpoints import Network, format_for
from ctxemb.models.formats.config_values import read_config_values
from ctxemb.models.formats.folder import Classifiers, FolderFormat, SavedHead
from ctxemb.models.formats.weights import read_tensors
from ctxemb.models.gpt import Gpt
from ctxemb.tasks.base import Kind

SEQUENCE, TOKEN = "ForSequenceClassification", "ForTokenClassification"


def _classifiers(network: Network) -> Classifiers | None:
    """Return how the network's architecture stores classifiers; None where `transformers` has none."""
    form = format_for(network)
    return form.classifiers if isinstance(form, FolderFormat) else None


def exported_head(classifier: Classifier, kind: Kind) -> SavedHead | None:
    """Return a head as `transformers` stores it; None where it knows none of this form.

    It knows one linear layer on the vector that sums a text or a pair of texts up, or on each piece.
    """
    network, head = classifier.network, classifier.heads[0]
    known = _classifiers(network)
    names = None if known is None else _names(classifier, kind, known)
    if known is None or names is None or not isinstance(head, LinearHead):
        return None
    labels = classifier.labels.names
    values: dict[str, Any] = {
        "architectures": [known.stem + (TOKEN if kind == "token-label" else SEQUENCE)],
        "id2label": {str(code): label for code, label in enumerate(labels)},
        "label2id": {label: code for code, label in enumerate(labels)},
        "problem_type": "single_label_classification",
    }
    if isinstance(network, Gpt):  # what pads must not be the piece that ends a text
        values["pad_token_id"] = network.tokenizer.id(network.config.unknown)
    state = head.state_dict()
    return SavedHead(values, {theirs: state[ours].detach() for ours, theirs in names.items()})


def _names(classifier: Classifier, kind: Kind, known: Classifiers) -> Mapping[str, str] | None:
    if len(classifier.labels.groups) > 1:
        return None
    if kind == "token-label" and not isinstance(classifier.view, SummaryView):
        return known.token
    layout = classifier.layout
    twice = isinstance(layout, Together) and layout.both_orders
    whole = kind in ("sentence-label", "sentence-pair") and isinstance(classifier.view, SummaryView)
    return known.sequence if whole and not twice else None


def set_template(tokenizer: Tokenizer, layout: Together) -> Tokenizer:
    """Return a copy of a tokenizer that puts the layout's special pieces around texts itself."""
    copied = Tokenizer.from_str(tokenizer.to_str())
    template = layout.template
    named = {
        number: copied.id_to_token(number) for number in (*template.start, *template.between, *template.end)
    }

    def shown(numbers: tuple[int, ...], segment: int) -> list[str]:
        return [f"{named[number]}:{segment * template.segments}" for number in numbers]

    single = [*shown(template.start, 0), "$A:0", *shown(template.end, 0)]
    pair = [*shown(template.start, 0), "$A:0", *shown(template.between, 0),
            f"$B:{int(template.segments)}", *shown(template.end, 1)]  # fmt: skip
    special = [(piece, number) for number, piece in named.items()]
    copied.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=special)
    return copied


def load_published(folder: Path, network: Network) -> tuple[Classifier, Shape]:
    """Read the head of a ``…ForSequenceClassification`` or ``…ForTokenClassification`` of `transformers`.

    Parameters
    ----------
    folder
        The checkpoint.
    network
        Its network.

    Raises
    ------
    FormatError
        If the folder has no such head, or one that is not supported; the message names the file.
    """
    values = read_config_values(folder)
    named = values.values.get("architectures")
    named = named[0] if isinstance(named, list) and named and isinstance(named[0], str) else ""
    known = _classifiers(network)
    if known is None or not named.endswith((SEQUENCE, TOKEN)):
        raise FormatError(
            f"{values.path}: expected a folder of `ctxemb finetune`, or an architecture …{SEQUENCE} or "
            f"…{TOKEN}, found {named or 'none'!r}"
        )
    kind: Kind = "token-label" if named.endswith(TOKEN) else "sentence-label"
    names = known.token if kind == "token-label" else known.sequence
    if names is None or values.values.get("problem_type") not in (None, "single_label_classification"):
        raise FormatError(f"{values.path}: heads of {named} for this problem are not supported")
    tensors = read_tensors(folder)
    if lacking := sorted(set(names.values()) - set(tensors.names)):
        raise FormatError(f"{tensors.path}: tensor {lacking[0]} is missing")
    state: dict[str, Tensor] = {ours: tensors.kept(theirs).float() for ours, theirs in names.items()}
    labels = Labels([("", label) for label in _labels(values.values, len(state["linear.weight"]))])
    shape = Shape(kind, symmetric=False, labels=labels)
    classifier = _without_new_pieces(network, shape)
    try:
        classifier.heads[0].load_state_dict(state)
    except RuntimeError as error:
        raise FormatError(f"{tensors.path}: not a head of this network: {error}") from error
    return classifier.eval(), shape


def _without_new_pieces(network: Network, shape: Shape) -> Classifier:
    """Return the classifier of a published head, which reads GPT's texts as they are."""
    if not isinstance(network, Gpt) or shape.kind == "token-label":
        return summary_classifier(network, shape, Plan())
    head = LinearHead(network.width, len(shape.labels), Plan().dropout, bias=False)
    return Classifier(network, Together(network), SummaryView(network), [head], shape.labels)


def _labels(values: Mapping[str, object], n_classes: int) -> list[str]:
    """Return the names of the classes in order of their numbers."""
    if n_classes < 2:
        raise FormatError("a head of a single number is a regression, which is not supported")
    named = values.get("id2label")
    if isinstance(named, dict) and sorted(named, key=str) == sorted(map(str, range(n_classes))):
        return [str(named[str(code)]) for code in range(n_classes)]
    return [f"LABEL_{code}" for code in range(n_classes)]


def as_json(values: object) -> str:
    """Return values as the text of a file of JSON."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
