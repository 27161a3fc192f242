"""The sections about where a model comes from: its data, its layers, and its training."""

from __future__ import annotations

from html import escape

from convlet.graphviz_diagram import diagram_svg
from convlet.report.facts import Facts
from convlet.report.pictures import curve_chart, sample_picture
from convlet.report.words import columns, count_text, key, note, row, section, shape_text, table
from convlet.training_advice import learning_advice
from convlet.training_record import Layer, last_labels

SAMPLES_PER_CLASS = 10
_SAMPLES = 20  # of data without classes
_PARTS = (("train", "var(--accent)"), ("validation", "var(--second)"), ("test", "#8b98a5"))


def data_section(facts: Facts) -> str:
    """Samples of each class, and how many there are."""
    images, counts = facts.test.images, facts.record.class_counts
    learnt, watched, measured = (sum(counts[name]) for name, _ in _PARTS)
    classes = f" in {len(facts.labels)} classes" if facts.labels else ""
    text = (
        f"Samples of {shape_text(images.shape[1:])} values from {images.min():.2g} to {images.max():.2g}{classes}: "
        f"{learnt:,} to learn from, {watched:,} to watch the training, {measured:,} to measure with. "
    )
    if not facts.labels:
        pictures = (sample_picture(image, f"test sample {i}") for i, image in enumerate(images[:_SAMPLES]))
        return section("data", "The data", text, f'<div class="strip">{"".join(pictures)}</div>')
    content = columns(
        f"<h3>Samples of the test split</h3>{_samples(facts)}",
        f"<h3>How many of each class</h3>{_balance(facts)}",
    )
    return section("data", "The data", text + escape(facts.record.note), content)


def _samples(facts: Facts) -> str:
    labels = last_labels(facts.test.labels)
    rows = ""
    for index, label in enumerate(facts.labels):
        chosen = facts.test.images[labels == index][:SAMPLES_PER_CLASS]
        pictures = "".join(sample_picture(image, f"a {label}") for image in chosen)
        rows += f'<b>{escape(label)}</b><div class="strip">{pictures}</div>'
    return f'<div class="samples">{rows}</div>'


def _balance(facts: Facts) -> str:
    """A bar for each class, made of the parts of the data."""
    counts = facts.record.class_counts
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = ""
    for index, label in enumerate(facts.labels):
        parts = "".join(
            f'<i style="width:{counts[name][index] / max(totals) * 100:.2f}%;background:{colour}" '
            f'title="{name}: {counts[name][index]}"></i>'
            for name, colour in _PARTS
        )
        rows += f'<b>{escape(label)}</b><span class="parts">{parts}</span><span>{totals[index]:,}</span>'
    keys = "".join(key(name, colour, f"{sum(counts[name]):,}") for name, colour in _PARTS)
    return f'<div class="balance">{rows}</div><div class="legend">{keys}</div>'


def model_section(facts: Facts) -> str:
    """The diagram and the summary."""
    layers = facts.record.layers
    heads = ("Layer", "Kind", "Settings", "Output", "Parameters")
    rows = table(heads, map(_layer_row, layers), texts=3)
    content = f'<div class="beside"><div class="diagram">{diagram_svg(layers)}</div>{rows}</div>'
    text = f"{facts.metrics.parameters:,} parameters in {len(layers)} layers, as Keras has them."
    return section("model", "The model", text, content)


def _layer_row(layer: Layer) -> str:
    words = (escape(word) for word in (layer.name, layer.kind, layer.settings))
    return row(*words, shape_text(layer.shape), count_text(layer.parameters), texts=3)


def training_section(facts: Facts) -> str:
    """Loss and score over the epochs."""
    curves = facts.record.curves
    is_share = curves.measure == "Accuracy"
    names, colours = ("training", "validation"), ("var(--accent)", "var(--second)")
    losses = list(zip(names, colours, (curves.train_loss, curves.validation_loss), strict=True))
    scores = list(zip(names, colours, (curves.train_score, curves.validation_score), strict=True))
    charts = columns(curve_chart("Loss", losses, False), curve_chart(curves.measure, scores, is_share))
    epochs = facts.metrics.epochs
    text = "One epoch." if epochs == 1 else f"{epochs} epochs; the figures are those after the last."
    notes = "".join(map(note, learning_advice(facts.metrics, facts.record)))
    return section("training", "The training", text, charts + notes)
