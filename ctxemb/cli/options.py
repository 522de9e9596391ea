"""Options that several commands share."""

from __future__ import annotations

import importlib

import rich_click as click


def read_part(context: click.Context, option: click.Parameter, value: str) -> tuple[int, int]:
    """Return I and N of a part ``I/N``, both from 1."""
    i, _, n = value.partition("/")
    if not (i.isdecimal() and n.isdecimal() and 1 <= int(i) <= int(n)):
        raise click.BadParameter(f"'{value}' is not I/N with 1 <= I <= N, such as 2/3", context, option)
    return int(i), int(n)


class KnownName(click.ParamType[str]):
    """A name from a list that is made when it is needed, so that help of other commands stays quick.

    Parameters
    ----------
    module, function
        The function that returns the names.
    """

    name = "name"

    def __init__(self, module: str, function: str) -> None:
        self.module = module
        self.function = function

    def names(self) -> list[str]:
        """Return the names."""
        known: list[str] = getattr(importlib.import_module(self.module), self.function)()
        return known

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the names, as help shows them."""
        return f"[{'|'.join(self.names())}]"


data_option = click.option(
    "--data",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    envvar="CTXEMB_DATA",
    help="Folder of the data sets that do not ship with ctxemb.  [env: CTXEMB_DATA]",
)

lenient_option = click.option(
    "--lenient", is_flag=True, help="Skip, count and list wrong rows of your own files instead of failing."
)

cache_option = click.option(
    "--cache/--no-cache",
    "cached",
    default=True,
    help="Re-use vectors and scores computed before.  [env: CTXEMB_CACHE names the folder]",
)

models_option = click.option(
    "--model",
    "models",
    metavar="NAME",
    multiple=True,
    help="Name or folder of a model; may be repeated.  [default: elmo, gpt, bert]",
)

DTYPES = ("float32", "bfloat16", "float16", "int8")

device_option = click.option(
    "--device",
    default="cpu",
    show_default=True,
    metavar="DEVICE",
    help="Where to compute: cpu, cuda, cuda:N or mps.",
)

dtype_option = click.option(
    "--dtype",
    type=click.Choice(DTYPES),
    default="float32",
    show_default=True,
    help="Numbers to compute in: bfloat16 and float16 for GPUs, int8 for CPUs with VNNI.",
)

random_option = click.option(
    "--random-init",
    metavar="SEED",
    type=click.IntRange(min=0),
    help="Use the model's twin with random weights.",
)
