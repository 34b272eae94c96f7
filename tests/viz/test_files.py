"""A file is written whole or not at all."""

import pytest
from player_pages import neuron, twice_twice

from viz import draw, files
from viz.player import play


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "page.html"
    assert play(neuron(), path) == path
    before = path.read_text()
    assert before.startswith("<!doctype html>") and before.rstrip().endswith("</html>")

    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", broken)
    with pytest.raises(OSError, match=r"page\.html.*No space left.*room"):
        play(twice_twice(), path)
    assert path.read_text() == before
    assert [p.name for p in path.parent.iterdir()] == ["page.html"]


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        files.write(tmp_path, "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="part of this path is a file"):
        files.write(tmp_path / "file" / "page.html", "x")


def test_a_path_that_no_system_allows_is_said_to_be_one(tmp_path):
    for write in (lambda path: play(neuron(), path), lambda path: draw(neuron()).write(path)):
        with pytest.raises(ValueError, match=r"cannot write '.*a\\x00\.svg': .* the character NUL"):
            write(tmp_path / "new" / "a\0.svg")
    assert list(tmp_path.iterdir()) == []
