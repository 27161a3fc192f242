"""Rewrites of a graph that make it smaller and leave its outputs as they are, a file a family.

Each pass is a function that changes the graph it is given and returns a line for each thing that it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from convlet.graph import Change, Graph
from convlet.passes.borders import take_borders
from convlet.passes.clamps import fuse_clamps
from convlet.passes.concatenations import join_packs, make_constants, split_concatenations
from convlet.passes.constant_channels import drop_constant_channels
from convlet.passes.constants import fold_constants
from convlet.passes.dilation import fold_space_to_batch
from convlet.passes.lines import turn_lines
from convlet.passes.moves import merge_moves
from convlet.passes.operands import repeat_operands
from convlet.passes.pads import fold_pads
from convlet.passes.real_functions import fold_real_functions
from convlet.passes.reduced_axes import keep_reduced_axes
from convlet.passes.reshapes import elide_reshapes
from convlet.passes.tables import compose_tables, drop_identities
from convlet.passes.transposed import split_transposed
from convlet.passes.unread import drop_unread

Pass = Callable[[Graph], list[str]]

# What each does in words, and in the order in which they help each other. The reader needs the first.
READING: Sequence[tuple[str, Pass]] = (
    ("functions of real values made tables", fold_real_functions),
    ("other types taken as ports", take_borders),
    ("shape arithmetic computed", fold_constants),
    ("dilation recognised", fold_space_to_batch),
)
SIMPLIFYING: Sequence[tuple[str, Pass]] = (
    ("unread operators dropped", drop_unread),
    ("reductions made to keep their axes", keep_reduced_axes),
    ("operands repeated", repeat_operands),
    ("packs made concatenations", join_packs),
    ("constants made for concatenations", make_constants),
    ("concatenations split into pairs", split_concatenations),
    ("reshapes elided", elide_reshapes),
    ("pads folded into convolutions", fold_pads),
    ("moves merged", merge_moves),
    ("reshapes elided", elide_reshapes),
    ("functions composed into one table", compose_tables),
    ("functions that change nothing dropped", drop_identities),
    ("activations fused", fuse_clamps),
    ("transposed convolutions made ordinary ones", split_transposed),
    ("constant channels dropped", drop_constant_channels),
)


SPLITTING = "operators split for the window"  # passes.wide_operators

# Makes the arena smaller, and the engine a little slower, since its rows are short.
TURNING: Sequence[tuple[str, Pass]] = (("lines turned into columns", turn_lines),)


def apply(passes: Sequence[tuple[str, Pass]], graph: Graph) -> None:
    """Run the passes, and note in `graph.changes` what they did."""
    for title, change in passes:
        graph.changes.append(Change(title, change(graph)))


def simplify(graph: Graph) -> None:
    """All passes for a graph whose operators have been checked."""
    apply(SIMPLIFYING, graph)
