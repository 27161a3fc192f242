"""The sections about what a model answers: how often it is right, what it takes for what, and where it is worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from convlet import oracle
from convlet.board_profile import CLOCK_HZ
from convlet.report.facts import FLOAT, PICO, TFLM, Facts, Run
from convlet.report.pictures import sample_picture
from convlet.report.words import class_name, columns, note, row, scrolling, section, table, time_text
from convlet.tasks import Classification
from convlet.training_record import last_labels

SHOWN_ANSWERS = 48
SHOWN_WORST = 24
SHOWN_MISTAKES = 20
MOST_CLASSES = 30  # of a confusion matrix
_LONG_LABEL = 3  # characters that fit above a cell


def accuracy_section(facts: Facts) -> str:
    """Keras, float, TFLM, the engine, and the board."""
    metrics = facts.metrics
    rows = [row("Keras, float", facts.task.text(metrics.keras_score), f"{metrics.keras_bytes:,}", "", "")]
    rows += [
        row(run.title, _score(facts, run), f"{run.file_bytes:,}", _differ(run), _time(facts, run))
        for run in facts.runs
    ]
    heads = ("Model", facts.task.measure, "Bytes", "Differ from TFLM", "One inference")
    text = (
        f"On {len(facts.test):,} test samples. TFLM is TensorFlow Lite for Microcontrollers, whose outputs are the "
        "measure: Convlet's are the same to the last bit. Times are those of this computer, but for the Pico's."
    )
    said = note(facts.pico.note) if facts.pico and facts.pico.note else ""
    if facts.verified.oracle != oracle.NAME:
        said += note(f"Where TFLM is named, it is {facts.verified.oracle}.")
    return section("accuracy", "How good it is", text, table(heads, rows) + said)


def _score(facts: Facts, run: Run) -> str:
    text, count = facts.task.text(run.score), len(run.outputs)
    return text if count == len(facts.test) else f"<small>first {count:,}:</small> {text}"


def _differ(run: Run) -> str:
    if run.differ is None or run.title == TFLM:
        return ""
    return f'<span class="{"bad" if run.differ else "good"}">{run.differ} of {len(run.outputs):,}</span>'


def _time(facts: Facts, run: Run) -> str:
    if run.seconds is not None:
        return time_text(run.seconds)
    if run.title == PICO and facts.pico:
        cycles = facts.pico.profile.cycles
        return f"<small>{cycles:,} cycles:</small> {time_text(cycles / CLOCK_HZ)}"
    return ""


def confusion_section(facts: Facts) -> str:
    """The confusion matrices of float, int8 and the board, side by side."""
    if not isinstance(facts.task, Classification):
        return ""
    runs = [run for title in (FLOAT, TFLM, PICO) if (run := facts.run(title))]
    if len(facts.labels) > MOST_CLASSES:
        text = "The most frequent mistakes of the int8 model, and how often the others make them."
        return section("confusion", "What it takes for what", text, _mistakes(facts, runs))
    text = (
        "A row for each true class, a column for each class that the model gives: what lies beside the diagonal is "
        "wrong. Convlet's matrix on this computer is that of TFLM."
    )
    tables = columns(*(scrolling(_confusion(facts, run)) for run in runs))
    return section("confusion", "What it takes for what", text, tables)


def _mistakes(facts: Facts, runs: Sequence[Run]) -> str:
    """A table, where there are too many classes for a matrix."""
    counts = [facts.confusion(run) for run in runs]
    int8 = counts[[run.title for run in runs].index(TFLM)]
    wrong = int8 * (1 - np.eye(len(int8), dtype=np.int64))
    most = np.argsort(-wrong, axis=None, kind="stable")[:SHOWN_MISTAKES]
    places = [divmod(int(place), len(wrong)) for place in most if wrong.flat[place]]
    rows = (
        row(
            class_name(facts.labels[true]),
            class_name(facts.labels[taken]),
            *(str(each[true, taken] or "") for each in counts),
            texts=2,
        )
        for true, taken in places
    )
    return table(("It is", "It is taken for", *(run.title for run in runs)), rows, texts=2)


def _confusion(facts: Facts, run: Run) -> str:
    counts = facts.confusion(run)
    classes, right = len(counts), int(np.trace(counts))
    corner = '<td class="corner" colspan="2"></td>'
    kind = "tall" if max(map(len, facts.labels)) > _LONG_LABEL else ""
    heads = "".join(
        f'<th scope="col" class="{kind}"><span>{class_name(label)}</span></th>' for label in facts.labels
    )
    rows = ""
    for true, label in enumerate(facts.labels):
        side = f'<th class="axis" rowspan="{classes}"><span class="side">true class</span></th>'
        cells = "".join(
            _confusion_cell(int(count), count / max(1, counts[true].sum()), true == predicted)
            for predicted, count in enumerate(counts[true])
        )
        rows += f'<tr>{"" if true else side}<th scope="row">{class_name(label)}</th>{cells}</tr>'
    return (
        f'<table class="confusion"><caption>{escape(run.title)}<small>{right:,} of {counts.sum():,} right</small>'
        f'</caption><tr>{corner}<th class="axis" colspan="{classes}">predicted class</th></tr>'
        f"<tr>{corner}{heads}</tr>{rows}</table>"
    )


def _confusion_cell(count: int, share: float, is_right: bool) -> str:
    """Deeper in colour with the share of the true class that it holds."""
    if not count:
        return "<td></td>"
    colour, least = ("accent", 0.15) if is_right else ("bad", 0.25)
    alpha = least + (1 - least) * share
    kind = ("" if is_right else "wrong") + (" full" if alpha > 0.55 else "")
    return f'<td class="{kind}" style="background:rgba(var(--{colour}-rgb),{alpha:.2f})">{count}</td>'


def answers_section(facts: Facts) -> str:
    """The first answers, the worst ones, and those that int8 has changed."""
    if not facts.labels:
        return _reconstructions(facts)
    int8, real = facts.run(TFLM), facts.run(FLOAT)
    assert int8 is not None
    assert real is not None
    given, labels = _classes(int8), last_labels(facts.test.labels)
    wrong = int((given != labels).sum())
    worst = np.argsort(_margins(facts, int8), kind="stable")[:SHOWN_WORST]
    changed = np.flatnonzero(_classes(real) != given)
    count = f"{len(facts.test):,} test samples" + (
        ", at their last step," if facts.test.labels.ndim > 1 else ""
    )
    text = (
        f"{wrong:,} of {count} are taken for another class. Below are the first ones, under the class that the int8 "
        "model gives and how sure it is; wrong answers have a red frame."
    )
    says = (
        f"For {len(changed):,} of {count} int8 gives another class than float."
        if len(changed)
        else f"Nothing: float and int8 give the same class for each of {count}."
    )
    content = (
        f"{_grid(facts, int8, range(min(SHOWN_ANSWERS, len(given))))}<h3>The worst</h3>"
        "<p>Those whose true class lags most behind the best other one, or leads it least.</p>"
        f"{_grid(facts, int8, worst)}<h3>What int8 has changed</h3><p>{says}</p>"
        f"{_grid(facts, int8, changed[:SHOWN_WORST], real)}"
    )
    return section("answers", "Its answers", text, content)


def _scores(facts: Facts, run: Run) -> np.ndarray:
    """float[N, classes]: of a series those of its last step."""
    return run.outputs.reshape(len(run.outputs), -1, len(facts.labels))[:, -1]


def _classes(run: Run) -> np.ndarray:
    """int64[N]: the class that the run gives."""
    return last_labels(run.outputs.argmax(axis=-1))


def _margins(facts: Facts, run: Run) -> np.ndarray:
    """float[N]: by how much the output of the true class exceeds the best other one."""
    scores = _scores(facts, run)
    rows, labels = np.arange(len(scores)), last_labels(facts.test.labels)
    others = scores.copy()
    others[rows, labels] = -np.inf
    return scores[rows, labels] - others.max(axis=1)


def _probability(scores: np.ndarray, index: int, logits: bool) -> float:
    """Of the class `index`: of logits by their softmax."""
    if not logits:
        return float(scores[index])
    return 1 / float(np.exp(scores.astype(np.float64) - scores[index]).sum())


def _grid(facts: Facts, run: Run, chosen: Iterable[int], other: Run | None = None) -> str:
    """Samples with the class that `run` gives and how sure it is; with `other` also what that gives."""
    labels, scores = last_labels(facts.test.labels), _scores(facts, run)
    cells = ""
    for index in map(int, chosen):
        best = int(scores[index].argmax())
        sure = _probability(scores[index], best, facts.gives_logits)
        is_right = best == labels[index]
        text = f"<b>{class_name(facts.labels[best])}</b> {sure:.0%}"
        if not is_right:
            text += f"<br>is {class_name(facts.labels[labels[index]])}"
        if other is not None:
            text += f"<br>float: {class_name(facts.labels[_classes(other)[index]])}"
        picture = sample_picture(facts.test.images[index], f"test sample {index}")
        kind = "right" if is_right else "wrong"
        cells += f'<figure class="{kind}">{picture}<figcaption>{text}</figcaption></figure>'
    return f'<div class="grid">{cells}</div>'


def _reconstructions(facts: Facts) -> str:
    """Of a model that gives its input back."""
    run = facts.run(TFLM)
    assert run is not None
    pairs = ""
    for index, image in enumerate(facts.test.images[:SHOWN_WORST]):
        given = sample_picture(run.outputs[index], f"what it gives for {index}")
        pairs += f"<figure>{sample_picture(image, f'test sample {index}')}{given}</figure>"
    text = "Test samples, and below each what the int8 model gives."
    return section("answers", "Its answers", text, f'<div class="grid">{pairs}</div>')
