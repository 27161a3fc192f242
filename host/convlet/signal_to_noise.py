"""What int8 costs, layer by layer: the signal-to-noise ratio of a quantised model against its float original."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convlet.errors import ModelError
from convlet.float_model import FloatModel
from convlet.graph import Graph, Operator, Tensor
from convlet.ops import check_operators
from convlet.progress import SILENT, Progress
from convlet.quantization import INT8_MAX, INT8_MIN
from convlet.reference import run_operator
from convlet.tflite_reader import read_tflite

MOST_SAMPLES = 100  # whole tensors in numpy: more of them take long and change little
# A layer that adds noise of a tenth of its signal's amplitude is worth a look; most add a hundredth.
LEAST_DB = 20.0
_MANY_SATURATED = 0.001  # of the values of a tensor
_NARROW = 0.5  # of the range, for nearly all values
_FEW_STEPS = 16  # of 127, in the median channel of weights that share a scale
_MOST_DB = 150.0  # more is beyond what float32 can tell
_KEPT_VALUES = 100_000  # of each tensor, for the percentiles


@dataclass(frozen=True)
class LayerNoise:
    """A tensor of an int8 model, compared with the same tensor of the float model on the same samples.

    A ratio is 10 log10 of the float values' sum of squares by that of the differences, for each sample, and the mean of
    that: so a sample of large values does not hide the noise of the others. It is infinite without a difference in any.
    `snr_db` is that of the int8 model; `own_db` that of this operator alone, when it reads the float model's values,
    rounded to int8.

    `saturated`: the share of float values beyond the int8 range by more than half a step. `spread`: the width that
    holds 99.8 % of the float values, by that of the range. `position` is the operator's in the file, as in
    `convlet inspect`, -1 for the model's input. `advice` is empty unless the layer `is_noisy`.
    """

    position: int
    kind: str
    tensor: str
    shape: tuple[int, ...]
    snr_db: float
    own_db: float
    saturated: float
    spread: float
    advice: str = ""

    def __str__(self) -> str:
        return f"operator {self.position} ({self.kind})" if self.position >= 0 else "the input"

    @property
    def is_noisy(self) -> bool:
        """Whether it adds more noise than LEAST_DB allows."""
        return self.own_db < LEAST_DB


def measure_noise(
    float_tflite: bytes, int8_tflite: bytes, samples: NDArray[np.float32], progress: Progress = SILENT
) -> list[LayerNoise]:
    """The noise of the input and of each operator whose tensor the float model has too, by its name.

    samples: float32[N, ...input shape], of which the first MOST_SAMPLES are taken. Both files are of the same model:
    as TensorFlow's converter makes them, or a float `.tflite` and what `convlet quantize` makes of it.
    Raises ModelError when they have no tensor in common.

    >>> float_tflite, tflite = (Path(f"digits.{kind}").read_bytes() for kind in ("float.tflite", "tflite"))
    >>> layers = measure_noise(float_tflite, tflite, np.load("digits.test.npz")["images"])
    >>> [(layer.kind, layer.is_noisy) for layer in layers[:2]]
    [('INPUT', False), ('CONV_2D', False)]
    """
    graph = read_tflite(int8_tflite)
    check_operators(graph)
    model = FloatModel(float_tflite, "the float model")
    model.check_samples(samples)
    pairs = _pairs(graph, model)
    samples = samples[:MOST_SAMPLES]
    noises = {tensor: _Noise(tensor, len(samples)) for tensor in pairs}
    with progress.bar("int8 against float", len(samples)) as advance:
        for sample in samples:
            computed = model.run(sample)
            real = {
                tensor: computed[name].reshape(tensor.rows)
                for tensor, name in pairs.items()
                if name in computed
            }
            _add_sample(graph, real, noises)
            advance(1)
    return [_layer(graph, noise) for noise in noises.values() if noise.values]


def _pairs(graph: Graph, model: FloatModel) -> dict[Tensor, str]:
    """The float model's name of each tensor that both have. Names of inputs and outputs may differ."""
    pairs = {graph.inputs[0]: model.input}
    pairs |= {op.output: op.output.name for op in graph.operators if op.output.name in model.computed}
    pairs[graph.outputs[0]] = model.output
    sizes = {tensor: math.prod(tensor.rows) for tensor in pairs}
    pairs = {tensor: name for tensor, name in pairs.items() if model.size_of(name) == sizes[tensor]}
    if graph.inputs[0] not in pairs or len(pairs) < 2:
        raise ModelError(
            f"{model.what} is not what the int8 model was made from: they have no tensors of the same name and size"
        )
    order = [graph.inputs[0], *(operator.output for operator in graph.operators)]
    return {tensor: pairs[tensor] for tensor in order if tensor in pairs}


