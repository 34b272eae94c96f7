"""Pictures and explanations of graphs: `explain`, `draw`, `play`.

| function  | gives                                                                       |
|-----------|-----------------------------------------------------------------------------|
| `explain` | each forward and backward step, as text, Markdown, HTML or JSON              |
| `draw`    | a Graphviz picture, as SVG, PNG or PDF                                      |
| `play`    | one page to play a pass forth and back, edit a leaf and watch it recompute  |

`import engine` never imports this package; this package imports matplotlib and Graphviz only where
a picture is made.
"""

from typing import Any

from viz.explanation import Explanation, explain

__all__ = ["Explanation", "draw", "explain", "play"]


def __getattr__(name: str) -> Any:
    if name == "draw":
        from viz.drawing import draw as found
    elif name == "play":
        from viz.player import play as found
    else:
        raise AttributeError(name)
    return found
