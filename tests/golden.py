"""The golden files of tests/vectors: models, images, and what they must give, on every machine and for ever.

Of each model: NAME.tflite, NAME.cvl, NAME.images (int8 images in a row), NAME.outputs (TFLM's int8 outputs).
Of the stream the images are a series of steps, and STREAM.tflite is for all of them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from chain import (
    Chain,
    digits_chain,
    moved_chain,
    padded_chain,
    reductions_chain,
    stream_chain,
    windows_chain,
)
from convlet.compile import compile_tflite
from convlet.vectors import seeded_image
from elementwise_models import elementwise_chain
from operator_models import tflm_outputs

FOLDER = Path(__file__).parent / "vectors"
IMAGES = 8


def golden_files() -> dict[str, bytes]:
    """The content of every golden file by its name."""
    return (
        _files("digits_like", digits_chain(), (8, 8, 1))
        | _files("moved", moved_chain(), (8, 12, 2))
        | _files("padded", padded_chain(), (9, 7, 3))
        | _files("windows", windows_chain(), (9, 8, 4))
        | _files("reductions", reductions_chain(), (20, 9, 5))
        | _files("elementwise", elementwise_chain(), (6, 5, 4))
        | _files("fast", _fast_chain(), (6, 9, 5), prefer="speed", weights_in_ram=600)
        | _stream_files()
    )


def _stream_files() -> dict[str, bytes]:
    """A stream: all images are one series of steps, several periods of its `.cvl` long, with an output for each."""
    steps = 8 * IMAGES
    series = seeded_image(2000, steps * 6).reshape(1, steps, 6)
    tflite = stream_chain(steps).build()
    return {
        "stream.tflite": tflite,
        "stream.cvl": compile_tflite(stream_chain(16).build(), vectors=1, stream=True).cvl,
        "stream.images": series.tobytes(),
        "stream.outputs": tflm_outputs(tflite, series[np.newaxis]).tobytes(),
    }


def _fast_chain() -> Chain:
    """Kernels with scratch: depthwise filters of both strides, convolutions of many channels, a dense layer. Some copy
    their weights.
    """
    chain = Chain((6, 9, 5), seed=200).depthwise().conv(6, padding="SAME")
    return chain.depthwise(1, (3, 3), (2, 2)).conv(7, (1, 1)).dense(2)


def _files(name: str, chain: Chain, shape: tuple[int, int, int], **options: Any) -> dict[str, bytes]:
    tflite, classes = chain.build(), math.prod(chain.shape)
    labels = [f"class {index}" for index in range(classes)]
    images = [seeded_image(1000 + i, math.prod(shape)).reshape(shape) for i in range(IMAGES - 2)]
    images += [np.full(shape, value, np.int8) for value in (-128, 127)]
    return {
        f"{name}.tflite": tflite,
        f"{name}.cvl": compile_tflite(tflite, labels, vectors=2, **options).cvl,
        f"{name}.images": np.array(images).tobytes(),
        f"{name}.outputs": tflm_outputs(tflite, np.array(images)).tobytes(),
    }
