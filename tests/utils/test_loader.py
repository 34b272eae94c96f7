"""DataLoader: PyTorch's order of examples, and the states that its generators are left in."""

import itertools

import pytest
from both_sides import both
from hypothesis import given
from hypothesis import strategies as st
from worker_traces import Rows, forking, nothing_is_left  # noqa: F401

import engine
from engine.utils import data

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def orders(torch, n, batch_size, drop_last, shuffle, kind, seed, workers=0):
    """Three epochs' batches, the last one left early, and the states of the generators."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1) if kind == "own" else None
    loader = torch.utils.data.DataLoader(
        torch.arange(n), batch_size, shuffle, drop_last=drop_last, generator=generator,
        num_workers=workers,
    )  # fmt: skip
    epochs = [[batch.tolist() for batch in loader] for _ in range(3)]
    for batch in loader:
        epochs.append(batch.tolist())
        break
    state = None if generator is None else generator.get_state()
    return epochs, len(loader), torch.get_rng_state(), state


@pytest.mark.torch
@given(
    st.integers(1, 40), st.integers(1, 9), st.booleans(), st.booleans(),
    st.sampled_from(["own", "default"]), st.integers(0, 2**40),
)  # fmt: skip
def test_the_order_is_pytorchs(n, batch_size, drop_last, shuffle, kind, seed):
    both(lambda m: orders(m, n, batch_size, drop_last, shuffle, kind, seed))


@forking
@pytest.mark.torch
@pytest.mark.parametrize("kind", ["own", "default"])
@pytest.mark.parametrize("n, batch_size, drop_last", [(10, 3, False), (10, 3, True), (8, 2, False)])
def test_two_workers_keep_the_order(n, batch_size, drop_last, kind):
    torch = pytest.importorskip("torch")
    ours = orders(engine, n, batch_size, drop_last, True, kind, 3, workers=2)
    theirs = orders(torch, n, batch_size, drop_last, True, kind, 3)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    # The last epoch was left early: workers had asked for more numbers than one process had.
    ours = orders(engine, n, batch_size, drop_last, True, "default", 3, workers=2)
    theirs = orders(torch, n, batch_size, drop_last, True, "default", 3)
    assert ours[2].tolist() == theirs[2].tolist()


@pytest.mark.torch
def test_numbers_drawn_between_iter_and_next():
    def program(torch):
        torch.manual_seed(2)
        batches = iter(torch.utils.data.DataLoader(torch.arange(6), 2, shuffle=True))
        drawn = torch.rand(3)
        return [batch.tolist() for batch in batches], drawn, torch.rand(1)

    both(program)


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": None},
        {"batch_sampler": [[0, 1], [4], [2, 2]]},
        {"sampler": [3, 1, 2], "batch_size": 2},
        {"batch_size": 2, "collate_fn": len},
    ],
)
def test_other_ways_to_ask(settings):
    def program(torch):
        loader = torch.utils.data.DataLoader(torch.arange(5), **settings)
        found = [b.tolist() if hasattr(b, "tolist") else b for b in loader]
        return found, len(loader), loader.batch_size, loader.drop_last

    both(program)


def test_several_numbers_at_once_are_asked_for_where_the_data_set_can():
    class Many(Rows):
        def __getitems__(self, numbers):
            return [-number for number in numbers]

    assert [b.tolist() for b in data.DataLoader(Many(3), batch_size=2)] == [[0, -1], [-2]]


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings",
    [
        {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"persistent_workers": True},
        {"sampler": [1], "shuffle": True}, {"batch_sampler": [[1]], "batch_size": 2},
        {"batch_sampler": [[1]], "shuffle": True}, {"batch_size": None, "drop_last": True},
        {"batch_size": 0}, {"num_workers": 1, "prefetch_factor": -1},
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other(settings):
    both(lambda m: m.utils.data.DataLoader(range(3), **settings) and None)


@pytest.mark.torch
@pytest.mark.parametrize(
    "settings", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}]
)
def test_an_iterable_data_set_has_no_order(settings):
    def program(torch):
        stream = torch.utils.data.ChainDataset([[1, 2]])
        return torch.utils.data.DataLoader(stream, **settings) and None

    both(program)


class Stream(data.IterableDataset):
    """0 to n - 1, shared out among the workers."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = data.get_worker_info()
        if info is None:
            return iter(range(self.count))
        return iter(range(info.id, self.count, info.num_workers))


@pytest.mark.parametrize("drop_last, last", [(False, [[6]]), (True, [])])
def test_an_iterable_data_set(drop_last, last):
    loader = data.DataLoader(Stream(7), batch_size=2, drop_last=drop_last)
    assert [b.tolist() for b in loader] == [[0, 1], [2, 3], [4, 5], *last]
    assert data.get_worker_info() is None


@forking
def test_workers_share_an_iterable_data_set():
    loader = data.DataLoader(Stream(9), batch_size=2, num_workers=2)
    assert [b.tolist() for b in loader] == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]


def test_itertools_can_cut_an_endless_stream():
    class Endless(data.IterableDataset):
        def __iter__(self):
            return itertools.count()

    batches = itertools.islice(data.DataLoader(Endless(), batch_size=3), 2)
    assert [batch.tolist() for batch in batches] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.torch
@pytest.mark.parametrize(
    "name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "num_workers"]
)
def test_what_the_samplers_were_made_for_stays(name: str) -> None:
    def program(torch):
        setattr(torch.utils.data.DataLoader([1, 2, 3]), name, 0)

    both(program)


@pytest.mark.torch
@pytest.mark.parametrize("num_workers", [0, pytest.param(1, marks=forking)])
def test_a_pass_knows_how_many_batches_there_are(num_workers):
    def program(torch):
        batches = iter(torch.utils.data.DataLoader([1, 2, 3], 2, num_workers=num_workers))
        return len(batches), next(batches), len(batches), list(batches), list(batches)

    both(program)
