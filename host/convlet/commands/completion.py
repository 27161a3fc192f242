"""`convlet completion`: what a shell needs to complete commands and options with the Tab key."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from convlet import cli

_HOW = {
    "bash": 'eval "$(convlet completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(convlet completion zsh)"    # in ~/.zshrc',
    "fish": "convlet completion fish > ~/.config/fish/completions/convlet.fish",
}


@click.command(epilog="\b\nTo have it in every shell:\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
def command(shell: str) -> None:
    """Print a script that completes commands and options in SHELL."""
    completion = get_completion_class(shell)
    assert completion is not None, shell
    click.echo(completion(cli.convlet, {}, "convlet", cli.COMPLETE_VARIABLE).source())
