"""`ctxemb completion`."""

from __future__ import annotations

import rich_click as click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete ctxemb's commands and options.

    For bash: `ctxemb completion bash >> ~/.bashrc`.
    """
    from click.shell_completion import get_completion_class

    from ctxemb.cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "ctxemb", "_CTXEMB_COMPLETE").source())
