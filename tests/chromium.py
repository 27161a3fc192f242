"""Pages in headless Chromium: their size as laid out, and screenshots."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

ARTIFACTS = Path(__file__).parents[1] / "build" / "artifacts"
# What of the page is wider than the window, outside of what scrolls by itself.
_MEASURE = """
<script>
const wide = [...document.body.querySelectorAll("*")].filter(e =>
    e.getBoundingClientRect().right > innerWidth + 0.5 && !e.closest(".scroll, .diagram"));
document.title = JSON.stringify([innerWidth, document.documentElement.scrollWidth,
    document.documentElement.scrollHeight, wide.map(e => e.tagName + "." + e.className)]);
</script></body>
"""


def layout(page: Path, width: int) -> tuple[int, int, int, list[str]]:
    """The window's width, the page's width and height in it, and what sticks out of the window."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        copy.write_text(page.read_text().replace("</body>", _MEASURE))
        printed = _chromium("--dump-dom", f"--window-size={width},900", copy.as_uri())
    found = re.search(r"<title>(\[.*?\])</title>", printed)
    assert found, printed[:500]
    inner, wide, high, names = json.loads(found[1])
    return inner, wide, high, names


def screenshot(page: Path, name: str, width: int, dark: bool = False) -> Path:
    """The whole page as build/artifacts/NAME.png."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    path.unlink(missing_ok=True)
    height = layout(page, width)[2]
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    _chromium(*scheme, f"--screenshot={path}", f"--window-size={width},{height}", page.as_uri())
    return path


def _chromium(*arguments: str) -> str:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    command = ["chromium-headless-shell", *options, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
