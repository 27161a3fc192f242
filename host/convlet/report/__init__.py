"""`convlet report`: one self-contained HTML page about a trained model.

`facts.py` measures, `page.py` writes the sections, `pictures.py` draws; `style.css` is the look.
"""
