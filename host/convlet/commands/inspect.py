"""`convlet inspect`: what is in a `.cvl` or `.tflite` file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from convlet.cli import Session
from convlet.cvl_file import read_cvl
from convlet.files import read_file
from convlet.format import CHOOSABLE, FLAG_STREAM, OPERATORS
from convlet.tflite_reader import read_tflite


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.pass_obj
def command(session: Session, model: Path) -> None:
    """Show the operators of MODEL, a .cvl or .tflite file."""
    data = read_file(model, "the model")
    table = _tflite_table(data) if model.suffix == ".tflite" else _cvl_table(data)
    table.columns[1].no_wrap = True
    table.title = Text(f"{model.name}, {len(data):,} bytes")
    session.console.print(table)


def _shape(values: Iterable[int | str]) -> str:
    return "x".join(map(str, values))


def _tflite_table(data: bytes) -> Table:
    table = Table(
        "#",
        "Operator",
        "Input",
        "Output",
        "Weights",
        "Options",
        box=box.SIMPLE,
        padding=(0, 1),
        pad_edge=False,
    )
    for operator in read_tflite(data).operators:
        weights = [_shape(tensor.shape) for tensor in operator.inputs[1:] if tensor.data is not None]
        options = " ".join(f"{name}={value}" for name, value in operator.options.items())
        shapes = _shape(operator.inputs[0].rows), _shape(operator.output.rows)
        table.add_row(str(operator.position), operator.kind, *shapes, " ".join(weights), options)
    return table


def _cvl_table(data: bytes) -> Table:
    file = read_cvl(data)
    is_stream = bool(file.header["flags"] & FLAG_STREAM)
    names = ("#", "Operator", "Reads", "Output", "Kernel", "Stride", "Rows", "Offset", "Bytes")
    table = Table(*names, box=box.SIMPLE, padding=(0, 1), pad_edge=False)
    for column in table.columns[6:]:
        column.justify = "right"
    for index, op in enumerate(file.operators):
        is_input = index < file.header["input_count"]
        ring_bytes = op["ring_rows"] * op["width"] * op["channels"]
        table.add_row(
            str(index),
            OPERATORS[op["code"]],
            "" if is_input else str(op["input"]),
            _shape(("*" if is_stream else op["height"], op["width"], op["channels"])),
            "" if is_input else f"{op['kernel_h']}x{op['kernel_w']}" if op["kernel_h"] else "all",
            "" if is_input else f"{op['stride_h']}x{op['stride_w']}",
            f"{op['ring_rows']}" if is_stream else f"{op['ring_rows']} of {op['height']}",
            str(op["offset"]),
            str(ring_bytes),
        )
    table.caption = f"arena {file.header['arena_bytes']:,} bytes, {file.header['vector_count']} test vectors"
    if is_stream:
        table.caption += ", a stream: * is time"
    # What a build for this model alone is told, where `convlet firmware build --only` does not do it.
    table.caption += f"\nCVL_OPS: {' '.join(name for name in CHOOSABLE if name in file.kernels)}"
    return table
