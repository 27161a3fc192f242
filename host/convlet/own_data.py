"""Recipes for data of the user's own: an architecture of the zoo, or a Keras model, trained on a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from convlet.converter import first_lines, load_model
from convlet.datasets import Dataset, Part
from convlet.datasets.folder import Samples, is_series, read_samples, split_by_class
from convlet.errors import ConvletError, ModelError
from convlet.file_kinds import require_keras
from convlet.progress import SILENT, Progress
from convlet.recipe import Recipe
from convlet.tasks import Classification, StepClassification
from convlet.tensorflow_import import import_tensorflow
from convlet.zoo import NAMES, find_recipe

CLASSIFIERS = tuple(name for name in NAMES if isinstance(find_recipe(name).task, Classification))
FOR_PICTURES, FOR_SERIES = "lenet5", "motion_conv1d"  # where the user names no model
EPOCHS, BATCH_SIZE = 30, 32  # of a model of the user's own
# The zoo's recipes are for thousands of samples. Of few the batches are smaller, and all are seen more often.
LEAST_BATCHES = 8  # in an epoch
LEAST_STEPS, MOST_EPOCHS = 800, 100
# Changes of a recipe, by the name that the user gives them.
AUGMENTATIONS: Mapping[str, Mapping[str, Any]] = {
    "shift": {"shift": 0.1},
    "flip": {"flip": True},
    "rotate": {"rotate": 0.05},
    "zoom": {"zoom": 0.15},
    "noise": {"noise": 0.02},
}
_FOR_SERIES_TOO = ("noise",)


@dataclass(frozen=True)
class OwnModel:
    """A model before it has its data. `name` is what the user calls it.

    `shape` is that of its inputs; `classes` how many values it gives, None where it is made for any number.
    """

    name: str
    recipe: Recipe
    shape: tuple[int, ...]
    classes: int | None


def own_recipe(
    name: str,
    data: Path,
    model: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    augment: tuple[str, ...] = (),
    seed: int = 0,
    progress: Progress = SILENT,
) -> Recipe:
    """A recipe called `name` for `train.train_recipe`: the data are read, and split by `seed`.

    Args: `model` is a classifier of the zoo or a .keras file; `size` the height and width that pictures are scaled to,
    `channels` 1 for grey or 3, by default those of the model; `augment` are names of AUGMENTATIONS.
    Raises ConvletError when the data cannot be used, or do not suit the model.

    >>> recipe = own_recipe("pets", Path("pets"), "lenet5", size=(32, 32), augment=("flip",))
    >>> data = recipe.load_data()
    >>> data.class_names, data.train.images.shape
    (('cat', 'dog'), (6, 32, 32, 1))

    `train.train_recipe(recipe, Path("out"))` trains it.
    """
    if not data.exists():
        raise ConvletError(f"there is no data {data}")
    chosen = _find_model(model or (FOR_SERIES if is_series(data) else FOR_PICTURES), size, channels)
    progress.step(f"Reading {data}")
    samples = read_samples(data, chosen.shape, progress)
    _check(chosen, samples, augment)
    dataset = _with_labels_for(chosen.recipe, split_by_class(samples, seed))
    changes: dict[str, Any] = _lengths(chosen.recipe, len(dataset.train))
    for each in augment:
        changes |= AUGMENTATIONS[each]
    recipe = replace(chosen.recipe, shift=0.0)  # that of the zoo is for digits
    return replace(
        recipe,
        name=name,
        load_data=lambda: dataset,
        build=_builder(chosen, samples),
        input_shape=samples.images.shape[1:],
        pixels=samples.pixels,
        **changes,
    )


def _lengths(recipe: Recipe, samples: int) -> dict[str, Any]:
    """Batch size and epochs with which so few samples are learnt, too."""
    batch_size = min(recipe.batch_size, max(1, samples // LEAST_BATCHES))
    epochs = min(MOST_EPOCHS, -(-LEAST_STEPS // -(-samples // batch_size)))
    return {"batch_size": batch_size, "epochs": max(recipe.epochs, epochs)}


def _find_model(model: str, size: tuple[int, int] | None, channels: int | None) -> OwnModel:
    if model in CLASSIFIERS:
        recipe = find_recipe(model)
        return OwnModel(model, recipe, _wanted(recipe.input_shape, size, channels), None)
    if not model.endswith(".keras"):
        raise ConvletError(f"there is no model {model}; expected a .keras file, or {', '.join(CLASSIFIERS)}")
    path = Path(model)
    require_keras(path)
    loaded = load_model(import_tensorflow(), path)
    fixed = loaded.input_shape[1:]
    shape = _wanted(fixed, size, channels)
    if any(have not in (None, want) for have, want in zip(fixed, shape, strict=True)):
        raise ConvletError(f"{model} takes inputs of {_text(fixed)}, but {_text(shape)} are asked for")
    if len(shape) == 3 and None in shape:
        raise ConvletError(f"{model} takes images of {_text(fixed)}: choose one with --size and --colour")
    return OwnModel(model, _recipe_of(loaded, path), shape, loaded.output_shape[-1])


def _wanted(shape: tuple[int, ...], size: tuple[int, int] | None, channels: int | None) -> tuple[int, ...]:
    """The shape with what the user asks for in its place; only pictures have a size."""
    return (*(size or shape[:2]), channels or shape[2]) if len(shape) == 3 else shape


def _recipe_of(loaded: Any, path: Path) -> Recipe:
    """Of a Keras model, which goes on from the weights that it has."""
    axes = len(loaded.output_shape)
    if axes not in (2, 3):
        raise ModelError(
            f"{path} gives values of {_text(loaded.output_shape[1:])}, expected one for each class"
        )
    last = loaded.layers[-1]
    name = getattr(getattr(last, "activation", None), "__name__", type(last).__name__)
    from_logits = name.lower() != "softmax"
    return Recipe(
        name=path.stem,
        summary="a model of the user's own",
        load_data=_no_data,
        build=lambda tf, shape, classes: load_model(tf, path),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        task=Classification(from_logits) if axes == 2 else StepClassification(0, from_logits),
    )


def _no_data() -> Dataset:
    raise AssertionError("own_recipe puts the data in")


def _check(model: OwnModel, samples: Samples, augment: tuple[str, ...]) -> None:
    """Raises ConvletError when the data are not what the model takes and gives."""
    found, classes, task = samples.images.shape[1:], len(samples.class_names), model.recipe.task
    fits = len(found) == len(model.shape) and (
        model.classes is None
        or all(want in (None, have) for want, have in zip(model.shape, found, strict=True))
    )
    if not fits:
        raise ConvletError(f"{model.name} takes inputs of {_text(model.shape)}, the data are {_text(found)}")
    if model.classes not in (None, classes):
        raise ConvletError(
            f"{model.name} gives {model.classes} values, but the data have {classes} classes: "
            f"{', '.join(samples.class_names)}"
        )
    if isinstance(task, StepClassification) and found[0] <= task.warm_up:
        raise ConvletError(
            f"the series have {found[0]} steps; {model.name} needs more than {task.warm_up}, which its answers look at"
        )
    for each in augment:
        if len(found) == 2 and each not in _FOR_SERIES_TOO:
            raise ConvletError(f"--augment {each} is for pictures, the data are series")


def _with_labels_for(recipe: Recipe, data: Dataset) -> Dataset:
    """The data with a label for each step, where the model answers at each."""
    if not isinstance(recipe.task, StepClassification):
        return data

    def at_each_step(part: Part) -> Part:
        return Part(part.images, np.repeat(part.labels[:, np.newaxis], part.images.shape[1], axis=1))

    train, validation, test = map(at_each_step, (data.train, data.validation, data.test))
    return replace(data, train=train, validation=validation, test=test)


def _builder(model: OwnModel, samples: Samples) -> Callable[[Any], Any]:
    shape, classes = samples.images.shape[1:], len(samples.class_names)

    def build(tf: Any) -> Any:
        try:
            return model.recipe.build(tf, shape, classes)
        except ValueError as error:  # Keras', when nothing is left of an image behind all the windows
            raise ConvletError(
                f"{model.name} cannot be made for inputs of {_text(shape)}, which may be too small: "
                f"{first_lines(error, 1)}"
            ) from error

    return build


def _text(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape)
