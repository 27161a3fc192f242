import json
import os
import subprocess
import sys

import click
import pytest
from chain import Chain, digits_chain
from convlet import __version__, cli
from convlet.errors import ConvletError, ModelError
from convlet.help_page import GROUPS, help_page


def exit_code(*arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments])
    return stop.value.code or 0


@pytest.fixture
def command(monkeypatch):
    """Makes `convlet thing` call a function."""

    def install(function):
        monkeypatch.setattr(cli, "COMMANDS", ["thing"])
        module = type("Module", (), {"command": click.command()(function)})
        monkeypatch.setattr(cli.importlib, "import_module", lambda name: module)

    return install


def test_version(capsys):
    cli.main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_help_lists_every_command(capsys):
    cli.main(["--help"])
    words = capsys.readouterr().out.replace(",", " ").split()
    assert cli.COMMANDS and set(cli.COMMANDS) <= set(words)


def test_help_fits_a_screen_also_with_all_commands_that_it_knows():
    known = {name for summaries in GROUPS.values() for name in summaries}
    lines = click.unstyle(help_page({*known, *cli.COMMANDS})).splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80


def test_a_command_that_is_in_no_group_is_listed_all_the_same():
    assert "more   another, zoo" in click.unstyle(help_page(["train", "zoo", "another"]))


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name, capsys):
    cli.main([name, "--help"])
    assert f"Usage: convlet {name} " in capsys.readouterr().out


@pytest.mark.parametrize("columns", [80, 100])
def test_help_of_every_command_fits_the_terminal(columns):
    """Nothing is wider, and no summary is cut short."""
    pages = 0
    for names, command in every_command(cli.convlet):
        context = click.Context(command, info_name=" ".join(names), terminal_width=columns)
        text = command.get_help(context)
        too_long = [line for line in text.splitlines() if len(line) > columns or line.endswith("...")]
        assert not [line for line in too_long if not line.startswith("Usage:")], names
        pages += 1
    assert pages > 30


def test_the_help_of_a_command_that_takes_something_ends_with_an_example():
    """And it is one that the command would take."""
    for names, command in every_command(cli.convlet):
        takes = [each for each in command.params if {"--json", "--help"}.isdisjoint(each.opts)]
        if isinstance(command, click.Group) or not takes or names == ("completion",):  # its are for the shell
            continue
        call = " ".join(("convlet", *names))
        lines = [line.strip() for line in command.get_help(click.Context(command)).splitlines()]
        shown = [line.split()[len(names) + 1 :] for line in lines if line.startswith(f"{call} ")]
        assert shown, call
        for words in shown:
            command.make_context(call, list(words))


def every_command(command, *names):
    """The words and the command of each, groups and their members."""
    if names:
        yield names, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), *names, name)


def test_wrong_usage_exits_with_2(capsys):
    assert exit_code("no-such-command") == 2
    assert "No such command 'no-such-command'" in capsys.readouterr().err


def test_a_command_that_is_mistyped_is_guessed(capsys):
    assert exit_code("complie", "model.tflite") == 2
    assert "No such command 'complie'. Did you mean compile?" in capsys.readouterr().err


def fail():
    raise ModelError("found [this], expected that")


def test_errors_are_told_without_a_traceback(command, capsys):
    command(fail)
    assert exit_code("thing") == 1
    assert capsys.readouterr().err == "error: found [this], expected that\n"


def test_debug_shows_the_traceback(command):
    command(fail)
    with pytest.raises(ConvletError):
        cli.main(["--debug", "thing"])


def test_an_error_of_the_system_is_told_in_a_line(command, capsys):
    def full_disk():
        raise OSError(28, "No space left on device", "model.cvl")

    command(full_disk)
    assert exit_code("thing") == 1
    assert capsys.readouterr().err == "error: model.cvl: No space left on device\n"


def test_a_command_that_answers_no_exits_with_1(command):
    def no():
        raise click.exceptions.Exit(1)

    command(no)
    assert exit_code("thing") == 1


def test_json_is_all_there_is_on_standard_output(command, capsys):
    @cli.json_option
    @click.pass_obj
    def talk(session, as_json):
        session.progress.step("a step")
        session.print_json({"is": as_json})

    command(talk)
    cli.main(["-q", "thing", "--json"])
    assert json.loads(capsys.readouterr().out) == {"is": True}
    cli.main(["thing"])
    assert capsys.readouterr().out.startswith("> a step")


def complete(*words):
    environment = {"_CONVLET_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words)}
    environment |= {"COMP_CWORD": str(len(words) - 1)}
    program = "import sys; from convlet.cli import main; main([])"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True
    )
    return done.stdout.split()


def test_a_shell_completes_commands_options_and_choices():
    assert complete("convlet", "comp") == ["plain,compile", "plain,completion"]
    assert complete("convlet", "compile", "--st") == ["plain,--stream"]
    assert complete("convlet", "compile", "--prefer", "r") == ["plain,ram"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(shell, capsys):
    cli.main(["completion", shell])
    assert f"_CONVLET_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_interrupts_exit_with_130(command, capsys):
    def interrupted():
        raise KeyboardInterrupt

    command(interrupted)
    assert exit_code("thing") == 130
    assert "interrupted" in capsys.readouterr().err


def test_quiet_prints_nothing(command, capsys):
    @click.pass_obj
    def talk(session):
        session.console.print("words")
        session.progress.step("a step")

    command(talk)
    cli.main(["-q", "thing"])
    assert capsys.readouterr().out == ""


def test_it_runs_as_a_program(tmp_path):
    """A model to compile, and one that is not there."""
    model = tmp_path / "model.tflite"
    model.write_bytes(digits_chain().build())
    command = [sys.executable, "-m", "convlet.cli", "compile"]
    done = subprocess.run([*command, model], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert model.with_suffix(".cvl").is_file()
    done = subprocess.run([*command, tmp_path / "no.tflite"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot read the model ") and "Traceback" not in done.stderr


def test_compile_explains(tmp_path, capsys):
    model = tmp_path / "model.tflite"
    model.write_bytes(Chain((8, 8, 2)).pad((1, 1)).conv(4).max_pool().dense(3).build())
    cli.main(["compile", "--explain", str(model)])
    text = capsys.readouterr().out
    assert text.startswith(
        "pads folded into convolutions: 1\n  operator 0 (PAD) into operator 1 (CONV_2D)\n"
        "zero points folded into biases: 2\n  operator 1 (CONV_2D)\n  operator 3 (FULLY_CONNECTED)\n"
    )
    assert " other passes found nothing to do\n" in text and "4 operators" in text


def test_where_to_write_is_called_the_same_everywhere():
    seen = 0
    for name in cli.COMMANDS:
        command = cli.convlet.get_command(click.Context(cli.convlet), name)
        for each in (command, *getattr(command, "commands", {}).values()):
            for parameter in each.params:
                if {"-o", "--out", "--output"} & {*parameter.opts}:
                    seen += 1
                    assert parameter.opts == ["-o", "--out", "--output"], each.name
    assert seen > 10
