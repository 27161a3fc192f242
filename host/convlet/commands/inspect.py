"""`convlet inspect`: what is in a `.cvl` or `.tflite` file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from convlet.cheaper import macs_of
from convlet.cli import Session, examples, json_option
from convlet.console import plain_table
from convlet.cvl_file import CvlFile, read_cvl
from convlet.engine import Model
from convlet.errors import naming
from convlet.file_kinds import is_cvl
from convlet.files import read_file
from convlet.format import CHOOSABLE, FLAG_STREAM, OPERATORS
from convlet.graph import Graph, Operator, Tensor
from convlet.tflite_reader import read_tflite
from convlet.window_cost import WindowCost, window_cost


@click.command(epilog=examples("convlet inspect photos.cvl"))
@click.argument("model", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def command(session: Session, model: Path, as_json: bool) -> None:
    """Show the operators of MODEL, a .cvl or .tflite file, and what goes in and comes out."""
    data = read_file(model, "the model")
    with naming(model):
        facts, table = _of_cvl(data) if is_cvl(model, data) else _of_tflite(data)
    if as_json:
        session.print_json({"file": str(model), "bytes": len(data), **facts})
        return
    table.columns[1].no_wrap = True
    table.title = Text(f"{model.name}, {len(data):,} bytes")
    session.console.print(table)
    for kind in ("inputs", "outputs"):
        for port in facts[kind]:
            zero_point = f"{-port['zero_point']:+d}".replace("+", "+ ").replace("-", "- ")
            text = (
                f"{kind[:-1]}: {_shape(port['shape'])}, real value = {port['scale']:.6g} * (q {zero_point})"
            )
            session.console.print(text, highlight=False, markup=False)


def _shape(values: Iterable[int | str]) -> str:
    return "x".join(map(str, values))


def _of_tflite(data: bytes) -> tuple[dict[str, Any], Table]:
    graph = read_tflite(data)
    table = plain_table("#", "Operator", "Input", "Output", "Weights", "MACs", "Options", words=7)
    table.columns[5].justify = "right"
    operators = [_operator(operator) for operator in graph.operators]
    for operator in operators:
        table.add_row(
            str(operator["position"]),
            operator["kind"],
            _shape(operator["input"]),
            _shape(operator["output"]),
            " ".join(map(_shape, operator["constants"])),
            f"{operator['macs']:,}" if operator["macs"] else "",
            " ".join(f"{name}={value}" for name, value in operator["options"].items()),
        )
    macs = sum(operator["macs"] for operator in operators)
    table.caption = f"{macs:,} multiplications"
    return {"macs": macs, **_tensors(graph), "operators": operators}, table


def _operator(operator: Operator) -> dict[str, Any]:
    return {
        "position": operator.position,
        "kind": operator.kind,
        "input": operator.inputs[0].rows,
        "output": operator.output.rows,
        "constants": [tensor.shape for tensor in operator.inputs[1:] if tensor.data is not None],
        "macs": macs_of(operator),
        "options": {name: value for name, value in operator.options.items() if name != "parts"},
    }


def _tensors(graph: Graph) -> dict[str, Any]:
    def described(tensor: Tensor) -> dict[str, Any]:
        is_quantized = len(tensor.scale) > 0  # real values at the borders of a model are not
        return {
            "name": tensor.name,
            "shape": tensor.rows,
            "type": tensor.type,
            "scale": float(tensor.tensor_scale) if is_quantized else 1.0,
            "zero_point": tensor.zero_point,
        }

    return {
        "inputs": [described(tensor) for tensor in graph.inputs],
        "outputs": [described(tensor) for tensor in graph.outputs],
    }


def _of_cvl(data: bytes) -> tuple[dict[str, Any], Table]:
    file, model = read_cvl(data), Model(data)
    header = {name: value for name, value in file.header.items() if name != "magic"}
    ports = [
        {"shape": shape, "scale": port["scale"], "zero_point": port["zero_point"]}
        for shape, port in zip((*model.input_shapes, *model.output_shapes), file.ports, strict=True)
    ]
    count = file.header["input_count"]
    operators = [{"kind": OPERATORS[operator["code"]], **operator} for operator in file.operators]
    cost = window_cost(data)
    facts = {
        "header": header,
        "labels": model.labels,
        "inputs": ports[:count],
        "outputs": ports[count:],
        "operators": operators,
        "window": cost and asdict(cost),
    }
    return facts, _cvl_table(file, cost)


def _cvl_table(file: CvlFile, cost: WindowCost | None) -> Table:
    is_stream = bool(file.header["flags"] & FLAG_STREAM)
    names = ("#", "Operator", "Reads", "Output", "Kernel", "Stride", "Rows", "Offset", "Bytes")
    table = plain_table(*names, words=6)
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
    if cost is not None:
        table.caption += (
            f"\nfrom a file, with window={cost.window_bytes} or more: {cost.ram_bytes:,} bytes of RAM for weights, "
            f"{cost.bytes_read:,} read for each {'step' if is_stream else 'image'}"
        )
    # What a build for this model alone is told, where `convlet firmware build --only` does not do it.
    table.caption += f"\nCVL_OPS: {' '.join(name for name in CHOOSABLE if name in file.kernels)}"
    return table
