"""Drop the paragraphs of a corpus that share ten words in a row with an evaluation set.

    python benchmarks/decontaminate.py --evaluation FOLDER [FOLDER ...] -o FOLDER FILE [FILE ...]

Words are runs of letters and digits, in lower case, without accents. Every text file below the evaluation
folders counts, whatever its format: columns and tags are taken apart; words that stand one a line are joined
to sentences. The files that are left are written to the output folder, compressed, under their own names.
"""

from __future__ import annotations

import argparse
import io
import lzma
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

RUN = 10
_WORD = re.compile(r"[a-z0-9]+")
_TAG = re.compile(r"<[^<>]*>")
_IN_COLUMNS = ("conllu", "conll2000")
_SKIPPED = (".csv.sha256", "LICENSE", "README", "SHA256SUMS", "LICENSE.txt", "README.md")


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, without accents."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _WORD.findall(text.lower())


def runs(found: list[str]) -> Iterator[int]:
    """Yield a number for every run of ten words."""
    for start in range(len(found) - RUN + 1):
        yield hash(tuple(found[start : start + RUN]))


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file of an evaluation set."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                content = archive.read(name).decode("utf-8", "replace")
                yield from (
                    _TAG.sub(" ", part) for part in re.split(r"</?(?:s|context|instance)\b[^>]*>", content)
                )
        return
    data = path.read_bytes()
    content = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8", "replace")
    if ".xml" in path.suffixes:
        yield from (_TAG.sub(" ", part) for part in content.split("</sentence>"))
    elif any(name in str(path) for name in _IN_COLUMNS):
        for sentence in content.split("\n\n"):
            rows = [
                line.split("\t" if "\t" in line else " ") for line in sentence.split("\n") if line[:2] != "# "
            ]
            column = 1 if "conllu" in path.name else 0
            yield " ".join(row[column] for row in rows if len(row) > column)
    else:
        for line in io.StringIO(content):
            yield from _TAG.sub("", line).split("\t")


def evaluation_runs(folders: list[Path]) -> set[int]:
    """Return the runs of ten words of all evaluation sets below `folders`."""
    found: set[int] = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in _SKIPPED and "wordnet" not in str(path):
                for text in texts(path):
                    found.update(runs(words(text)))
    return found


def clean(path: Path, *, known: set[int], output: Path) -> tuple[str, int, int, int]:
    """Write `path` without its contaminated paragraphs; return name, paragraphs, dropped, words dropped."""
    n_paragraphs = n_dropped = n_words = 0
    with (
        lzma.open(path, "rt", encoding="utf-8") as file,
        lzma.open(output / path.name, "wt", encoding="utf-8", preset=9) as out,
    ):
        for line in file:
            if line.strip():
                n_paragraphs += 1
                if any(run in known for run in runs(words(line))):
                    n_dropped += 1
                    n_words += len(line.split())
                    continue
            out.write(line)
    return path.name, n_paragraphs, n_dropped, n_words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--evaluation", nargs="+", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    known = evaluation_runs(arguments.evaluation)
    print(f"{len(known):,} runs of {RUN} words in the evaluation sets", flush=True)
    work = partial(clean, known=known, output=arguments.output)
    with ProcessPoolExecutor(arguments.processes, _fork()) as pool:  # hashes of strings differ between starts
        for name, n_paragraphs, n_dropped, n_words in pool.map(work, arguments.files):
            print(
                f"{name}: {n_dropped} of {n_paragraphs:,} paragraphs dropped ({n_words:,} words)", flush=True
            )


def _fork():  # noqa: ANN202
    import multiprocessing

    return multiprocessing.get_context("fork")


if __name__ == "__main__":
    main()
