"""Trains a model of the zoo and leaves all that the next steps need in one folder."""

from __future__ import annotations

import dataclasses
import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet import evaluate, figures, quantize
from convlet.datasets import Dataset, Images, Part
from convlet.errors import ConvletError
from convlet.evaluate import Int8Result, Quantization
from convlet.files import replacing, write_atomic
from convlet.keras_file import keras_bytes
from convlet.locks import alone_in
from convlet.model_diagram import model_svg
from convlet.progress import SILENT, Advance, Progress
from convlet.recipe import Recipe
from convlet.tasks import StepClassification
from convlet.tensorflow_import import import_tensorflow
from convlet.training_record import TrainingRecord, class_counts, last_labels, layers_of
from convlet.zoo import find_recipe

SEED = 1337
# Batches run per call into TensorFlow: the overhead of a call costs more than a batch of such small models.
BATCHES_PER_CALL = 17
# Samples that the ranges of int8 are taken from: more of them take time and hardly widen the ranges.
MOST_REPRESENTATIVE = 1200


@dataclass(frozen=True)
class TrainedFiles:
    """Where `train` puts its results: NAME.keras, NAME.tflite and so on in one folder."""

    folder: Path
    name: str

    @property
    def keras(self) -> Path:
        return self.folder / f"{self.name}.keras"

    @property
    def float_tflite(self) -> Path:
        return self.folder / f"{self.name}.float.tflite"

    @property
    def tflite(self) -> Path:
        """The int8 model."""
        return self.folder / f"{self.name}.tflite"

    @property
    def labels(self) -> Path:
        """The names of the classes, one a line; only a model of classes has it."""
        return self.folder / f"{self.name}.labels.txt"

    @property
    def test_split(self) -> Path:
        """images and labels: see `datasets.Part`."""
        return self.folder / f"{self.name}.test.npz"

    @property
    def record(self) -> Path:
        """See `training_record`: layers, curves and the split of the data, for the report."""
        return self.folder / f"{self.name}.training.json"

    @property
    def summary(self) -> Path:
        """Keras' summary of the model."""
        return self.folder / f"{self.name}.summary.txt"

    @property
    def diagram(self) -> Path:
        return self.folder / f"{self.name}.model.svg"

    @property
    def data(self) -> Path:
        """Samples of each class, and how many there are; only a model of classes has it."""
        return self.folder / f"{self.name}.data.png"

    @property
    def predictions(self) -> Path:
        """The int8 model's first answers on the test split; only a model of classes has it."""
        return self.folder / f"{self.name}.predictions.png"

    @property
    def curves(self) -> Path:
        return self.folder / f"{self.name}.curves.png"

    def picture(self, kind: str) -> Path:
        """Of the int8 model's outputs; `kind` is the `picture` of the model's task."""
        return self.folder / f"{self.name}.{kind}.png"

    @property
    def metrics(self) -> Path:
        return self.folder / f"{self.name}.metrics.json"


@dataclass(frozen=True)
class Metrics:
    """What the models reach on the test split, and their sizes; `NAME.metrics.json` holds the same.

    The scores are what `measure` names: an accuracy from 0 to 1, or a PSNR in dB.
    """

    epochs: int
    seed: int
    parameters: int
    test_images: int
    measure: str
    keras_score: float
    float_tflite_score: float
    int8_tflite_score: float
    int8_interpreter: str
    keras_bytes: int
    float_tflite_bytes: int
    int8_tflite_bytes: int
    input: Quantization
    output: Quantization


@dataclass(frozen=True)
class Trained:
    """The result of `train`. `interrupted`: Ctrl-C ended the training, and the best weights till then were taken."""

    files: TrainedFiles
    metrics: Metrics
    recipe: Recipe
    interrupted: bool = False


def train(
    name: str,
    folder: Path,
    *,
    epochs: int | None = None,
    seed: int = SEED,
    deterministic: bool = False,
    progress: Progress = SILENT,
) -> Trained:
    """Train the zoo's model `name` and write its files into `folder`; `epochs` defaults to the recipe's.

    `deterministic` gives the same bytes in every run on one machine, and trains a little slower. After Ctrl-C in the
    training the weights of the epoch with the least validation loss are taken, if one is done.
    Raises ConvletError when there is no such model, or nothing can be written into `folder`, or another process trains
    into it; ToolError when TensorFlow is missing.

    >>> trained = train("digits", Path("digits"), epochs=1)
    >>> trained.files.tflite.name, trained.metrics.test_images
    ('digits.tflite', 360)
    """
    recipe = find_recipe(name)
    return train_recipe(
        recipe, folder, epochs=epochs, seed=seed, deterministic=deterministic, progress=progress
    )


