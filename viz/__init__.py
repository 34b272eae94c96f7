"""Pictures and explanations of graphs: `explain`, `draw`, `play`.

| function  | gives                                                                       |
|-----------|-----------------------------------------------------------------------------|
| `explain` | each forward and backward step, as text, Markdown, HTML or JSON              |
| `draw`    | a Graphviz picture, as SVG, PNG or PDF                                      |
| `play`    | one page to play a pass forth and back, edit a leaf and watch it recompute  |

`explain` and `draw` take Values and Tensors; `play` takes a Value.

`import engine` never imports this package; this package imports Matplotlib and pygraphviz only
where a picture is made.
"""

from viz.array_explanation import ArrayExplanation
from viz.drawing import draw
from viz.explanation import Explanation, explain
from viz.player import play

__all__ = ["ArrayExplanation", "Explanation", "draw", "explain", "play"]
