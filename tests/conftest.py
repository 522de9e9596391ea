"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ctxemb.pretraining.corpus import Corpus
    from ctxemb.pretraining.prepared import Prepared

os.environ.setdefault("OMP_NUM_THREADS", "2")


_SKIPS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SKIPS] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        item.config.stash[_SKIPS].append(f"{item.nodeid}: {report.longrepr[2]}")
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        _SKIPPED_FILES.append(f"{report.nodeid}: {report.longrepr[2]}")


_SKIPPED_FILES: list[str] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if a test was skipped for a reason that the list that CTXEMB_SKIPS names does not have."""
    named = os.environ.get("CTXEMB_SKIPS")
    if not named:
        return
    lines = Path(session.config.rootpath, named).read_text(encoding="utf-8").splitlines()
    allowed = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    skipped = [*session.config.stash[_SKIPS], *_SKIPPED_FILES]
    more = [skip for skip in skipped if not any(reason in skip for reason in allowed)]
    if more:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nskipped, but not in {named}:", *more, sep="\n  ")  # noqa: T201


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of published data sets, or skip the test."""
    named = os.environ.get("CTXEMB_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the published data sets: set CTXEMB_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def elmo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny ELMo with random weights."""
    import torch

    from ctxemb.models.checkpoints import save_network
    from ctxemb.models.elmo import Elmo, ElmoConfig

    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(5)
    config = ElmoConfig(symbol_width=4, filters=((1, 4), (2, 4), (3, 8)), n_highway=1, width=8, cell_width=16)
    save_network(Elmo(config), folder)
    return folder


@pytest.fixture(scope="session")
def toy_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of the toy text."""
    from tests.toys import write_text

    return write_text(tmp_path_factory.mktemp("text") / "toy.txt")


@pytest.fixture(scope="session")
def toy_corpus(toy_text: Path) -> Corpus:
    """Return the toy text as a corpus."""
    from ctxemb.pretraining.corpus import Corpus

    return Corpus((toy_text,))


@pytest.fixture(scope="session")
def toy_prepared(tmp_path_factory: pytest.TempPathFactory, toy_text: Path) -> Prepared:
    """Return the toy text split into words, in chunks of about 100."""
    from dataclasses import replace

    from ctxemb.pretraining.prepared import prepare

    return replace(prepare([toy_text], tmp_path_factory.mktemp("prepared") / "corpus"), chunk_words=100)


@pytest.fixture(scope="session")
def toy_folders(tmp_path_factory: pytest.TempPathFactory, toy_corpus: Corpus) -> dict[str, Path]:
    """Return the folders of toy models with random weights: "elmo", "gpt", "gpt-post", "bert"."""
    from tests.toys import write_models

    return write_models(tmp_path_factory.mktemp("toys"), toy_corpus)
