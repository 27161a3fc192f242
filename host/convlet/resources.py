"""Where the C module and the scripts for boards lie: beside `host` in a checkout, in the package once installed."""

from __future__ import annotations

from pathlib import Path


def _folder(name: str) -> Path:
    package = Path(__file__).parent
    installed = package / name
    return installed if installed.is_dir() else package.parents[1] / name


MODULE_FOLDER = _folder("micropython_module")
DEVICE_FOLDER = _folder("device")
