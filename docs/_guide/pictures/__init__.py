"""The drawings, as SVG made while the site is built, in the colours of docs/assets/pictures.css.

Every function returns a `<figure>` on one line; beside what it draws it takes what `About` names.
"""

from _guide.pictures.bars import stacked_bars
from _guide.pictures.chart import line_chart
from _guide.pictures.scatter import scatter
from _guide.pictures.shapes import shape_boxes
from _guide.pictures.step import Panel, training_step
from _guide.pictures.timeline import accumulation_timeline
from _guide.pictures.tokens import token_strip

__all__ = [
    "Panel",
    "accumulation_timeline",
    "line_chart",
    "scatter",
    "shape_boxes",
    "stacked_bars",
    "token_strip",
    "training_step",
]
