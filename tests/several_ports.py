"""A model of three inputs and three outputs."""

from __future__ import annotations

from tflite_builder import Builder

SHAPE = (3, 4, 2)


def several_ports() -> bytes:
    """Of a, b and c: a + b, its minimum with c, and the maximum of a and c; all with scale 0.5 and zero point 3."""
    builder = Builder()
    a, b, c, total, least, most = (builder.tensor((1, *SHAPE), 0.5, 3) for _ in range(6))
    builder.operator("ADD", [a, b], total, "AddOptions")
    builder.operator("MINIMUM", [total, c], least, "MaximumMinimumOptions")
    builder.operator("MAXIMUM", [a, c], most, "MaximumMinimumOptions")
    return builder.build([a, b, c], [total, least, most])
