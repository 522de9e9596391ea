"""A metric: its name, and how people read it. Whoever computes a metric declares it, once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """How a number is called and shown.

    Parameters
    ----------
    name
        What results call it.
    label
        What people call it.
    scale, digits
        A value is shown as ``scale * value`` with so many decimals.
    unit
        What follows a shown value in a sentence: `` %``, or nothing.
    higher_is_better
        The direction.
    has_interval
        Whether the number comes with a 95 % interval.
    split
        The examples that the number is measured on.
    """

    name: str
    label: str
    scale: float = 100.0
    digits: int = 1
    unit: str = " %"
    higher_is_better: bool = True
    has_interval: bool = False
    split: str = "test"

    def shown(self, value: float) -> str:
        """Return a value as tables show it.

        Examples
        --------
        >>> Metric("accuracy", "accuracy").shown(0.5)
        '50.0'
        """
        return f"{self.scale * value:.{self.digits}f}"
