"""The demo: `make demo`, or `python -m examples.demo`.

First back-propagation as numbers, on a network small enough to do by hand; then a network of the
same numbers, trained on real data. The terminal tells the story, the pictures and the page that
plays it go to `out/`. Exit status 1 if the trained network is worse than it must be, 2 if the
folder cannot be written to.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from examples import back_propagation, iris
from viz import files
from viz.telling import width

WHAT = {
    "backprop.html": (
        "play it: forward, backward, step by step",
        "재생: 순전파와 역전파를 한 단계씩",
    ),
    "backprop.svg": ("the network as a graph, with gradients", "기울기가 적힌 신경망 그래프"),
    "backprop.png": ("the same as an image", "같은 그림(PNG)"),
    "backprop.txt": ("every step in words and numbers", "모든 단계의 설명"),
    "iris_loss.png": ("how the loss fell", "손실이 줄어드는 모습"),
    "iris_confusion.png": ("what was taken for what", "혼동행렬"),
    "iris_regions.png": ("where the network sees which iris", "결정 영역"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs both parts and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out"), help="the folder (default: out)")
    parser.add_argument("--language", choices=("en", "ko"), default="en")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights (default: 0)")
    parser.add_argument("--epochs", type=int, default=iris.EPOCHS, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)

    def say(english: str, korean: str) -> None:
        print(korean if asked.language == "ko" else english)

    def heading(english: str, korean: str) -> None:
        text = korean if asked.language == "ko" else english
        print(f"\n{text}\n{'=' * width(text)}\n")

    started = time.perf_counter()
    try:
        # Finds out about an unwritable folder now, not after the training.
        files.write(asked.out / ".demo", "").unlink()
        heading(
            "1  Back-propagation, on a network small enough to do by hand",
            "1  역전파: 손으로 계산할 수 있는 작은 신경망",
        )
        written = back_propagation.run(asked.out, say, asked.language)
        heading(
            "2  The same engine on real data: Fisher's iris", "2  같은 엔진으로 실제 데이터: 붓꽃"
        )
        reached, pictures = iris.run(
            asked.out, say, seed=asked.seed, epochs=asked.epochs, language=asked.language
        )
    except OSError as error:
        print(f"error: {error.strerror or error}", file=sys.stderr)
        return 2
    except ImportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2

    heading("Open these", "열어 볼 파일")
    names = [path.name for path in (*written, *pictures)]
    room = max(len(str(asked.out / name)) for name in names) + 2
    for name in sorted(names, key=list(WHAT).index):
        english, korean = WHAT[name]
        place = f"    {asked.out / name!s:<{room}}"
        say(place + english, place + korean)
    seconds = time.perf_counter() - started
    print()
    say(f"Done in {seconds:.0f} seconds.", f"{seconds:.0f}초 걸렸다.")
    if reached < iris.WANTED:
        print(
            f"error: the test accuracy is {reached:.1%}; at least {iris.WANTED:.0%} was expected",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
