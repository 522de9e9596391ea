"""Files as people have them: read rightly, or refused with their line; never silently something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ctxemb.errors import CtxembError
from ctxemb.probes import score_of
from ctxemb.tasks import Task, load_task

TEXTS = ["A fine film .", "What a mess !", "So good .", "Too long .", "I slept ."]
LABELS = ["good", "bad", "good", "bad", "bad"]


def written(path: Path, text: str) -> str:
    path.write_bytes(text.encode("utf-8"))
    return str(path)


CHUNKS = [
    "He PRP B-NP",
    "paid VBD B-VP",
    "# # B-NP",
    "9 CD I-NP",
    "",
    "# # B-NP",
    "7 CD I-NP",
    "fell VBD B-VP",
    "",
]


def tokens(task: Task) -> list[tuple[str, str]]:
    words = [task.sentences[s].words[a] for ((s, a, _),) in (example.spans for example in task.examples)]
    return list(zip(words, task.gold.tolist(), strict=True))


def test_a_hash_may_be_a_word(tmp_path: Path) -> None:
    task = load_task(written(tmp_path / "x.conll", "\n".join(CHUNKS * 10)))
    assert tokens(task)[:7] == [tuple(line.split()[::2]) for line in CHUNKS if line]


@pytest.mark.parametrize("tab", [" ", "\t"])
@pytest.mark.parametrize(
    "line",
    [
        "-DOCSTART- -X- O",
        "-DOCSTART-",
        "-DOCSTART- -X- -X- O",
        "# a comment",
        "# sent 1",
        "#",
        "# text = He paid # 9",
    ],
)
def test_lines_between_sentences_are_no_words(line: str, tab: str, tmp_path: Path) -> None:
    rows = [row.replace(" ", tab) for row in CHUNKS * 10]
    plain = load_task(written(tmp_path / "plain.conll", "\n".join(rows)))
    shown = f"{line}\n".replace(" ", tab) + "\n" if line.startswith("-DOC") else f"{line}\n"
    for number, more in enumerate((shown, f"{shown}\n", f"\n{shown}{shown}")):
        text = more + "\n".join(rows[:5]) + "\n" + more + "\n".join(rows[5:])
        task = load_task(written(tmp_path / f"more{number}.conll", text))
        assert tokens(task) == tokens(plain)
        assert len(task.sentences) == len(plain.sentences)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("paid VBD", r"x\.conll:3: expected 3 columns separated by spaces, as in the first row, found 2"),
        ("paid", r"x\.conll:3: expected 3 columns .* found 1"),
        ("paid VBD B-VP more", r"x\.conll:3: expected 3 columns .* found 4"),
        ("paid\tVBD\tB-VP", r"x\.conll:3: expected 3 columns separated by spaces"),
    ],
)
def test_rows_of_other_sizes(row: str, message: str, tmp_path: Path) -> None:
    name = written(tmp_path / "x.conll", f"He PRP B-NP\nnow RB O\n{row}\n")
    with pytest.raises(CtxembError, match=message):
        load_task(name)


def test_a_word_is_never_its_own_tag(tmp_path: Path) -> None:
    with pytest.raises(CtxembError, match=r"x\.conll:1: expected a word and its tag"):
        load_task(written(tmp_path / "x.conll", "He\npaid\n"))
    with pytest.raises(CtxembError, match=r"column 1 holds the words"):
        load_task(written(tmp_path / "y.conll", "He PRP\npaid VBD\n") + ":1")


def test_other_white_space_is_part_of_words(tmp_path: Path) -> None:
    for tab in ("\t", " "):
        rows = [("1\u00a0000", "CD"), ("a\u3000b", "NN"), ("x\u2009y", "SYM")] * 10
        task = load_task(written(tmp_path / "x.conll", "\n\n".join(tab.join(row) for row in rows)))
        assert tokens(task) == rows
    rows = [("New York", "NNP"), ("fell", "VBD")] * 10
    task = load_task(written(tmp_path / "x.col", "\n".join("\t".join(row) for row in rows)))
    assert tokens(task) == rows


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    rows = [
        "# sent_id = 1",
        "1-2\tThedog" + "\t_" * 8,
        "1\tThe\tthe\tDET" + "\t_" * 6,
        "2\tdog\tdog\tNOUN" + "\t_" * 6,
    ]
    text = "\n".join([*rows, ""] * 10)
    for ending in ("conllu", "conll", "CONLL", "col"):
        task = load_task(written(tmp_path / f"x.{ending}", text))
        assert tokens(task)[:2] == [("The", "DET"), ("dog", "NOUN")]


HEADERS = [
    "label\ttext",
    "Label\tText",
    "#label\ttext",
    '"label"\t"text"',
    "LABEL\tSENTENCE",
    "class\treview",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headers_are_no_rows(header: str, swapped: bool, end: str, tmp_path: Path) -> None:
    quote = '"' if header[0] == '"' else ""
    rows = [(f"{quote}{a}{quote}", f"{quote}{b}{quote}") for a, b in zip(LABELS, TEXTS, strict=True)]
    first = tuple(header.lstrip("#").split("\t"))
    lines = ["\t".join(row[::-1] if swapped else row) for row in (first, *rows)]
    lines[0] = "#" * header.startswith("#") + lines[0]
    for ending in ("tsv", "TSV"):
        task = load_task(written(tmp_path / f"x.{ending}", end.join(lines)))
        assert task.gold.tolist() == LABELS
        assert [str(sentence) for sentence in task.sentences] == TEXTS


def test_other_kinds_of_tables(tmp_path: Path) -> None:
    rows = list(zip(LABELS, TEXTS, strict=True))
    commas = "Text,Label\r\n" + "".join(f'"{text}",{label}\r\n' for label, text in rows)
    objects = json.dumps([{"label": label, "text": text} for label, text in rows])
    for name, text in (
        ("x.csv", commas), ("y.CSV", commas.replace(",", ";")), ("z.csv", commas.replace("\r\n", "\r")),
        ("x.json", objects),
    ):  # fmt: skip
        task = load_task(written(tmp_path / name, text))
        assert task.gold.tolist() == LABELS
        assert [str(sentence) for sentence in task.sentences] == TEXTS


@pytest.mark.parametrize("name", ["valid", "validation", "val", "dev", "VALID"])
def test_dev_files_have_many_names(name: str, tmp_path: Path) -> None:
    rows = "".join(f"{label}\t{text}\n" for label, text in zip(LABELS, TEXTS, strict=True))
    for split in ("train", "test", name):
        written(tmp_path / f"{split}.tsv", rows)
    assert sorted(load_task(str(tmp_path)).splits) == ["dev", "test", "train"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "x.tsv",
            "\n".join(f"Text {i} .\tgood" for i in range(25)),
            "25 different labels in 25 rows.*swapped",
        ),
        ("x.tsv", "good\tA .\rbad\tB .\r", r"x\.tsv:1: lines end with CR alone"),
        ("x.conll", "a X\rb Y\r", r"x\.conll:1: lines end with CR alone"),
        ("x.csv", "good,A .\nbad,B .\n", r"x\.csv:1: expected a header"),
        ("x.csv", 'label,text\ngood,"A .\n', r"x\.csv:\d: not a row of CSV"),
        ("x.tsv", "label\ttext\tlabel\na\tb\tc\n", "a column is named twice"),
        ("x.jsonl", '{"label": "a", "text": "A \\ud800 ."}', r"x\.jsonl:1: text holds half a character"),
        ("x.jsonl", '{"label": "\\udc00", "text": "A ."}', r"x\.jsonl:1: label holds half a character"),
        ("x.jsonl", "[" * 200_000, r"x\.jsonl:1: not JSON"),
        ("x.jsonl", '{"label": ' + "9" * 5000 + "}", r"x\.jsonl:1: not JSON"),
        ("x.json", '{"label": "a"}', r"x\.json: expected a list of objects"),
        ("x.json", '[{"label": "a", "text": "b"}, 3]', r"x\.json: object 2: unknown keys: no object"),
    ],
)
def test_what_cannot_be_meant(name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CtxembError, match=message):
        load_task(written(tmp_path / name, text))


def test_one_class_in_train(tmp_path: Path) -> None:
    for suffix, row in ((".tsv", "{}\tA text .\n"), (".conll", "word {}\n\n")):
        folder = tmp_path / suffix
        folder.mkdir()
        written(folder / f"train{suffix}", row.format("a") * 2)
        written(folder / f"test{suffix}", row.format("a") + row.format("b"))
        with pytest.raises(CtxembError, match="all labels in train are 'a'"):
            load_task(str(folder))


def test_a_label_of_dev_alone_lowers_no_score(tmp_path: Path) -> None:
    for split, labels in (("train", "ab"), ("dev", "abc"), ("test", "ab")):
        written(tmp_path / f"{split}.tsv", "".join(f"{label}\tThe {label} .\n" for label in labels))
    task = load_task(str(tmp_path))
    task = type(task)(
        **{**{name: getattr(task, name) for name in task.__dataclass_fields__}, "metrics": ("macro_f1",)}
    )
    assert score_of(task, task.splits["test"], task.gold[task.splits["test"]]) == 1


def test_no_link_leads_out_of_a_folder(tmp_path: Path) -> None:
    rows = "".join(f"{label}\t{text}\n" for label, text in zip(LABELS, TEXTS, strict=True))
    written(tmp_path / "secret.tsv", rows)
    folder = tmp_path / "data"
    folder.mkdir()
    written(folder / "test.tsv", rows)
    (folder / "train.tsv").symlink_to(tmp_path / "secret.tsv")
    with pytest.raises(CtxembError, match=r"train\.tsv: a link that leads out"):
        load_task(str(folder))
