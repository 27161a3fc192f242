"""`convlet bench`: executed instructions of one inference, for each model on each processor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table

from convlet import bench, bench_build
from convlet.bench import Baseline, Measurement
from convlet.bench_figure import draw_instructions
from convlet.cli import Session, examples, json_option, out_option
from convlet.compile import compile_tflite
from convlet.errors import naming
from convlet.files import read_file, replacing, write_atomic
from convlet.peers import instructions_of_peers
from convlet.variants import PREFERENCES


@click.command(epilog=examples("convlet bench photos.tflite --core m0plus --profile"))
@click.argument("tflites", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="TFLITE...")
@click.option(
    "--core",
    "cores",
    type=click.Choice(list(bench_build.CORES)),
    multiple=True,
    help="Processor to count on; may be given several times. xtensa is the LX106, xtensawin one with register windows "
    "as the ESP32 has.",
    show_default="m0plus and m4",
)
@click.option(
    "--prefer",
    type=click.Choice(PREFERENCES),
    default="balance",
    show_default=True,
    help="As for `convlet compile`.",
)
@click.option("--profile", is_flag=True, help="Also show what each operator takes.")
@click.option(
    "--functions", is_flag=True, help="Also show what each function takes, which needs seconds for a million."
)
@click.option(
    "--layers", is_flag=True, help="Also run it layer by layer, every tensor whole, and compare with that."
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="Compare with the counts in this JSON file."
)
@out_option("File for all that was measured, as JSON.")
@click.option("--chart", type=click.Path(path_type=Path), help="PNG file to draw, beside what peers take.")
@json_option
@click.pass_obj
def command(
    session: Session,
    tflites: tuple[Path, ...],
    cores: tuple[str, ...],
    prefer: str,
    profile: bool,
    functions: bool,
    layers: bool,
    baseline: Path | None,
    out: Path | None,
    chart: Path | None,
    as_json: bool,
) -> None:
    """Count the instructions that one inference of each int8 TFLITE file executes, in an emulator."""
    before = bench.read_baseline(baseline) if baseline else {}
    engines = [bench_build.build(bench_build.CORES[name]) for name in cores or ("m0plus", "m4")]
    found: list[Measurement] = []
    whole: list[Measurement] = []
    by_function: list[dict[str, int]] = []
    for path in tflites:
        with naming(path):
            compiled = compile_tflite(read_file(path, "the model"), prefer=prefer)
        found += [bench.measure(engine, path.stem, compiled) for engine in engines]
        by_function += [bench.functions_of(engine, compiled) for engine in engines if functions]
        if layers:
            by_layers = bench.layer_by_layer(compiled)
            whole += [bench.measure(engine, path.stem, by_layers) for engine in engines]
    data = _as_data(found, whole, by_function)
    if out:
        write_atomic(out, (json.dumps(data, indent=2) + "\n").encode())
    if chart:
        with replacing(chart) as drawn:
            draw_instructions(found, drawn)
    if as_json:
        session.print_json(data)
        return
    session.console.print(_speed(found, before))
    session.console.print(_memory(found))
    if layers:
        session.console.print(_layers(found, whole))
    for each, counts in zip(found, by_function, strict=False):
        session.console.print(_functions(_title(each), counts))
    for each in found if profile else ():
        session.console.print(_profile(each))


def _as_data(
    found: Sequence[Measurement], whole: Sequence[Measurement], by_function: Sequence[dict[str, int]]
) -> list[dict[str, Any]]:
    """All of each measurement; where they were asked for, with `layer_by_layer` and `functions`."""
    data: list[dict[str, Any]] = [asdict(each) for each in found]
    for entry, layers in zip(data, whole, strict=False):
        entry["layer_by_layer"] = {"instructions": layers.instructions, "arena": layers.arena}
    for entry, counts in zip(data, by_function, strict=False):
        entry["functions"] = counts
    return data


def _plain_table(*names: str, texts: int) -> Table:
    """`texts`: columns that hold words; the others hold numbers."""
    table = Table(*names, box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.columns[0].overflow = "ellipsis"  # what gives way in a narrow terminal
    for column in table.columns[texts:]:
        column.justify, column.no_wrap = "right", True
    return table


def _speed(found: Sequence[Measurement], before: Baseline) -> Table:
    names = ("Model", "Core", "Instructions", "per MAC", "Best peer", "Ratio")
    table = _plain_table(*names, *(["Change"] if before else []), texts=2)
    for each in found:
        best = min(instructions_of_peers(each.model, each.core).values(), default=0)
        old = before.get(each.model, {}).get(each.core)
        change = [f"{each.instructions / old - 1:+.1%}" if old else "new"] if before else []
        table.add_row(
            each.model,
            each.core,
            f"{each.instructions:,}",
            f"{each.per_mac:.2f}",
            f"{best:,}" if best else "",
            f"{each.instructions / best:.2f}" if best else "",
            *change,
        )
    return table


def _memory(found: Sequence[Measurement]) -> Table:
    names = ("Model", "Core", "Arena", "Stack", "Engine", "Load", "Stack of it")
    table = _plain_table(*names, texts=2)
    for each in found:
        numbers = (each.arena, each.stack, each.text, each.load, each.load_stack)
        table.add_row(each.model, each.core, *(f"{number:,}" for number in numbers))
    table.caption = "bytes, but for the instructions of loading the file"
    return table


def _layers(found: Sequence[Measurement], whole: Sequence[Measurement]) -> Table:
    """What it costs to work row by row: `whole` are the same models, layer by layer."""
    names = ("Model", "Core", "Row by row", "By layers", "Cost", "Arena", "By layers")
    table = _plain_table(*names, texts=2)
    for rows, layers in zip(found, whole, strict=True):
        cost = f"{rows.instructions / layers.instructions - 1:+.2%}"
        counts = f"{rows.instructions:,}", f"{layers.instructions:,}", cost
        table.add_row(rows.model, rows.core, *counts, f"{rows.arena:,}", f"{layers.arena:,}")
    return table


def _title(measured: Measurement) -> str:
    return f"{measured.model} on {bench_build.CORES[measured.core].title}"


def _functions(title: str, counts: dict[str, int]) -> Table:
    table = _plain_table("Function", "Instructions", "Share", texts=1)
    table.title = title
    whole = sum(counts.values())
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{count / whole:.1%}")
    return table


def _profile(measured: Measurement) -> Table:
    table = _plain_table("#", "Operator", "Instructions", "Share", "MACs", "per MAC", texts=2)
    table.title = _title(measured)
    for index, kernel in enumerate(measured.kernels):
        share = kernel.instructions / measured.instructions
        per_mac = f"{kernel.instructions / kernel.macs:.2f}" if kernel.macs else ""
        macs = f"{kernel.macs:,}" if kernel.macs else ""
        table.add_row(str(index), kernel.operator, f"{kernel.instructions:,}", f"{share:.1%}", macs, per_mac)
    share = measured.schedule / measured.instructions
    table.add_row("", "between the kernels", f"{measured.schedule:,}", f"{share:.1%}", "", "")
    return table
