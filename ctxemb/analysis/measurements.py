"""What was measured: one number, one row, with all that is needed to make it again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctxemb.analysis.measure import MeasuredValue
from ctxemb.atomic import write_text
from ctxemb.errors import FormatError, MissingFileError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number.

    Parameters
    ----------
    model, layer
        Whose vectors; the layer is a number (0 is the context-free input) or a name, of attention the
        number of the block from 1, of a cumulative measure ``"all"``.
    other_model, other_layer
        Of what they were compared with; empty where they were not.
    head
        Of attention, the number of the head, from 1; empty for the mean of a block.
    text
        What was read.
    space
        See `ctxemb.analysis.spaces`.
    measure, statistic, group
        What was measured: the measure's name, which of its numbers, and the part of the text that it is of.
    value, low, high
        The number, and the bounds of its 95 % interval (NaN where there is none).
    n
        Number of units that it rests on.
    seed
        Of samples and intervals.
    """

    model: str
    layer: int | str
    text: str
    measure: str
    statistic: str
    value: float
    low: float
    high: float
    n: int
    seed: int
    group: str = ""
    space: str = "raw"
    other_model: str = ""
    other_layer: int | str = ""
    head: int | str = ""

    @classmethod
    def of(
        cls, value: MeasuredValue, *, model: str, layer: int | str, text: str, measure: str, seed: int
    ) -> Measurement:
        """Return a value with what it was found in."""
        v = value
        return cls(model, layer, text, measure, v.statistic, v.value, v.low, v.high, v.n, seed, v.group)

    def as_row(self) -> dict[str, Any]:
        """Return the measurement as a row of a table; None for a bound that there is not."""
        row = dataclasses.asdict(self)
        return {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in row.items()}


class Measurements(Sequence[Measurement]):
    """What was measured, in order.

    Parameters
    ----------
    rows
        The measurements.
    """

    def __init__(self, rows: Sequence[Measurement]) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def __getitem__(self, key: Any) -> Any:
        return self.rows[key]

    def __repr__(self) -> str:
        return f"<{len(self)} measurements of {', '.join(dict.fromkeys(row.measure for row in self))}>"

    def to_frame(self) -> pandas.DataFrame:
        """Return a table with a row for each measurement."""
        import pandas

        return pandas.DataFrame([dataclasses.asdict(row) for row in self.rows])

    def select(self, **values: Any) -> Measurements:
        """Return the measurements whose fields have these values, such as ``measure="cka"``."""
        return Measurements(
            [row for row in self.rows if all(getattr(row, name) == value for name, value in values.items())]
        )

    def write(self, path: Path) -> None:
        """Write them as JSON Lines, whole or not at all."""
        write_text(path, "".join(json.dumps(row.as_row(), ensure_ascii=False) + "\n" for row in self.rows))

    @classmethod
    def read(cls, path: Path) -> Measurements:
        """Read what `write` wrote.

        Raises
        ------
        MissingFileError
            If there is no such file.
        FormatError
            If a line is no measurement; the message names it.
        """
        if not path.is_file():
            raise MissingFileError(f"no measurements at {path}")
        rows = []
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                bounds = {key: math.nan for key in ("value", "low", "high") if row[key] is None}
                rows.append(Measurement(**{**row, **bounds}))
            except (json.JSONDecodeError, TypeError, KeyError) as error:
                raise FormatError(f"{path}:{number}: not a measurement: {error}") from error
        return cls(rows)