def train_recipe(
    recipe: Recipe,
    folder: Path,
    *,
    epochs: int | None = None,
    seed: int = SEED,
    deterministic: bool = False,
    progress: Progress = SILENT,
) -> Trained:
    """The same for any recipe, such as one of `own_data.own_recipe`; its name begins the names of the files.

    Raises what `train` raises.

    >>> recipe = dataclasses.replace(find_recipe("digits"), name="few", epochs=1)
    >>> train_recipe(recipe, Path("few")).files.tflite.name
    'few.tflite'
    """
    epochs = recipe.epochs if epochs is None else epochs
    files = TrainedFiles(Path(folder), recipe.name)
    _check_writable(files.folder)
    with alone_in(files.folder):
        return _train(recipe, files, epochs, seed, deterministic, progress)


def _train(
    recipe: Recipe, files: TrainedFiles, epochs: int, seed: int, deterministic: bool, progress: Progress
) -> Trained:
    progress.step("Loading TensorFlow")
    with quantize.Converter() as converter:
        tf = import_tensorflow()
        data = recipe.load_data()
        if data.note:
            progress.detail(data.note)
        _seed(tf, seed, deterministic)
        model = recipe.build(tf)
        summary = _summary(model)
        fitted = _fit(tf, model, recipe, data, epochs, progress)
        progress.step("Converting to float and int8 .tflite")
        write_atomic(files.keras, keras_bytes(model))
        tflite = _convert(converter, fitted.interrupted, files, _representative(recipe, data))
    write_atomic(files.float_tflite, tflite["float"])
    write_atomic(files.tflite, tflite["int8"])
    if labels := recipe.task.labels(data):
        write_atomic(files.labels, "".join(f"{label}\n" for label in labels).encode())
    write_atomic(files.test_split, _npz_bytes(data.test))

    progress.step(f"Measuring on the {len(data.test):,} test images")
    int8 = evaluate.run_int8(tflite["int8"], data.test.images)
    metrics = _measure(model, recipe, data, files, fitted.epochs, seed, int8)
    _draw(recipe, fitted.curves, int8, data, files)
    _describe(model, recipe, fitted.curves, data, files)
    write_atomic(files.summary, summary)
    write_atomic(files.metrics, json.dumps(dataclasses.asdict(metrics), indent=2).encode() + b"\n")
    return Trained(files, metrics, recipe, fitted.interrupted)


def _representative(recipe: Recipe, data: Dataset) -> Images:
    """The samples that the ranges of int8 are taken from."""
    samples = data.train.images[:MOST_REPRESENTATIVE]
    if not recipe.pixels:
        return samples
    full = samples[:1].copy()
    full.reshape(-1)[:1], full.reshape(-1)[-1:] = 0, 1
    return np.concatenate([samples, full])


def _convert(
    converter: quantize.Converter, interrupted: bool, files: TrainedFiles, samples: Images
) -> dict[str, bytes]:
    if interrupted:  # a terminal sends Ctrl-C to the converter's process as well
        with quantize.Converter() as another:
            return another.convert(files.keras, samples, ["float", "int8"])
    return converter.convert(files.keras, samples, ["float", "int8"])


def _check_writable(folder: Path) -> None:
    """Make `folder`. Raises ConvletError, now rather than after the training, when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ConvletError(f"cannot write into {folder}: {error.strerror}") from error


def _seed(tf: Any, seed: int, deterministic: bool) -> None:
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


@dataclass(frozen=True)
class _Fitted:
    """How the training went; `epochs` are those that were done."""

    curves: figures.Curves
    epochs: int
    interrupted: bool


class _Best:
    """Follows a training: the history so far, as Keras keeps it, and the weights of the best epoch."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.history: dict[str, list[float]] = {}
        self.weights: list[NDArray[Any]] = []

    def after_epoch(self, logs: Mapping[str, float]) -> None:
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        losses = self.history["val_loss"]
        if losses[-1] == min(losses):
            self.weights = self.model.get_weights()


