"""`convlet export-c`: a model as a C header."""

from __future__ import annotations

from pathlib import Path

import click

from convlet.c_header import export_c, name_of
from convlet.cli import Session, examples, json_option, out_option


@click.command(epilog=examples("convlet export-c photos.cvl"))
@click.argument("model", type=click.Path(path_type=Path))
@out_option("File to write.", show_default="digits_cvl.h beside digits.cvl")
@click.option("--name", help="Name of the array.", show_default="digits_cvl of digits.cvl")
@json_option
@click.pass_obj
def command(session: Session, model: Path, out: Path | None, name: str | None, as_json: bool) -> None:
    """Write MODEL, a .tflite or .cvl file, as a C header: an aligned const array and its length."""
    header = out or model.with_name(f"{name_of(model)}.h")
    array = export_c(model, header, name)
    size = model.stat().st_size
    if as_json:
        session.print_json({"header": str(header), "array": array, "bytes": size})
        return
    session.say(f"{header}: {array}[{size}] and {array}_len")
