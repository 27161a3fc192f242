"""Writes a planned program as the bytes of a `.cvl` file."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Sequence

from convlet.errors import ModelError
from convlet.format import (
    FLAG_LOGITS,
    FLAG_PLACED,
    FLAG_STREAM,
    HEADER,
    MAGIC,
    NO_OPERATOR,
    OP,
    OPERATOR,
    PORT,
    VERSION,
)
from convlet.node import Node
from convlet.plan import Plan
from convlet.program import Program

ALIGNMENT = 4  # of data in the file: 32-bit values lie well when the file does
MOST_HEAD_WORDS = 0xFFFF


class _Data:
    """The part of the file behind the records, filled piece by piece. Equal pieces stand there once."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self.pieces = bytearray()
        self.offsets: dict[bytes, int] = {}

    @property
    def end(self) -> int:
        """The file offset of what comes next."""
        return self.begin + len(self.pieces)

    def add(self, piece: bytes) -> int:
        """Append `piece`, if it is new; returns its file offset, 0 when there is nothing to append."""
        if not piece:
            return 0
        if piece not in self.offsets:
            self.pieces += bytes(-self.end % ALIGNMENT)
            self.offsets[piece] = self.end
            self.pieces += piece
        return self.offsets[piece]


def write_cvl(
    program: Program, plan: Plan, labels: Sequence[str] = (), vectors: Sequence[bytes] = ()
) -> bytes:
    """The bytes of the `.cvl` file.

    Raises ModelError when there are labels, but not one for each class of the first output, or one is too
    long.
    """
    outputs = program.outputs
    ports = list(range(program.input_count)) + outputs
    records = HEADER.size + OPERATOR.size * len(program.nodes) + PORT.size * len(ports) + 2 * len(plan.goals)
    data = _Data(records)
    head = {"labels": data.add(_labels(program, labels)), "vectors": data.add(b"".join(vectors))}
    for piece in [
        *(_places(program, plan, i) for i in range(len(program.nodes))),
        *_constants_in_head(program),
    ]:
        data.add(piece)
    head_words = -(-data.end // ALIGNMENT)
    operators = b"".join(_operator(program, plan, index, data) for index in range(len(program.nodes)))
    header = head | {
        "magic": MAGIC,
        "arena_bytes": plan.arena_bytes,
        "version": VERSION,
        "flags": _flags(program),
        "operator_count": len(program.nodes),
        "input_count": program.input_count,
        "output_count": len(outputs),
        "goal_count": len(plan.goals),
        "label_count": len(labels),
        "vector_count": len(vectors),
        "head_words": head_words if head_words <= MOST_HEAD_WORDS else 0,
    }
    body = (
        operators
        + b"".join(_port(program, index) for index in ports)
        + struct.pack(f"<{len(plan.goals)}H", *plan.goals)
    )
    body += data.pieces
    summed = HEADER.pack(**header, crc32=0, file_bytes=HEADER.size + len(body))[8:] + body
    return MAGIC + struct.pack("<I", zlib.crc32(summed)) + summed


def _flags(program: Program) -> int:
    makes_probabilities = program.nodes[program.outputs[0]].kind == "SOFTMAX"
    return FLAG_LOGITS * (not makes_probabilities) | FLAG_STREAM * bool(program.period)


def constants_of(node: Node) -> tuple[bytes, bytes]:
    """What the fields `weights` and `table` of the node's record point to."""
    return node.weights, struct.pack(f"<{len(node.row_map)}H", *node.row_map) + node.table


def _places(program: Program, plan: Plan, index: int) -> bytes:
    places = plan.places.get(index, []) if program.nodes[index].stored else []
    return struct.pack(f"<{len(places)}H", *places)


def _constants_in_head(program: Program) -> list[bytes]:
    """The tables with maps, which the engine reads between kernels, and constants that several operators share."""
    maps = [constants_of(node)[1] for node in program.nodes if node.row_map]
    users = Counter(piece for node in program.nodes for piece in set(constants_of(node)))
    return maps + [piece for piece, count in users.items() if count > 1]


def constant_bytes(node: Node) -> int:
    """Bytes of the file that the constants of the node take, where it shares them with no other."""
    return sum(-(-len(piece) // ALIGNMENT) * ALIGNMENT for piece in constants_of(node))


def bytes_in_window(program: Program) -> list[int]:
    """Of each node: bytes that must be in a window while it works, which is all that is not in the head."""
    in_head = set(_constants_in_head(program))
    return [
        sum(-(-len(piece) // ALIGNMENT) * ALIGNMENT for piece in constants_of(node) if piece not in in_head)
        for node in program.nodes
    ]


def _operator(program: Program, plan: Plan, index: int, data: _Data) -> bytes:
    node = program.nodes[index]
    height, width, channels = node.shape
    inputs = (*node.sources, NO_OPERATOR, NO_OPERATOR)
    weights, table = constants_of(node)
    places = _places(program, plan, index)
    return OPERATOR.pack(
        **vars(node.window),
        copy=plan.copies[index] // ALIGNMENT,
        code=OP[node.kind],
        flags=node.flags | FLAG_PLACED * bool(places),
        input=inputs[0],
        input_b=inputs[1],
        height=program.period[index] if program.period else height,
        width=width,
        channels=channels,
        ring_rows=plan.ring_rows[index] if node.stored else 0,
        zero_point_in=node.zero_point_in,
        zero_point_out=node.tensor.zero_point,
        clamp_min=node.clamp_min,
        clamp_max=node.clamp_max,
        parameter=node.parameter,
        offset=data.add(places) or plan.offsets[index],
        scratch=plan.scratches[index],
        weights=data.add(weights),
        table=data.add(table),
    )


def _port(program: Program, index: int) -> bytes:
    tensor = program.nodes[index].tensor
    return PORT.pack(
        op_index=index, zero_point=tensor.zero_point, reserved=0, scale=float(tensor.tensor_scale)
    )


def _labels(program: Program, labels: Sequence[str]) -> bytes:
    height, width, channels = program.nodes[program.outputs[0]].shape
    classes = (1 if program.period else height) * width * channels
    if labels and len(labels) != classes:
        raise ModelError(f"{len(labels)} labels, but the model has {classes} classes")
    texts = [label.encode() for label in labels]
    for text in texts:
        if len(text) > 255:
            raise ModelError(f"label {text.decode()[:20]!r}... has {len(text)} bytes, expected at most 255")
    return b"".join(bytes([len(text)]) + text for text in texts)
