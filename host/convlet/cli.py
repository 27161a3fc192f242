"""The command `convlet`. Each subcommand is a file of its name in `convlet/commands` (`export-c` is export_c.py),
loaded when it is called.
"""

from __future__ import annotations

import difflib
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.text import Text

from convlet import __version__, commands
from convlet.console import RichProgress
from convlet.errors import ConvletError
from convlet.help_page import help_page
from convlet.progress import SILENT, Progress

COMMANDS = sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))
COMPLETE_VARIABLE = "_CONVLET_COMPLETE"  # set by the shell when it asks for what fits behind the cursor


class Session:
    """What every command shares: the console to print on and the progress to hand to the library."""

    def __init__(self, quiet: bool) -> None:
        self.console = Console(quiet=quiet)
        self.progress: Progress = SILENT if quiet else RichProgress(self.console)

    def say(self, text: str, style: str = "") -> None:
        """Print `text` as it is: a path in it is not broken, and brackets are no markup."""
        self.console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    def print_json(self, data: Any) -> None:
        """Print `data` for a script to read; also with -q, since it was asked for."""
        click.echo(json.dumps(data, indent=2))


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the flag --json, in its argument `as_json`: then nothing but JSON is on standard output."""

    def be_silent(ctx: click.Context, parameter: click.Parameter, as_json: bool) -> bool:
        if as_json:
            ctx.obj.progress = SILENT
        return as_json

    text = "Print the result as JSON and nothing else."
    return click.option("--json", "as_json", is_flag=True, callback=be_silent, help=text)(command)


def out_option(text: str, **rest: Any) -> Callable[..., Any]:
    """The option -o, under the same names in every command that writes, in its argument `out`."""
    return click.option("-o", "--out", "--output", "out", type=click.Path(path_type=Path), help=text, **rest)


def examples(*lines: str) -> str:
    """The end of a command's help: how it is called."""
    return "\b\n" + "\n".join(["Examples:" if len(lines) > 1 else "Example:", *lines])


class CommandGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = f"convlet.commands.{cmd_name.replace('-', '_')}"
        command: click.Command = importlib.import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_page(COMMANDS))


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.pass_context
def convlet(ctx: click.Context, quiet: bool) -> None:
    """Small int8 CNNs on microcontrollers: train, compile, prove, deploy."""
    ctx.obj = Session(quiet)  # `main` looks for --debug


def main(args: Sequence[str] | None = None) -> None:
    """Entry point of the command line. Exit codes: 0 done, 1 an error, or the answer no of a command that is asked,
    2 wrong usage, 130 Ctrl-C.
    """
    argv = list(sys.argv[1:] if args is None else args)
    try:
        # Not standalone, click returns the code of an Exit that a command raises.
        if code := convlet.main(
            args=argv, prog_name="convlet", complete_var=COMPLETE_VARIABLE, standalone_mode=False
        ):
            sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        Console(stderr=True).print("interrupted")
        sys.exit(130)
    except ConvletError as error:
        if "--debug" in argv:
            raise
        _fail(str(error))
    except OSError as error:
        if "--debug" in argv:
            raise
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _fail(message: str) -> NoReturn:
    text = Text.assemble(("error: ", "bold red"), message)
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
