"""The PNG picture of executed instructions beside those of peers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from convlet.bench import Measurement
from convlet.figures import DPI, INK, TRAIN_COLOUR
from convlet.peers import instructions_of_peers

PEER_COLOUR = "#c9c9c9"


def draw_instructions(measurements: Sequence[Measurement], path: Path) -> None:
    """Write to the PNG `path`, for each model and processor, the instructions that each engine executes for a MAC."""
    rows = [(each, instructions_of_peers(each.model, each.core)) for each in measurements]
    figure = Figure(figsize=(9, 1.2 + 0.3 * sum(1 + len(peers) for _, peers in rows)), layout="constrained")
    axes = figure.subplots()
    ticks: list[str] = []
    for each, peers in rows:
        bars = {f"{each.model}, {each.core}: Convlet": each.instructions, **peers}
        for name, instructions in bars.items():
            y, per_mac = len(ticks), instructions / max(each.macs, 1)
            axes.barh(y, per_mac, color=PEER_COLOUR if name in peers else TRAIN_COLOUR)
            axes.text(per_mac, y, f" {instructions:,}", va="center", fontsize=8, color=INK)
            ticks.append(name)
    axes.set_yticks(range(len(ticks)), ticks, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("Executed instructions per multiply-accumulate; at the bars: per inference")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=DPI, format="png")
