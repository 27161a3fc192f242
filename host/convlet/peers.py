"""What other engines execute for one inference of the same models: what ours is compared with.

Measured under QEMU like ours, with gcc 12.2 and the better of -O2 and -O3; the input lies ready as int8, load excluded.
TinyMaix is not exact; all others give TFLM's bits.
"""

from __future__ import annotations

PEERS = ("CMSIS-NN", "TFLM + CMSIS-NN", "TFLM reference", "TinyMaix")

# Instructions by model and processor, in the order of PEERS. A Cortex-M33 executes within 2 % what a Cortex-M4 does.
_INSTRUCTIONS = {
    "digits": {
        "m0plus": (85_519, 88_709, 302_226, 79_310),
        "m4": (42_843, 45_234, 167_452, 24_435),
    },
    "lenet5": {
        "m0plus": (4_810_000, 4_810_000, 16_200_000, 3_700_000),
        "m4": (2_140_000, 2_170_000, 9_310_000, 1_660_000),
    },
    "kws_ref_model": {
        "m0plus": (29_000_000, 29_000_000, 70_700_000, 37_500_000),
        "m4": (7_700_000, 7_700_000, 43_100_000, 15_000_000),
    },
    "pretrainedResnet_quant": {
        "m0plus": (97_600_000, 97_600_000, 168_000_000, 107_000_000),
        "m4": (29_900_000, 29_900_000, 107_000_000, 36_200_000),
    },
    "vww_96_int8": {
        "m0plus": (86_900_000, 86_900_000, 160_000_000, 81_500_000),
        "m4": (24_000_000, 24_100_000, 100_000_000, 32_500_000),
    },
}
_LIKE = {"m33": "m4"}


def instructions_of_peers(model: str, core: str) -> dict[str, int]:
    """What each peer executes for the model on the processor; empty where nobody has measured it."""
    counts = _INSTRUCTIONS.get(model, {}).get(_LIKE.get(core, core), ())
    return dict(zip(PEERS, counts, strict=False))
