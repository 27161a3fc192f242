"""`.keras` files that are equal, byte for byte, when the models are."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any


def keras_bytes(model: Any) -> bytes:
    """The Keras `model` as a `.keras` file, without the time and the addresses that Keras saves."""
    plain = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="convlet-") as name:
        path = Path(name) / "model.keras"
        model.save(path)
        with zipfile.ZipFile(path) as saved, zipfile.ZipFile(plain, "w") as target:
            for member in saved.namelist():
                # A ZipInfo made from a name alone has the year 1980 as its date.
                target.writestr(zipfile.ZipInfo(member), _plain(member, saved.read(member)))
    return plain.getvalue()


def _plain(member: str, content: bytes) -> bytes:
    if member == "metadata.json":
        return json.dumps({**json.loads(content), "date_saved": "1980-01-01@00:00:00"}).encode()
    if member == "config.json":
        return _number_shared_objects(content)
    return content


def _number_shared_objects(config: bytes) -> bytes:
    """Replace the ids of shared objects, which are addresses, by 1, 2, 3 ... in the order they appear."""
    numbers: dict[bytes, int] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return b'"shared_object_id": %d' % numbers.setdefault(match[1], len(numbers) + 1)

    return re.sub(rb'"shared_object_id": (\d+)', number, config)
