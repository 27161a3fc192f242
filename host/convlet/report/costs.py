"""The sections about what a model costs: what int8 loses, and where time, flash and RAM go."""

from __future__ import annotations

from html import escape

from convlet.bench_build import CORES
from convlet.board_profile import PicoProfile
from convlet.plan_figure import colour_of
from convlet.report.facts import Facts, LayerFacts
from convlet.report.pictures import arena_picture
from convlet.report.words import (
    count_text,
    decibels,
    key,
    note,
    row,
    scrolling,
    section,
    shape_text,
    share_bar,
    table,
)
from convlet.signal_to_noise import LEAST_DB, MOST_SAMPLES, LayerNoise, warnings_of


def quantisation_section(facts: Facts) -> str:
    """The signal-to-noise ratio of each layer, and what helps the noisy ones."""
    heads = ("Operator of the .tflite", "Output", "SNR, dB", "alone, dB", "Saturated", "Range used")
    found = warnings_of(facts.noise)
    praise = f"No layer adds more noise than {LEAST_DB:.0f} dB below its signal: int8 costs little here."
    notes = "".join(map(note, found)) if found else note(praise, good=True)
    text = (
        f"How far int8 is from float on {min(MOST_SAMPLES, len(facts.test))} test samples, as a signal-to-noise ratio: "
        "20 dB is noise of a tenth of the signal's amplitude, 40 dB of a hundredth. <i>Alone</i> is what a layer adds "
        "itself, when it reads float's values."
    )
    rows = map(_noise_row, facts.noise)
    return section("quantisation", "What int8 costs", text, table(heads, rows) + notes)


def _noise_row(layer: LayerNoise) -> str:
    return row(
        f"{layer.position if layer.position >= 0 else ''} {escape(layer.kind)}",
        shape_text(layer.shape),
        decibels(layer.snr_db),
        decibels(layer.own_db),
        f"{layer.saturated:.2%}" if layer.saturated else "",
        f"{layer.spread:.0%}",
        kind="noisy" if layer.is_noisy else "",
    )


def cost_section(facts: Facts) -> str:
    """What each operator of the engine takes."""
    pico = _pico_of_these(facts)
    titles = [CORES[each.core].title for each in facts.measurements] + ["Pico, cycles"] * bool(pico)
    heads = ("Operator", "Output", "MACs", "Weights", "Arena", "Rows kept", *titles, "SNR, dB")
    rows = [_cost_row(facts, layer) for layer in facts.layers]
    between = [(each.schedule, each.instructions) for each in facts.measurements]
    between += [(pico.between, pico.cycles)] if pico else []
    if between:
        cells = (f"{part:,}{share_bar(part, whole)}" for part, whole in between)
        rows.append(row("between the kernels", *[""] * 5, *cells, ""))
    sums = [f"{whole:,}" for _, whole in between]
    macs, arena = facts.compiled.program.macs, facts.layout.plan.arena_bytes
    weights = sum(layer.weight_bytes for layer in facts.layers)
    rows.append(row("all", "", f"{macs:,}", f"{weights:,}", f"{arena:,}", "", *sums, "", kind="total"))
    missing = note(f"No instructions were counted: {facts.not_measured}") if facts.not_measured else ""
    text = (
        "The operators that the engine runs. Weights are bytes of flash, with their biases and multipliers. The arena "
        "is RAM, which operators use in turn: the column adds up to more than there is. Instructions are those of one "
        "inference, counted in QEMU."
    )
    if facts.pico:
        text += (
            " Cycles are the emulated Pico's: the sum is counted by its processor; the operators, with the choice of "
            "their rows, are timed by m.profile(), whose clock has steps of a microsecond, or 125 cycles, a row: "
            "the mean of "
            f"{facts.pico.profile.runs} runs."
        )
    other = "" if pico else _other_on_pico(facts)
    return section(
        "cost", "Where time, flash and RAM go", text, _stacks(facts) + table(heads, rows) + missing + other
    )