def _fit(tf: Any, model: Any, recipe: Recipe, data: Dataset, epochs: int, progress: Progress) -> _Fitted:
    task = recipe.task
    batches = -(-len(data.train) // recipe.batch_size)
    learner = _augmented(tf, model, recipe)
    learner.compile(
        optimizer=tf.keras.optimizers.Adam(_learning_rate(tf, recipe, epochs * batches)),
        loss=task.loss(tf),
        metrics=task.metrics(),
        steps_per_execution=BATCHES_PER_CALL,
    )
    progress.step(f"Training {recipe.name}: {model.count_params():,} parameters, {len(data.train):,} images")
    best, interrupted = _Best(model), False
    try:
        with progress.bar(f"{epochs} epochs", epochs) as advance:
            learner.fit(
                data.train.images,
                task.targets(data.train),
                batch_size=recipe.batch_size,
                epochs=epochs,
                validation_data=(data.validation.images, task.targets(data.validation)),
                verbose=0,
                callbacks=[_after_each_epoch(tf, best, advance)],
            )
    except KeyboardInterrupt:
        if not best.weights:
            raise
        interrupted = True
        model.set_weights(best.weights)
    done = len(best.history["loss"])
    if interrupted:
        progress.step(f"Interrupted after {done} epochs: going on with the best weights so far")
    return _Fitted(task.curves(best.history), done, interrupted)


def _augmented(tf: Any, model: Any, recipe: Recipe) -> Any:
    """A model that shares `model`'s weights, and changes its inputs at random while it learns; or the same."""
    layers, fill = tf.keras.layers, {"fill_mode": "constant"}
    changes = [
        layers.RandomFlip("horizontal") if recipe.flip else None,
        layers.RandomRotation(recipe.rotate, **fill) if recipe.rotate else None,
        layers.RandomZoom(recipe.zoom, **fill) if recipe.zoom else None,
        layers.RandomTranslation(recipe.shift, recipe.shift, **fill) if recipe.shift else None,
        layers.GaussianNoise(recipe.noise) if recipe.noise else None,
    ]
    if not any(changes):
        return model
    return tf.keras.Sequential([tf.keras.Input(model.input_shape[1:]), *filter(None, changes), model])


def _learning_rate(tf: Any, recipe: Recipe, steps: int) -> Any:
    if not recipe.anneals:
        return recipe.learning_rate
    return tf.keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)


def _after_each_epoch(tf: Any, best: _Best, advance: Advance) -> Any:
    def done(epoch: int, logs: Mapping[str, float]) -> None:
        best.after_epoch(logs)
        advance(1)

    return tf.keras.callbacks.LambdaCallback(on_epoch_end=done)


def _npz_bytes(part: Part) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=part.images, labels=part.labels)
    return buffer.getvalue()


def _measure(
    model: Any,
    recipe: Recipe,
    data: Dataset,
    files: TrainedFiles,
    epochs: int,
    seed: int,
    int8: Int8Result,
) -> Metrics:
    test, score = data.test, recipe.task.score
    return Metrics(
        epochs=epochs,
        seed=seed,
        parameters=model.count_params(),
        test_images=len(test),
        measure=recipe.task.measure,
        keras_score=score(model.predict(test.images, verbose=0), test),
        float_tflite_score=score(evaluate.run_float(files.float_tflite.read_bytes(), test.images), test),
        int8_tflite_score=score(int8.real_outputs, test),
        int8_interpreter=int8.interpreter,
        keras_bytes=files.keras.stat().st_size,
        float_tflite_bytes=files.float_tflite.stat().st_size,
        int8_tflite_bytes=files.tflite.stat().st_size,
        input=int8.input,
        output=int8.output,
    )


def _draw(
    recipe: Recipe, curves: figures.Curves, int8: Int8Result, data: Dataset, files: TrainedFiles
) -> None:
    with replacing(files.curves) as path:
        figures.draw_curves(curves, path)
    with replacing(files.picture(recipe.task.picture)) as path:
        recipe.task.draw(int8.real_outputs, data, path, files.name)
    if names := recipe.task.labels(data):
        train, test = data.train, data.test
        with replacing(files.data) as path:
            figures.draw_data(train.images, last_labels(train.labels), names, class_counts(data), path)
        predicted = last_labels(int8.outputs.argmax(axis=-1))
        title = f"{files.name}, int8: what it takes the first test samples for"
        with replacing(files.predictions) as path:
            figures.draw_predictions(test.images, last_labels(test.labels), predicted, names, path, title)


def _summary(model: Any) -> bytes:
    """Keras' own, of a model that has no optimizer yet, whose variables it would count."""
    lines: list[str] = []
    model.summary(line_length=80, print_fn=lines.append)
    return "".join(f"{line}\n" for line in lines).encode()


def _describe(model: Any, recipe: Recipe, curves: figures.Curves, data: Dataset, files: TrainedFiles) -> None:
    layers = layers_of(model)
    write_atomic(files.diagram, model_svg(layers).encode())
    warm_up = recipe.task.warm_up if isinstance(recipe.task, StepClassification) else 0
    record = TrainingRecord(layers, curves, class_counts(data), data.note, warm_up)
    write_atomic(files.record, record.to_json())
