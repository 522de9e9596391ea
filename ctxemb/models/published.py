"""Published models: names, where they are, and how they come to this machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ctxemb.errors import InputError, MissingFileError
from ctxemb.models.checkpoints import CONFIG, all_formats
from ctxemb.models.formats.tokenizer_settings import SMALL_FILES
from ctxemb.models.model_format import Published

HUB = "hf:"
"""What the name of any model on the Hugging Face hub begins with: ``hf:organisation/name@revision``.

One of several files of GGUF in a repository stands after its name: ``hf:organisation/name/FILE.gguf``.
"""

GGUF = ".gguf"
"""The end of the name of a file of GGUF, the format of llama.cpp."""

SENTENCE_TRANSFORMER = "0_Transformer"
"""Where older models of sentence-transformers have their Transformer."""

PACKAGE = "package:"
"""What the name of a model in an installed Python package begins with: ``package:PACKAGE/FOLDER``."""


def published_models() -> dict[str, Published]:
    """Return the published models by name, of all forms."""
    return {model.name: model for form in all_formats().values() for model in form.published}


_SMALL_FILES = [CONFIG, *SMALL_FILES]
_SAFE = ["model.safetensors", "model.safetensors.index.json", "model-*.safetensors"]
_BIN = ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A published model on this machine.

    Parameters
    ----------
    path
        Its folder, or its file where it is one of GGUF.
    origin
        Where it comes from; for the hub, with the revision.
    """

    path: Path
    origin: str


def is_published(name: str) -> bool:
    """Return whether `name` is that of a published model."""
    return name.startswith(HUB) or name in published_models()


def fetch(name: str) -> Fetched:
    """Return where a published model lies; it is downloaded unless it was before.

    Raises
    ------
    MissingFileError
        If it cannot be fetched; the message says what else to do.
    InputError
        If the name of a model on the hub is not one.
    """
    known = published_models().get(name)
    if known is not None and known.address:
        return _fetch_files(known.address, known.files, known.folder)
    wanted = name.removeprefix(HUB) if known is None else known.repository
    repository, _, revision = wanted.partition("@")
    return _fetch_hub(name, repository, revision or None)


def _fetch_files(address: str, files: Sequence[str], place: str) -> Fetched:
    import pooch

    folder = Path(pooch.os_cache("ctxemb")) / "models" / place
    pooch.get_logger().setLevel("WARNING")
    for file in files:
        try:
            pooch.retrieve(
                address + file, known_hash=None, fname=file, path=folder, progressbar=sys.stderr.isatty()
            )
        except Exception as error:
            raise _unreachable(address + file, error) from error
    return Fetched(folder, address)


def _fetch_hub(name: str, repository: str, revision: str | None) -> Fetched:
    owner, slash, rest = repository.partition("/")
    short, _, file = rest.partition("/")
    if file.endswith(GGUF):
        repository = f"{owner}{slash}{short}"
        folder = _download(name, repository, revision, [file])
        if not (folder / file).is_file():
            raise MissingFileError(f"{repository} on the Hugging Face hub has no file {file}")
        return Fetched(folder / file, f"{repository}/{file}@{folder.name}")
    folder = _download(name, repository, revision, [*_SMALL_FILES, *_SAFE])
    if not any(folder.rglob("*.safetensors")):
        folder = _download(name, repository, revision, [*_SMALL_FILES, *_BIN])
    return Fetched(folder, f"{repository}@{folder.name}")


def _download(name: str, repository: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Return the folder of a snapshot with files of these names, at its top or where a Transformer may be."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    inner = [f"{SENTENCE_TRANSFORMER}/{pattern}" for pattern in patterns]
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=[*patterns, *inner]))
    except HFValidationError as error:
        raise InputError(f"'{name}' is not the name of a model: {HUB}organisation/name[@revision]") from error
    except RevisionNotFoundError as error:
        raise MissingFileError(
            f"{repository} on the Hugging Face hub has no revision '{revision}'"
        ) from error
    except RepositoryNotFoundError as error:
        raise MissingFileError(
            f"the Hugging Face hub has no model {repository}, or does not show it without HF_TOKEN; "
            "a folder on this machine is named by its path: --model PATH"
        ) from error
    except Exception as error:  # the hub's other errors, and those of the library that fetches for it
        raise _unreachable(f"{repository} from the Hugging Face hub", error) from error


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model that an installed Python package carries.

    Parameters
    ----------
    name
        What results call it: the package, and the folder in it unless that is just "model".
    folder
        Where it lies.
    origin
        The package, with its version where it tells one.
    """

    name: str
    folder: Path
    origin: str


def find_packaged(name: str) -> Packaged:
    """Return where ``package:PACKAGE/FOLDER`` lies; no code of the package runs.

    Raises
    ------
    InputError
        If the name has another form, or leads out of the package.
    MissingFileError
        If the package is not installed, or has no such folder.
    """
    package, _, inner = name.removeprefix(PACKAGE).partition("/")
    parts = PurePosixPath(inner).parts
    if not package.isidentifier() or ".." in parts or inner.startswith("/"):
        raise InputError(f"'{name}' is not the name of a model in a package: {PACKAGE}PACKAGE/FOLDER")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingFileError(
            f"cannot find the model '{name}': the Python package {package} is not installed "
            f"(pip install {package.replace('_', '-')})"
        )
    folder = Path(next(iter(spec.submodule_search_locations))).joinpath(*parts)
    if not folder.is_dir():
        raise MissingFileError(f"the Python package {package} has no folder '{inner}' ({folder})")
    try:
        origin = f"package {package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        origin = f"package {package}"
    shown = [package.replace("_", "-"), *(part for part in parts if part != "model")]
    return Packaged("-".join(shown), folder, origin)


def _unreachable(what: str, error: Exception) -> MissingFileError:
    reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
    return MissingFileError(
        f"cannot fetch {what} ({reason}); without a network, name a folder that holds the model: --model PATH"
    )
