"""The models that ctxemb knows by name, and how a name becomes a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ctxemb.errors import InputError
from ctxemb.inside import check_inside
from ctxemb.models.base import ContextualModel
from ctxemb.models.checkpoints import CONFIG, all_formats, fingerprint_of, is_ours, load_network
from ctxemb.models.computation import FLOAT32_ON_CPU, Computation
from ctxemb.models.formats.weights import SAFE
from ctxemb.models.model import LoadedModel, without_final_norm
from ctxemb.models.published import (
    GGUF,
    HUB,
    PACKAGE,
    SENTENCE_TRANSFORMER,
    fetch,
    find_packaged,
    is_published,
    published_models,
)
from ctxemb.models.stateful import StatefulModel
from ctxemb.models.static import FAMILY as STATIC
from ctxemb.models.static import StaticModel
from ctxemb.models.transformers_model import load_transformers
from ctxemb.results.names import RANDOM, is_reserved
from ctxemb.shipped import shipped_path
from ctxemb.suggest import unknown_name

SHIPPED = ("elmo", "gpt", "bert")
"""Names reserved for the models that ship with ctxemb."""

VARIANTS: dict[str, Callable[[LoadedModel], ContextualModel]] = {
    "stateful": StatefulModel,
    "no-final-norm": without_final_norm,
}
"""Other ways to read a model's vectors out: ``stateful:NAME`` is called ``NAME@stateful``."""


@dataclass(frozen=True, slots=True)
class KnownModel:
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


def known_models() -> list[KnownModel]:
    """Return the models known by name: those that ship, their context-free halves, and published ones."""
    infos = [_info(name) for name in SHIPPED]
    statics = [
        KnownModel(
            f"{STATIC}:{info.name}",
            STATIC,
            1,
            info.width,
            info.n_parameters,
            f"layer 0 of {info.name}, each word alone",
            info.present,
        )
        for info in infos
    ]
    published = [
        KnownModel(model.name, form.family, None, None, None, f"{model.origin}; downloaded when used", False)
        for form in all_formats().values()
        for model in form.published
    ]
    return [*infos, *statics, *published]


def _info(name: str) -> KnownModel:
    folder = shipped_path("models", name)
    source = "ships with ctxemb; trained by ctxemb pretrain"
    if not (folder / SAFE).is_file():
        return KnownModel(name, name, None, None, None, source, present=False)
    model = load(name)
    return KnownModel(
        name, model.family, model.n_layers, model.width, model.n_parameters, source, present=True
    )


def load(
    name: str, random_init: int | None = None, computation: Computation = FLOAT32_ON_CPU
) -> ContextualModel:
    """Load a model.

    Parameters
    ----------
    name
        ``"elmo"``, ``"gpt"`` or ``"bert"``, which ship with ctxemb; a published model, such as
        ``"elmo-original"``, ``"gpt2"`` or ``"bert-base-uncased"``, or any on the Hugging Face hub of these
        architectures, as ``"hf:organisation/name@revision"``; a folder of `ctxemb pretrain`, transformers,
        sentence-transformers, bilm-tf or AllenNLP, which ``"package:PACKAGE/FOLDER"`` names in an installed
        package; a ``.gguf`` file; or ``"static:NAME"`` for the context-free baseline of one of these
        (``"static"``: of bert). Before any name, ``"stateful:"`` carries ELMo's states from batch to batch,
        and ``"no-final-norm:"`` gives GPT-2's last layer without its normalisation. ``"CALLED=NAME"`` gives
        it another name in results. GGUF files and other architectures of transformers need the extra
        ``ctxemb[hf]``.
    random_init
        Seed of random weights, for the model's untrained twin; it is called ``NAME@random``.
    computation
        Where and in what numbers it computes.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    InputError
        If this machine cannot compute so.
    MissingFileError, FormatError
        If its folder is incomplete or damaged.

    Examples
    --------
    >>> load("bort")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ctxemb.errors.UnknownNameError: unknown model 'bort'; did you mean 'bert'? ...
    """
    check_not_reserved(name)
    if random_init is not None and random_init < 0:
        raise InputError(f"the seed of random weights should be 0 or more, found {random_init}")
    computation.check()
    called, variant, plain = _asked(name)
    if variant == STATIC:
        return StaticModel(load(f"{called}={plain}" if called else plain, random_init, computation))
    place = find_model(name)
    read = load_network if is_ours(place.path) else load_transformers
    network = read(place.path, random_init=random_init)
    shown = place.name + (f"@{variant}" if variant else "") + ("" if random_init is None else RANDOM)
    identify = partial(fingerprint_of, place.path, random_init)
    folder = place.path if random_init is None and place.path.is_dir() else None
    model = LoadedModel(network, shown, identify, place.origin, computation, folder)
    return VARIANTS[variant](model) if variant else model


