"""The `ctxemb` command: its subcommands, global options, and how errors are told."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import rich_click as click

from ctxemb.cli.terminal import Terminal
from ctxemb.errors import CtxembError
from ctxemb.version import __version__

_COMMANDS = (
    "models", "tasks", "data", "embed", "store", "probe", "neighbors", "analyse", "explore", "export",
    "compare", "report", "explain", "pretrain", "perplexity", "fill", "surprisal", "minimal-pairs",
    "finetune", "predict", "save", "completion",
)  # fmt: skip


class _Commands(click.RichGroup):
    """Subcommands that are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"ctxemb.cli.{cmd_name.replace('-', '_')}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ctxemb")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no notes; errors only.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, verbose: bool, quiet: bool, debug: bool) -> None:
    """Compare the contextual embeddings of ELMo, GPT and BERT, layer by layer.

    Which model, and which of its layers, separates your word senses and sentence labels?
    """
    ctx.obj = Terminal(verbose=verbose, quiet=quiet, debug=debug)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 if all is well, 1 for an error, 2 for a wrong command."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:  # noqa: PLR0911  (a return for each kind of error)
    """Run the command line; errors go to stderr in one line.

    Returns
    -------
    int
        0 if all is well, 1 for an error, 2 for a command that is wrong as it stands, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    warnings.formatwarning = lambda message, *_, **__: f"ctxemb: {message}\n"
    try:
        outcome: Any = cli.main(arguments, prog_name="ctxemb", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return 2
    except click.Abort:
        return _told("interrupted", 130)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CtxembError as error:
        return _failed(arguments, str(error))
    except OSError as error:
        return _failed(arguments, str(error))
    except Exception as error:
        kind = type(error).__name__
        return _failed(arguments, f"unexpected {kind}: {error} (--debug shows where; please report it)")
    return outcome if isinstance(outcome, int) else 0


def _failed(arguments: list[str], message: str) -> int:
    if "--debug" in arguments:
        import traceback

        traceback.print_exc()
    return _told(message, 1)


def _told(message: str, code: int) -> int:
    click.echo(f"ctxemb: {' '.join(message.split())}", err=True)
    return code


if __name__ == "__main__":
    main()
