"""`convlet plan`: what lies in the arena when, as a picture and as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from convlet.cli import Session, examples, json_option, out_option
from convlet.compile import compile_tflite
from convlet.console import plain_table
from convlet.cvl_program import read_program
from convlet.errors import ConvletError, naming
from convlet.file_kinds import is_cvl
from convlet.files import read_file
from convlet.layout import Layout, Span, layout_of
from convlet.plan_figure import check_suffix, draw_plan
from convlet.variants import PREFERENCES


@click.command(epilog=examples("convlet plan photos.tflite --prefer ram -o plan.png"))
@click.argument("model", type=click.Path(path_type=Path))
@out_option("File to draw, .png or .svg.", show_default="MODEL with .plan.png")
@click.option(
    "--prefer",
    type=click.Choice(PREFERENCES),
    help="As for `convlet compile`. [default: balance]",
)
@click.option("--stream", is_flag=True, help="As for `convlet compile`.")
@click.option("--int8-input", is_flag=True, help="As for `convlet compile`.")
@json_option
@click.pass_obj
def command(
    session: Session,
    model: Path,
    out: Path | None,
    prefer: str | None,
    stream: bool,
    int8_input: bool,
    as_json: bool,
) -> None:
    """Draw what lies in the arena when, for MODEL, a .tflite or .cvl file.

    With --json a picture is drawn only where -o names one.
    """
    if out is not None:
        check_suffix(out)
    given = {"prefer": prefer, "stream": stream, "int8_input": int8_input}
    layout = _read_layout(model, {name: value for name, value in given.items() if value})
    if out is None and not as_json:
        out = model.with_suffix(".plan.png")
    if out is not None:
        draw_plan(layout, out, f"{model.stem}: an arena of {layout.plan.arena_bytes:,} bytes")
    if as_json:
        session.print_json(_as_data(layout))
        return
    table = _table(layout)
    table.title = Text(model.name)
    session.console.print(table)
    session.console.print(_summary(layout), highlight=False)
    session.say(f"the picture is {out}")


def _read_layout(model: Path, options: dict[str, Any]) -> Layout:
    data = read_file(model, "the model")
    with naming(model):
        if not is_cvl(model, data):
            compiled = compile_tflite(data, vectors=0, **options)
            return layout_of(compiled.program, compiled.plan)
        if options:
            name = next(iter(options)).replace("_", "-")
            raise ConvletError(f"--{name} is for .tflite files: the plan of a .cvl file is made")
        return layout_of(*read_program(data))


def _table(layout: Layout) -> Table:
    """A row for each operator, with what it holds, and from which call of a kernel to which."""
    names = ("#", "Operator", "Shape", "Rows kept", "Bytes", "In use")
    table = plain_table(*names, words=3)
    for index, node in enumerate(layout.program.nodes):
        kept = layout.rows_kept(index)
        table.add_row(
            str(index),
            node.kind,
            "x".join(map(str, layout.shape_of(index))),
            str(kept) if layout.program.period else f"{kept} of {node.shape[0]}",
            f"{layout.bytes_used(index):,}",
            _calls(layout, index),
            style="bold red" if index == layout.peak_node else "",
        )
    return table


def _calls(layout: Layout, node: int) -> str:
    own = layout.of_node(node)
    if not own:
        return ""
    last = min(max(span.last for span in own), len(layout.events) - 1)  # outputs live on behind it
    return f"{min(span.first for span in own) + 1}-{last + 1}"


def _summary(layout: Layout) -> str:
    plan, node = layout.plan, layout.program.nodes[layout.peak_node]
    least = layout.peak_bytes + plan.state_bytes
    return (
        f"arena: {plan.arena_bytes:,} bytes ({plan.tensor_bytes:,} tensors and scratch, {plan.state_bytes:,} engine)\n"
        f"peak: {least:,} bytes in use while {layout.peak_node} {node.kind} works, "
        f"in call {layout.peak_time + 1} of {len(layout.events)}; no arena for this order of work is smaller"
    )


def _as_data(layout: Layout) -> dict[str, Any]:
    """All numbers of the plan; `first` and `last` are calls of kernels, counted from 0."""
    plan = layout.plan
    return {
        "arena_bytes": plan.arena_bytes,
        "state_bytes": plan.state_bytes,
        "peak_bytes": layout.peak_bytes + plan.state_bytes,
        "peak_operator": layout.peak_node,
        "peak_call": layout.peak_time,
        "is_stream": bool(layout.program.period),
        "calls": [event.node for event in layout.events],
        "operators": [
            {
                "kind": node.kind,
                "shape": layout.shape_of(index),
                "rows_kept": layout.rows_kept(index),
                "bytes": layout.bytes_used(index),
                "rows": [_span(span) for span in layout.rows if span.node == index],
                "scratch": [_span(span) for span in layout.scratches if span.node == index],
                "copied_weights": [_span(span) for span in layout.copies if span.node == index],
            }
            for index, node in enumerate(layout.program.nodes)
        ],
    }


def _span(span: Span) -> dict[str, int]:
    return {name: value for name, value in vars(span).items() if name != "node"}
