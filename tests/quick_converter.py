"""TensorFlow's converter in the process of the tests, which need not load TensorFlow for every training."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from convlet import converter
from convlet.tensorflow_import import import_tensorflow
from numpy.typing import NDArray


class QuickConverter:
    """Takes the place of `quantize.Converter`."""

    def __enter__(self) -> QuickConverter:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def convert(self, keras_path: Path, samples: NDArray[np.float32], kinds: list[str]) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.save(folder / converter.SAMPLES, samples)
            converter.run_job(import_tensorflow(), keras_path, folder, kinds)
            return {kind: (folder / converter.RESULTS[kind]).read_bytes() for kind in kinds}
