#!/usr/bin/env python3
"""Write docs/report_digits.png, the README's picture: the top of a report, and its first answers. Call before it
`convlet train digits --deterministic` and `convlet report digits --board pico`; its argument is the report."""

import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from chromium import screenshot

PICTURE = Path(__file__).parents[1] / "docs" / "report_digits.png"
WIDTH, MARGIN, COLOURS = 1100, 34, 128
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
    ground = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    used = ImageChops.difference(picture, ground).getbbox()
    picture = picture.crop((0, 0, WIDTH, used[3] + MARGIN))  # the window is higher than the page
    picture.quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}: {PICTURE.stat().st_size:,} bytes")
