"""Accuracy and confusion matrix."""

import numpy as np
from convlet.evaluate import accuracy, confusion_matrix

OUTPUTS = np.array([[3, 1, 0], [0, 2, 1], [0, 5, 1], [9, 1, 2]], np.int8)
LABELS = np.array([0, 1, 2, 2])


def test_accuracy_is_the_share_of_right_answers() -> None:
    assert accuracy(OUTPUTS, LABELS) == 0.5


def test_confusion_has_a_row_for_each_true_class() -> None:
    assert confusion_matrix(OUTPUTS, LABELS, 3).tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
