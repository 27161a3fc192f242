"""The one place that imports TensorFlow: late, since it takes seconds, and quietly."""

from __future__ import annotations

import importlib.util
import logging
import os
from typing import Any

from convlet.errors import ToolError


def require_tensorflow() -> None:
    """Raises ToolError unless TensorFlow is installed; takes no time."""
    if importlib.util.find_spec("tensorflow") is None:
        raise _missing("there is no module of that name")


def import_tensorflow() -> Any:
    """The module `tensorflow`, without its start-up messages. Raises ToolError when it cannot be imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # oneDNN picks its kernels by the processor: results would differ from one machine to the next.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        import tensorflow
    except ImportError as error:
        raise _missing(str(error)) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tensorflow


def _missing(reason: str) -> ToolError:
    return ToolError(
        f"training and quantising need TensorFlow, which cannot be imported ({reason}); "
        "install it: pip install 'convlet[train]'"
    )
