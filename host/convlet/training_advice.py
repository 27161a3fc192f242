"""What people should know of a training before its model goes on a board: that it has not learnt, or by heart."""

from __future__ import annotations

from convlet.train import Metrics
from convlet.training_record import TrainingRecord

LEAST_ABOVE_GUESSING = 0.15  # of the accuracy
OVERFITTING = 0.1  # of the accuracy, between what it has learnt from and what it has not seen
INT8_LOSS, INT8_LOSS_SAMPLES = 0.02, 2  # of the accuracy, and in samples: one of a few is no matter


def advice_of(metrics: Metrics, record: TrainingRecord) -> list[str]:
    """Sentences about a model of classes, none when all is well."""
    found = learning_advice(metrics, record)
    if metrics.measure != "Accuracy":
        return found
    loss = metrics.keras_score - metrics.int8_tflite_score
    if loss > INT8_LOSS and round(loss * metrics.test_images) >= INT8_LOSS_SAMPLES:
        found.append(
            f"int8 is right for {metrics.int8_tflite_score:.1%}, float for {metrics.keras_score:.1%}: "
            "`convlet quantize` says which layers lose it, and with --compare tries other calibrations"
        )
    return found


def learning_advice(metrics: Metrics, record: TrainingRecord) -> list[str]:
    """What the curves and the float model's accuracy say."""
    if metrics.measure != "Accuracy":
        return []
    counts = record.class_counts["test"]
    guessing = max(counts) / sum(counts)
    if metrics.keras_score < min(1, guessing + LEAST_ABOVE_GUESSING):
        return [
            f"it has hardly learnt: always saying the same class is right for {guessing:.0%}. "
            "More samples, more --epochs, a larger --size or another --model may help"
        ]
    known, new = record.curves.train_score[-1], record.curves.validation_score[-1]
    if known - new > OVERFITTING:
        return [
            f"it is right for {known:.0%} of what it has learnt from and for {new:.0%} of the rest: "
            "more samples, --augment, or a smaller --model help"
        ]
    return []