def _add_sample(graph: Graph, real: dict[Tensor, np.ndarray], noises: dict[Tensor, _Noise]) -> None:
    source = graph.inputs[0]
    values = {source: source.quantize(real[source])}
    noises[source].add(real[source], values[source], values[source])
    for operator in graph.operators:
        made = run_operator(operator, [values[tensor] for tensor in operator.computed])
        values[operator.output] = made
        if operator.output not in real:
            continue
        own = made
        if all(tensor in real for tensor in operator.computed):
            own = run_operator(operator, [tensor.quantize(real[tensor]) for tensor in operator.computed])
        noises[operator.output].add(real[operator.output], made, own)


@dataclass
class _Noise:
    """What is seen of one tensor over the samples."""

    tensor: Tensor
    samples: int
    ratios: list[float] = field(default_factory=list)
    own_ratios: list[float] = field(default_factory=list)
    values: int = 0
    saturated: int = 0
    kept: list[np.ndarray] = field(default_factory=list)

    def add(self, real: np.ndarray, made: np.ndarray, own: np.ndarray) -> None:
        exact = real.astype(np.float64)
        for values, ratios in ((made, self.ratios), (own, self.own_ratios)):
            noise = float(np.square(self.tensor.dequantize(values) - exact).sum())
            signal = float(np.square(exact).sum())
            if signal > 0:  # without one there is no ratio
                ratios.append(min(_MOST_DB, 10 * math.log10(signal / noise)) if noise else _MOST_DB)
        steps = exact / float(self.tensor.tensor_scale) + self.tensor.zero_point
        self.saturated += int(((steps > INT8_MAX + 0.5) | (steps < INT8_MIN - 0.5)).sum())
        self.values += real.size
        stride = -(-real.size * self.samples // _KEPT_VALUES)
        self.kept.append(real.ravel()[::stride])

    @property
    def spread(self) -> float:
        low, high = np.percentile(np.concatenate(self.kept), (0.1, 99.9))
        return float(high - low) / (float(self.tensor.tensor_scale) * (INT8_MAX - INT8_MIN))


def _mean(ratios: Sequence[float]) -> float:
    if not ratios or min(ratios) == _MOST_DB:
        return math.inf
    return float(np.mean(ratios))


def _layer(graph: Graph, noise: _Noise) -> LayerNoise:
    operator = graph.maker(noise.tensor)
    own_db = _mean(noise.own_ratios)
    return LayerNoise(
        position=operator.position if operator else -1,
        kind=operator.kind if operator else "INPUT",
        tensor=noise.tensor.name,
        shape=noise.tensor.rows,
        snr_db=_mean(noise.ratios),
        own_db=own_db,
        saturated=noise.saturated / noise.values,
        spread=noise.spread,
        advice=_advice(operator, noise) if own_db < LEAST_DB else "",
    )


def _advice(operator: Operator | None, noise: _Noise) -> str:
    """What helps against the noise of this layer, by what is seen of its values and weights."""
    saturated = noise.saturated / noise.values
    if saturated > _MANY_SATURATED:
        return (
            f"{saturated:.1%} of its values lie outside its range: quantise with samples that are more like these, "
            "or with --calibration min-max"
        )
    if noise.spread < _NARROW:
        other = "bound it in the model (ReLU6)" if operator else "clip the data"
        return (
            f"99.8% of its values use {noise.spread:.0%} of its range, which few large ones widen: "
            f"try --calibration percentile or mse, or {other}"
        )
    if operator and (steps := _median_steps(operator)) < _FEW_STEPS:
        return (
            f"its weights have one scale for all channels, and half of the channels use at most {steps} of its 127 "
            "steps: quantise with a scale for each channel (convlet quantize does)"
        )
    return "give the layer more channels, or train with quantisation in the loop"


def _median_steps(operator: Operator) -> int:
    """Of weights with one scale for all channels: the largest stored value in the median channel; else INT8_MAX."""
    for tensor in operator.inputs:
        if tensor.data is None or tensor.constant.dtype != np.int8 or tensor.constant.ndim < 2:
            continue
        if len(tensor.scale) == 1:
            axis = -1 if operator.kind == "DEPTHWISE_CONV_2D" else 0
            channels = np.moveaxis(np.abs(tensor.constant.astype(int)), axis, 0)
            return int(np.median(channels.reshape(len(channels), -1).max(axis=1)))
    return INT8_MAX


def warnings_of(layers: Sequence[LayerNoise]) -> list[str]:
    """A sentence for each noisy layer: what it is, how noisy, and what helps."""
    return [
        f"{layer} has {layer.own_db:.1f} dB alone, expected {LEAST_DB:.0f}: {layer.advice}"
        for layer in layers
        if layer.is_noisy
    ]
