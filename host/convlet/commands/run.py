"""`convlet run`: a model on the laptop, with the bits that the board would give."""

from __future__ import annotations

from pathlib import Path

import click

from convlet.cli import Session, json_option
from convlet.engine import Model
from convlet.errors import ConvletError
from convlet.images import load_image


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(min=1), default=1, show_default=True, help="Classes to show.")
@json_option
@click.pass_obj
def command(session: Session, model: Path, images: tuple[Path, ...], top: int, as_json: bool) -> None:
    """Classify IMAGES (pictures, or .npy arrays) with the .cvl file MODEL."""
    try:
        loaded = Model(model)
    except (ValueError, OSError) as error:
        raise ConvletError(f"{model}: {error}") from error
    rankings = ((path, loaded.classify(load_image(path, loaded), top=top)) for path in images)
    if as_json:
        found = [
            {"image": str(path), "classes": [{"label": label, "probability": p} for label, p in ranking]}
            for path, ranking in rankings
        ]
        session.print_json(found)
        return
    for path, ranking in rankings:
        text = ", ".join(f"{label} ({probability:.1%})" for label, probability in ranking)
        session.console.print(f"{path.name}: {text}", highlight=False, markup=False, soft_wrap=True)
