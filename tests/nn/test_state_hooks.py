"""Ways of one's own to save and to take up a state: overridden methods, hooks in both spellings."""

from __future__ import annotations

import importlib

import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.torch


def renaming(torch):
    class Old(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(2, 2)
            self.w = torch.nn.Parameter(torch.ones(3))
            self.seen = None

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *more):
            if prefix + "v" in state_dict:
                state_dict[prefix + "w"] = state_dict.pop(prefix + "v")
            self.version = local_metadata.get("version")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *more)
            self.seen = self.w.detach().clone()

    return Old


def test_old_names_are_given_new_ones_by_an_override():
    def program(torch):
        model = torch.nn.Sequential(torch.nn.Linear(1, 1), renaming(torch)())
        state = model.state_dict()
        state["1.v"] = torch.tensor([1.0, 2.0, 3.0])
        del state["1.w"]
        keys = model.load_state_dict(state)
        return list(keys), model[1].w.detach(), model[1].seen, model[1].version

    both(program)


def test_an_override_with_something_missing():
    def program(torch):
        model = renaming(torch)()
        return list(model.load_state_dict({"v": torch.zeros(3), "x": torch.ones(1)}, strict=False))

    both(program)
    for library in (engine, pytest.importorskip("torch")):
        wrong = r"(?s)Missing key.*inner\.weight.*Unexpected key.*\"x\""
        with pytest.raises(RuntimeError, match=wrong):
            renaming(library)().load_state_dict({"v": library.zeros(3), "x": library.ones(1)})


def test_what_is_saved_may_be_decided_by_an_override():
    def program(torch):
        class Both(torch.nn.Linear):
            def _save_to_state_dict(self, destination, prefix, keep_vars):
                super()._save_to_state_dict(destination, prefix, keep_vars)
                destination[prefix + "norm"] = self.weight.detach().norm()

        torch.manual_seed(0)
        return dict(torch.nn.Sequential(Both(2, 2)).state_dict())

    both(program)


def test_hooks_in_the_old_spelling():
    def program(torch):
        told = []

        def before(state, prefix, metadata, strict, missing, unexpected, errors):
            told.append((sorted(state), prefix, dict(metadata), strict, missing, errors))
            state[prefix + "weight"] = state.pop(prefix + "w")

        def with_module(module, state, prefix, *more):
            told.append((type(module).__name__, prefix, len(more)))

        model = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False))
        model[0]._register_load_state_dict_pre_hook(before)
        model[0]._register_load_state_dict_pre_hook(with_module, with_module=True)
        model._register_state_dict_hook(lambda m, state, prefix, _: {"all": len(state)})
        model.load_state_dict({"0.w": torch.tensor([[3.0, 4.0]])})
        return told, model[0].weight.detach(), model.state_dict()

    both(program)


def test_nothing_is_changed_where_something_does_not_fit():
    model = engine.nn.Sequential(engine.nn.Linear(2, 2), engine.nn.Linear(2, 1))
    before = {name: each.clone() for name, each in model.state_dict().items()}
    bad = {name: each + 1 for name, each in before.items()} | {"1.bias": engine.ones(5)}
    with pytest.raises(RuntimeError, match=r"size mismatch for 1\.bias"):
        model.load_state_dict(bad)
    for name, each in model.state_dict().items():
        assert engine.equal(each, before[name])


@pytest.mark.parametrize("state", [{}, {"0.weight": 1}, {"a": 1, "0.b.c": 2}, {"0.weight": None}])
def test_what_is_wrong_is_told_in_pytorchs_order(state):
    def message(library):
        model = library.nn.Sequential(library.nn.Linear(1, 1), library.nn.BatchNorm1d(2))
        with pytest.raises(RuntimeError) as caught:
            model.load_state_dict(state)
        return str(caught.value)

    ours, theirs = message(engine), message(pytest.importorskip("torch"))
    assert ours.split() == theirs.split()


# --- optimizers ---


def test_hooks_around_an_optimizers_state():
    def program(torch):
        told = []
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
        optimizer.register_state_dict_pre_hook(lambda o: told.append(("saving", o is optimizer)))
        optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 7})
        optimizer.register_state_dict_post_hook(
            lambda o, state: told.append(sorted(state)), prepend=True
        )

        def other_rate(o, state):
            told.append(sorted(state))
            return {**state, "param_groups": [{**state["param_groups"][0], "lr": 0.5}]}

        optimizer.register_load_state_dict_pre_hook(other_rate)
        optimizer.register_load_state_dict_post_hook(lambda o: told.append(o.param_groups[0]["lr"]))
        handle = optimizer.register_load_state_dict_pre_hook(
            lambda o, state: told.append("first"), prepend=True
        )
        state = optimizer.state_dict()
        optimizer.load_state_dict(state)
        handle.remove()
        optimizer.load_state_dict(state)
        return told, state["note"], state["param_groups"][0]["lr"], optimizer.param_groups[0]["lr"]

    both(program)


def test_hooks_of_every_optimizer():
    def program(torch):
        from_module = importlib.import_module(f"{torch.__name__}.optim.optimizer")
        told = []
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizers = [torch.optim.SGD([p], lr=0.1), torch.optim.Adam([p])]
        handles = [
            from_module.register_optimizer_step_pre_hook(
                lambda o, args, keywords: told.append(("before", type(o).__name__))
            ),
            from_module.register_optimizer_step_post_hook(
                lambda o, args, keywords: told.append(("after", type(o).__name__))
            ),
        ]
        for optimizer in optimizers:
            optimizer.register_step_pre_hook(lambda *_: told.append("own before"))
            optimizer.register_step_post_hook(lambda *_: told.append("own after"))
        p.grad = torch.ones(2)
        for optimizer in optimizers:
            optimizer.step()
        for handle in handles:
            handle.remove()
        optimizers[0].step()
        return told

    both(program)