def _asked(name: str) -> tuple[str, str, str]:
    """Return CALLED, VARIANT and NAME of ``CALLED=VARIANT:NAME``; what is not said is empty.

    Examples
    --------
    >>> _asked("small=stateful:./elmo"), _asked("hf:someone/model")
    (('small', 'stateful', './elmo'), ('', '', 'hf:someone/model'))
    """
    renamed = re.fullmatch(r"([\w.-]+)=(.+)", name)
    called = ""
    if renamed and not Path(name).exists():  # a folder may have the sign in its own name
        called, name = renamed.groups()
    before, _, after = name.partition(":")
    if before == STATIC:
        return called, STATIC, after or "bert"
    return (called, before, after) if before in VARIANTS else (called, "", name)


def check_not_reserved(name: str) -> None:
    """Refuse a name in results that baselines and twins have.

    Raises
    ------
    InputError
        If it is one of theirs; the message says what to write instead.
    """
    called, _, plain = _asked(name)
    shown = called or Path(plain).name
    if is_reserved(shown):
        raise InputError(
            f"'{shown}' is what results call a baseline or a twin; give the model another name: OTHER={plain}"
        )


def is_static(name: str) -> bool:
    """Return whether `name` asks for a context-free baseline."""
    return _asked(name)[1] == STATIC


@dataclass(frozen=True, slots=True)
class FoundModel:
    """Where a model lies.

    Parameters
    ----------
    name
        What results call it.
    path
        The folder of its files, or a GGUF file.
    origin
        Where it comes from, with the revision; empty for what ships and for a folder of the user's own.
    """

    name: str
    path: Path
    origin: str = ""


def find_model(name: str) -> FoundModel:
    """Find a model, whatever its variant, by name or folder; a published one is downloaded if need be.

    Raises
    ------
    UnknownNameError
        If there is no such model.
    MissingFileError
        If it cannot be fetched.
    """
    called, variant, plain = _asked(name)
    place = _find(f"{STATIC}:{plain}" if variant == STATIC else plain)
    return replace(place, name=called) if called else place


def _find(name: str) -> FoundModel:
    if name in SHIPPED:
        return FoundModel(name, shipped_path("models", name))
    if is_published(name):
        fetched = fetch(name)
        return FoundModel(name.removeprefix(HUB), _inner(fetched.path), fetched.origin)
    if name.startswith(PACKAGE):
        packaged = find_packaged(name)
        return FoundModel(packaged.name, _inner(packaged.folder), packaged.origin)
    path = Path(name).expanduser()
    if path.is_dir():
        return FoundModel(path.resolve().name, _inner(path))
    if path.suffix == GGUF and path.is_file():
        return FoundModel(path.stem, path)
    raise unknown_name(
        "model",
        name,
        (*SHIPPED, *published_models()),
        f", {STATIC}:NAME, {HUB}ORGANISATION/NAME, or a folder",
    )


def _inner(folder: Path) -> Path:
    """Return the folder of the Transformer in one of sentence-transformers, or the file in one of GGUF.

    No file of it may be a link that leads out of the folder.
    """
    check_inside(folder, folder.iterdir() if folder.is_dir() else ())
    if (folder / CONFIG).is_file():
        return folder
    inner = folder / SENTENCE_TRANSFORMER
    if inner.is_dir():
        check_inside(folder, inner.iterdir())
        return inner
    files = sorted(folder.glob(f"*{GGUF}"))
    if len(files) > 1:
        raise InputError(f"{folder} holds {len(files)} files *{GGUF}; name one of them: --model {files[0]}")
    return files[0] if files else folder
