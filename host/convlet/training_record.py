"""What only the training knows of a model, kept for the report: its layers, its curves, and how its data were split."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convlet.datasets import Dataset, Part
from convlet.errors import ConvletError
from convlet.figures import Curves
from convlet.files import read_file


@dataclass(frozen=True)
class Layer:
    """A layer of a Keras model. `shape` is its output's without the batch; `inputs` names the layers that it reads.

    `settings` has what tells it from others of its kind, such as "3x3, relu".
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    settings: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class TrainingRecord:
    """`NAME.training.json`. `class_counts`: for each part of the data its samples of each class.

    `warm_up`: of a model that answers at each step of a series, the first steps that do not count.
    """

    layers: tuple[Layer, ...]
    curves: Curves
    class_counts: Mapping[str, Sequence[int]]
    note: str
    warm_up: int = 0

    def to_json(self) -> bytes:
        return json.dumps(dataclasses.asdict(self), indent=1).encode() + b"\n"


def read_record(path: Path) -> TrainingRecord:
    """The record in `path`. Raises ConvletError when there is none, or it is damaged."""
    data = read_file(path, "the record of a training")
    try:
        fields = json.loads(data)
        layers = [
            Layer(**{**layer, "shape": tuple(layer["shape"]), "inputs": tuple(layer["inputs"])})
            for layer in fields.pop("layers")
        ]
        return TrainingRecord(layers=tuple(layers), curves=Curves(**fields.pop("curves")), **fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConvletError(f"{path} is no record of a training: {error}") from error


def class_counts(data: Dataset) -> dict[str, list[int]]:
    """How many samples of each class are in each part. Where each step of a series has a label, the last one counts."""
    parts = {"train": data.train, "validation": data.validation, "test": data.test}
    return {name: _counts(part, len(data.class_names)) for name, part in parts.items()}


def _counts(part: Part, classes: int) -> list[int]:
    return np.bincount(last_labels(part.labels), minlength=classes).tolist()


def last_labels(labels: np.ndarray) -> np.ndarray:
    """int64[N]: the label of each sample, of a series that of its last step."""
    return labels.reshape(len(labels), -1)[:, -1]


def layers_of(model: Any) -> tuple[Layer, ...]:
    """The layers of a Keras model, the inputs first, in the order of `model.summary()`."""
    inputs = _inputs_of(model.get_config()["layers"])
    return tuple(
        Layer(
            name=layer.name,
            kind=type(layer).__name__,
            shape=_shape(layer),
            parameters=layer.count_params(),
            settings=_settings(layer),
            inputs=inputs[layer.name],
        )
        for layer in (model._layers if hasattr(model, "_layers") else model.layers)
    )


def _shape(layer: Any) -> tuple[int, ...]:
    output = layer.output[0] if isinstance(layer.output, list) else layer.output
    return tuple(size or 0 for size in output.shape[1:])


def _inputs_of(configs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """By layer the names of those that it reads; the layers of a Sequential model read the one before."""
    found: dict[str, tuple[str, ...]] = {}
    for index, config in enumerate(configs):
        name = config.get("name") or config["config"]["name"]
        if "inbound_nodes" in config:
            found[name] = tuple(dict.fromkeys(_histories(config["inbound_nodes"])))
        else:
            found[name] = tuple(list(found)[-1:]) if index else ()
    return found


def _histories(config: Any) -> list[str]:
    """The names of the layers whose tensors a Keras config speaks of."""
    if isinstance(config, Mapping):
        if config.get("class_name") == "__keras_tensor__":
            return [config["config"]["keras_history"][0]]
        return [name for value in config.values() for name in _histories(value)]
    if isinstance(config, (list, tuple)):
        return [name for value in config for name in _histories(value)]
    return []


def _settings(layer: Any) -> str:
    config = layer.get_config()
    words = []
    for key in ("kernel_size", "pool_size"):
        if size := config.get(key):
            words.append("x".join(map(str, size)) if isinstance(size, (list, tuple)) else str(size))
    if any(stride != 1 for stride in _sizes(config.get("strides"))) and "pool_size" not in config:
        words.append("stride " + "x".join(map(str, _sizes(config["strides"]))))
    if any(rate != 1 for rate in _sizes(config.get("dilation_rate"))):
        words.append("dilation " + "x".join(map(str, _sizes(config["dilation_rate"]))))
    if config.get("padding") in ("same", "causal"):
        words.append(config["padding"])
    if isinstance(config.get("activation"), str) and config["activation"] != "linear":
        words.append(config["activation"])
    if config.get("rate"):
        words.append(f"{config['rate']:g}")
    return ", ".join(words)


def _sizes(value: Any) -> list[int]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
