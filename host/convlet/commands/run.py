"""`convlet run`: a model on the laptop, with the bits that the board would give, or on a board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from convlet.cli import Session, examples, json_option
from convlet.cvl_file import open_model
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.images import load_image

Ranking = list[tuple[str, float]]


@click.command(
    epilog=examples("convlet run photos.cvl my.png --top 3", "convlet run photos.cvl my.png --on pico")
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--top", type=click.IntRange(min=1), default=1, show_default=True, help="How many classes to show."
)
@click.option("--on", "emulated", type=click.Choice(["pico"]), help="Run it on this board, in an emulator.")
@click.option(
    "--port",
    help="Run it on the board there, such as /dev/ttyACM0, COM3 or socket://HOST:NUMBER; its files stay as they are.",
)
@json_option
@click.pass_obj
def command(
    session: Session,
    model: Path,
    images: tuple[Path, ...],
    top: int,
    emulated: str | None,
    port: str | None,
    as_json: bool,
) -> None:
    """Classify IMAGES (pictures, or .npy arrays) with the .cvl file MODEL, here or on a board."""
    if emulated and port:
        raise click.UsageError("--on and --port exclude each other")
    loaded = open_model(model)
    found = []
    for path, ranking in _rankings(session, model, loaded, images, top, emulated, port):
        found.append(
            {"image": str(path), "classes": [{"label": name, "probability": p} for name, p in ranking]}
        )
        if not as_json:
            text = ", ".join(f"{label} ({probability:.1%})" for label, probability in ranking)
            session.say(f"{path.name}: {text}")
    if as_json:
        session.print_json(found)


def _rankings(
    session: Session,
    model: Path,
    loaded: Model,
    images: tuple[Path, ...],
    top: int,
    emulated: str | None,
    port: str | None,
) -> Iterator[tuple[Path, Ranking]]:
    """Of each image, as they come; all are read before a board is started."""
    buffers = [load_image(path, loaded) for path in images]
    if not (emulated or port):
        for path, image in zip(images, buffers, strict=True):
            try:
                yield path, loaded.classify(image, top=top)
            except ValueError as error:  # such as of a stream, or a model of several inputs
                raise ConvletError(f"{path}: {error}") from error
        return
    from convlet.board_classifier import on_board, on_emulated_pico

    where = on_board(model, port, session.progress) if port else on_emulated_pico(model, session.progress)
    with where as board:
        for path, image in zip(images, buffers, strict=True):
            yield path, board.classify(image, top)
