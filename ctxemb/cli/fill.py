"""`ctxemb fill`."""

from __future__ import annotations

import rich_click as click

from ctxemb.cli.options import device_option
from ctxemb.cli.tables import format_option, print_rows
from ctxemb.errors import MissingFileError


@click.command("fill")
@click.argument("text")
@click.option(
    "--model",
    "models",
    metavar="NAME",
    multiple=True,
    help="Name or folder of a model; may be repeated.  [default: the shipped models that have their heads]",
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="Words to show.")
@click.option("--follows", "second", metavar="TEXT", help="Instead: does this sentence follow? (BERT)")
@device_option
@format_option
def command(
    text: str, models: tuple[str, ...], top: int, second: str | None, device: str, style: str
) -> None:
    """Show what models expect at the place of [MASK] in TEXT.

    GPT reads what is left of the place, BERT all but the place, and ELMo each side apart (and both together).
    With --follows, the probability that a second sentence follows TEXT.
    """
    import dataclasses

    from ctxemb.api.prediction import fill, follows

    if second is not None:
        rows = [{"model": name, "probability": follows(text, second, name)} for name in models or ("bert",)]
        print_rows(rows, style, "Probability that the second sentence follows the first")
        return
    rows = []
    for name in models or shipped_with_heads():
        rows += [
            {"model": name, **dataclasses.asdict(one)} for one in fill(text, name, top=top, device=device)
        ]
    print_rows(rows, style, text)


def shipped_with_heads() -> list[str]:
    """Return the names of the shipped models that can predict."""
    from ctxemb.models.catalogue import SHIPPED
    from ctxemb.prediction.predictor import load_predictor

    names = []
    for name in SHIPPED:
        try:
            load_predictor(name)
        except MissingFileError:
            continue
        names.append(name)
    return names
