"""The models that ctxemb knows by name, and how a name becomes a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ctxemb.embedded import embedded_path
from ctxemb.errors import InputError
from ctxemb.models.base import ContextualModel
from ctxemb.models.checkpoints import WEIGHTS, folder_fingerprint, load_network
from ctxemb.models.loaded import LoadedModel, StaticModel
from ctxemb.registry import unknown_name

EMBEDDED = ("elmo", "gpt", "bert")
"""Names reserved for the models that ship with ctxemb."""

STATIC = "static"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A line of the table of models.

    Parameters
    ----------
    name, family
        As in results.
    n_layers, width, n_parameters
        Sizes; None where the model is not present.
    source
        Where the weights come from.
    present
        Whether it can be loaded at once.
    """

    name: str
    family: str
    n_layers: int | None
    width: int | None
    n_parameters: int | None
    source: str
    present: bool


def known_models() -> list[ModelInfo]:
    """Return the models known by name."""
    infos = [_info(name) for name in EMBEDDED]
    for name in EMBEDDED:
        info = infos[EMBEDDED.index(name)]
        static = f"layer 0 of {name}, each word alone"
        infos.append(
            ModelInfo(f"{STATIC}:{name}", STATIC, 1, info.width, info.n_parameters, static, info.present)
        )
    return infos


def _info(name: str) -> ModelInfo:
    folder = embedded_path("models", name)
    source = "ships with ctxemb; trained by ctxemb pretrain"
    if not (folder / WEIGHTS).is_file():
        return ModelInfo(name, name, None, None, None, source, present=False)
    model = load(name)
    return ModelInfo(
        name, model.family, model.n_layers, model.width, model.n_parameters, source, present=True
    )


def load(name: str, random_init: int | None = None) -> ContextualModel:
    """Load a model.

    Parameters
    ----------
    name
        ``"elmo"``, ``"gpt"`` or ``"bert"``, which ship with ctxemb; a folder as ``ctxemb pretrain`` writes
        it; or ``"static:NAME"`` for the context-free baseline of one of these (``"static"``: of bert).
    random_init
        Seed of random weights, for the model's untrained twin; it is called ``NAME@random``.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    MissingFileError, FormatError
        If its folder is incomplete or damaged.

    Examples
    --------
    >>> load("bort")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ctxemb.errors.UnknownNameError: unknown model 'bort'; did you mean 'bert'? ...
    """
    if random_init is not None and random_init < 0:
        raise InputError(f"the seed of random weights should be 0 or more, found {random_init}")
    if name == STATIC or name.startswith(f"{STATIC}:"):
        return StaticModel(load(name.partition(":")[2] or "bert", random_init))
    folder = model_folder(name)
    network = load_network(folder, random_init=random_init)
    shown = name if name in EMBEDDED else folder.resolve().name
    if random_init is not None:
        shown = f"{shown}@random"
    return LoadedModel(network, shown, folder_fingerprint(folder, random_init))


def model_folder(name: str) -> Path:
    """Return the folder of a model that is given by name or folder."""
    if name in EMBEDDED:
        return embedded_path("models", name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    raise unknown_name("model", name, EMBEDDED, f", {STATIC}:NAME, or a folder")
