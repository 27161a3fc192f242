"""The command `convlet`. Each subcommand is a file of its name in `convlet/commands` (`export-c` is export_c.py),
loaded when it is called.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.text import Text

from convlet import __version__, commands
from convlet.console import RichProgress
from convlet.errors import ConvletError
from convlet.progress import SILENT, Progress

COMMANDS = sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))


class Session:
    """What every command shares: the console to print on and the progress to hand to the library."""

    def __init__(self, quiet: bool, debug: bool) -> None:
        self.console = Console(quiet=quiet)
        self.progress: Progress = SILENT if quiet else RichProgress(self.console)
        self.debug = debug


class CommandGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = f"convlet.commands.{cmd_name.replace('-', '_')}"
        command: click.Command = importlib.import_module(module).command
        return command


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def convlet(ctx: click.Context, quiet: bool, debug: bool) -> None:
    """Small int8 CNNs on microcontrollers: train, compile, prove, deploy."""
    ctx.obj = Session(quiet, debug)


def main(args: Sequence[str] | None = None) -> None:
    """Entry point of the command line: exit code 0, 1 for a ConvletError, 2 for wrong usage, 130 for
    Ctrl-C.
    """
    argv = list(sys.argv[1:] if args is None else args)
    try:
        convlet.main(args=argv, prog_name="convlet", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        Console(stderr=True).print("interrupted")
        sys.exit(130)
    except ConvletError as error:
        if "--debug" in argv:
            raise
        text = Text.assemble(("error: ", "bold red"), str(error))
        Console(stderr=True).print(text, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
