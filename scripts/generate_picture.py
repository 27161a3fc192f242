#!/usr/bin/env python3
"""Write docs/report_digits.png, the README's picture: the top of a report, and its first answers. Call before it
`convlet train digits --deterministic` and `convlet report digits --board pico`, and give it digits/digits.report.html."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from chromium import screenshot

PICTURE = Path(__file__).parents[1] / "docs" / "report_digits.png"
WIDTH, COLOURS = 1100, 64
# Of the sections only the answers, and of these the first two rows.
STYLE = (
    "section:not(#answers), #answers h3, #answers h3 ~ *, footer, figure:nth-child(n+25) { display: none }"
)

if __name__ == "__main__":
    (report,) = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(report.read_text().replace("</head>", f"<style>{STYLE}</style></head>"))
        picture = Image.open(screenshot(page, "readme", WIDTH)).convert("RGB")
    picture.quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}: {PICTURE.stat().st_size:,} bytes")
