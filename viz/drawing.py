"""`draw`: the picture of a graph, to look at, to keep and to write to a file.

This joins the three stages (`viz.picture` -> `viz.dot` -> `viz.render`) and holds none of their
work.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphviz

from engine.nn.module import Module
from engine.scalar.value import Value
from engine.tensor.tensor import Tensor
from viz import files
from viz.array_picture import has_tensor, picture_of_arrays
from viz.dot import body
from viz.module_picture import picture_of_module
from viz.picture import picture
from viz.render import FORMATS, render

WRITABLE = (*FORMATS, "dot", "gv")


class Drawing(graphviz.Digraph):
    """A `graphviz.Digraph` that needs no `dot` program: shown, rendered and written without one.

    All that a Digraph has is there: `.source`, `.save()`, `.pipe()`, `.render()`, `.node()`, and
    it displays itself in a notebook.

    Attributes:
        left_out: what is not shown of a large graph, as a sentence; "" where everything is.
    """

    left_out: str = ""

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file, of the kind that its name ends with.

        The file is either whole or not there: an old one is replaced in a single step.

        Args:
            path: ends with .svg, .png, .pdf, or .dot (or .gv) for the DOT text.

        Returns:
            The path of the file.

        Raises:
            ValueError: for another ending, of which the message lists these; or a path that holds
                the character NUL, which no file name can.
            OSError: where the file cannot be written.

        >>> draw(Value(2.0)).write("two.svg").name  # doctest: +SKIP
        'two.svg'
        """
        suffix = Path(path).suffix[1:].lower()
        if suffix not in WRITABLE:
            known = ", ".join(f".{each}" for each in WRITABLE)
            what = f"the ending .{suffix}" if suffix else "a name without an ending"
            raise ValueError(
                f"cannot tell from {what} of {str(path)!r} what to write (there is: {known})"
            )
        if suffix in FORMATS:
            return files.write(path, render(self.source, suffix))
        return files.write(path, self.source)

    def pipe(self, format: str | None = None, *args: Any, **options: Any) -> bytes | str:
        """The picture as bytes, or as text if `encoding` is given; see `graphviz.Digraph.pipe`."""
        encoding = options.pop("encoding", None)
        if args or not self._is_plain(options):
            return super().pipe(format, *args, encoding=encoding, **options)
        drawn = render(self.source, (format or self.format).lower())
        return drawn if encoding is None else drawn.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *args: Any,
        outfile: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> str:
        """Saves the DOT text and the picture; see `graphviz.Digraph.render`.

        Returns:
            The path of the picture: `filename` with the format added, or `outfile`.
        """
        if args or not self._is_plain(options):
            return super().render(
                filename, directory, view, cleanup, format, *args, outfile=outfile, **options
            )
        if outfile is not None:
            target = Path(outfile) if directory is None else Path(directory, Path(outfile).name)
            format = format or target.suffix[1:]
            filename = filename or target.with_suffix(".gv").name
            directory = directory or target.parent
        format = (format or self.format).lower()
        saved = self.save(filename, directory=directory)
        target = target if outfile is not None else Path(f"{saved}.{format}")
        files.write(target, render(self.source, format))
        if cleanup:
            os.remove(saved)
        if view:
            self._view(str(target), format=format, quiet=False)
        return str(target)

    def _is_plain(self, options: dict[str, Any]) -> bool:
        """True where Graphviz's usual way of drawing is asked for, which `viz.render` has."""
        chosen = [options.get("renderer"), options.get("formatter"), options.get("neato_no_op")]
        chosen += [self.renderer, self.formatter]
        return (options.get("engine") or self.engine) == "dot" and not any(chosen)

    def copy(self) -> Drawing:
        """Another one that can be changed without this one."""
        twin = super().copy()
        twin.left_out = self.left_out
        return twin


def draw(
    v: Value | Tensor | Sequence[Value] | Sequence[Tensor] | Module,
    *inputs: Any,
    theme: str = "light",
    direction: str = "LR",
    legend: bool = True,
    slopes: bool = True,
    max_nodes: int = 200,
    title: str | None = None,
    params: Any = None,
    depth: int | None = None,
) -> Drawing:
    """The graph that leads to `v` (or to several Values, or Tensors) as a picture.

    Each Value is a box with its name, its `data` and its `grad`; the gradient is blank until
    `backward()` has computed it. Each operation is a circle, and the number on an arrow into it is
    the local derivative. Pointing at a box in an SVG shows its formula and the source line.

    Of Tensors each box is an operation with the shape of its result, or a given array with its
    gradient's norm. Where an array is stretched to fit another (broadcasting), that is a step of
    its own, at which the gradient is summed. It can be drawn before and after `backward()`.

    `draw(module, input)` calls the module and draws that call: a frame for each module inside, by
    the names that `print(module)` shows, with its parameters and operations. Modules for which
    there is no room are closed: a box each. The module and the input stay as they were.

    Args:
        v: what to draw.
        inputs: for a module, what it is called with.
        theme: "light", "dark", or "print" for black and white.
        direction: "LR" puts results on the right, "TB" below, "RL" left, "BT" above.
        legend: say what the signs mean.
        slopes: write the local derivatives on the arrows.
        max_nodes: a graph of more Values than this is drawn with one box for all Values that the
            same code made; `left_out` of the drawing, and the picture, say so.
        title: words to stand above the picture.
        params: names for Tensors: a dictionary, such as `dict(model.named_parameters())`, or a
            module.
        depth: how deep modules are opened: 1 shows those directly inside as one box each, 0 the
            whole as one. By default all are open for which `max_nodes` has room.

    Returns:
        A `graphviz.Digraph` that shows itself in a notebook and has
        `.write("graph.svg")`, `.source`, `.save()`, `.render()`, `.pipe()`.

    Raises:
        TypeError: where `v` is neither Values nor Tensors nor a module, `title` not text, or
            `max_nodes` not a whole number.
        ValueError: for a theme or a direction that there is not, fewer than 2 `max_nodes`, a
            Tensor without a graph, or a module without an input.

    Labels are text, whatever they hold: markup is shown and not obeyed, control characters and
    characters that steer text become visible signs (`viz.dot_text.visible`), and what is longer
    than 120 characters ends with …, its whole in the tooltip.

    >>> x = Value(3.0, label="x")
    >>> drawing = draw(x * x, theme="dark", direction="TB")
    >>> drawing.pipe("svg", encoding="utf-8")[:5]
    '<?xml'
    """
    is_module = isinstance(v, Module)
    if not is_module and (inputs or depth is not None):
        raise TypeError(
            f"inputs and depth are for a module, which is called with them; "
            f"{type(v).__name__} is drawn as it is: several together are a list, draw([a, b])"
        )
    if is_module:
        if params is not None:
            raise TypeError("params names Tensors, and those of a module have names")
        seen = picture_of_module(v, inputs, max_nodes=max_nodes, title=title, depth=depth)
    elif has_tensor(v):
        seen = picture_of_arrays(v, max_nodes=max_nodes, title=title, params=params)
    elif params is not None:
        raise TypeError("params names Tensors, and a Value has a label of its own")
    else:
        seen = picture(v, slopes=slopes, max_nodes=max_nodes, title=title)
    drawing = Drawing(body=body(seen, theme, direction, legend))
    drawing.left_out = seen.left_out
    return drawing