def _pico_of_these(facts: Facts) -> PicoProfile | None:
    """What the Pico took for the file of the report, not for another one that fits there."""
    return facts.pico.profile if facts.pico and not facts.pico.note else None


def _other_on_pico(facts: Facts) -> str:
    """A table of its own for a file that the report's other tables do not know."""
    if not facts.pico:
        return ""
    profile = facts.pico.profile
    parts = [(f"{index} {each.kind}", each.cycles) for index, each in enumerate(profile.operators)]
    rows = [
        row(escape(title), f"{cycles:,}{share_bar(cycles, profile.cycles)}")
        for title, cycles in [*parts, ("between the kernels", profile.between)]
    ]
    rows.append(row("all", f"{profile.cycles:,}", kind="total"))
    return "<h3>On the Pico, with --prefer ram</h3>" + table(("Operator", "Cycles"), rows)


def _cost_row(facts: Facts, layer: LayerFacts) -> str:
    totals = {each.core: each.instructions for each in facts.measurements}
    counts = [f"{count:,}{share_bar(count, totals[core])}" for core, count in layer.instructions.items()]
    if pico := _pico_of_these(facts):
        cycles = pico.operators[layer.index].cycles
        counts.append(f"{cycles:,}{share_bar(cycles, pico.cycles)}")
    is_stream = bool(facts.compiled.program.period)
    return row(
        key(f"{layer.index} {layer.kind}", colour_of(layer.index)),
        shape_text(layer.shape),
        count_text(layer.macs),
        count_text(layer.weight_bytes),
        f"{layer.arena_bytes:,}{share_bar(layer.arena_bytes, facts.layout.plan.arena_bytes)}",
        str(layer.rows_kept) if is_stream else f"{layer.rows_kept} of {layer.shape[0]}",
        *counts,
        decibels(layer.noise.snr_db) if layer.noise else "",
        kind="noisy" if layer.noise and layer.noise.is_noisy else "",
    )


def _stacks(facts: Facts) -> str:
    """A bar for each core and one for flash: the share of each operator, in the colours of the arena's picture."""
    bars = [
        (
            f"{each.instructions:,} instructions on a {CORES[each.core].title}",
            each.instructions,
            [layer.instructions[each.core] for layer in facts.layers],
        )
        for each in facts.measurements
    ]
    if pico := _pico_of_these(facts):
        cycles = [each.cycles for each in pico.operators]
        bars.append((f"{pico.cycles:,} cycles on an emulated Pico", pico.cycles, cycles))
    weights = [layer.weight_bytes for layer in facts.layers]
    bars.append((f"{facts.cvl_bytes:,} bytes of flash", facts.cvl_bytes, weights))
    text = ""
    for title, whole, parts in bars:
        pieces = "".join(
            f'<i style="width:{100 * part / whole:.2f}%;background:{colour_of(layer.index)}" '
            f'title="{layer.index} {layer.kind}: {part:,}"></i>'
            for layer, part in zip(facts.layers, parts, strict=True)
            if part
        )
        text += f'<h3>{title}</h3><div class="stack">{pieces}</div>'
    keys = "".join(
        key(f"{layer.index} {layer.kind}", colour_of(layer.index))
        for layer in facts.layers
        if layer.weight_bytes or any(layer.instructions.values())
    )
    return f'{text}<div class="legend">{keys}</div>'


def arena_section(facts: Facts) -> str:
    """The picture of `convlet plan`."""
    layout = facts.layout
    peak, arena = layout.peak_bytes + layout.plan.state_bytes, layout.plan.arena_bytes
    kind = layout.program.nodes[layout.peak_node].kind
    text = (
        f"{arena:,} bytes, as <code>convlet plan</code> draws them: each row of each tensor where it lies, from its "
        f"making to its last use. The most bytes are in use, {peak:,}, while {layout.peak_node} {kind} works."
    )
    return section("arena", "What lies in the arena when", text, scrolling(arena_picture(layout), "arena"))
