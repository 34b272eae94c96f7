"""`grad` and `backward` on Tensors, line by line against PyTorch."""

import pytest
from both_sides import both

import engine

torch_too = pytest.mark.torch


def leaf(torch, *numbers, dtype="float32"):
    return torch.tensor(list(numbers), dtype=getattr(torch, dtype), requires_grad=True)


CASES = {}


def case(program):
    CASES[program.__name__] = program
    return program


@case
def several_outputs_and_inputs(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, -4.0)
    u, v = x * y, (x * x).sum()
    found = torch.autograd.grad([u, v], [x, y], [torch.tensor([0.5, -2.0]), None])
    return found, x.grad is None


@case
def an_input_that_is_no_leaf(torch):
    x = leaf(torch, 1.0, 2.0)
    w = x * 2
    y = w * w + x
    return torch.autograd.grad(y, [w, x, w], torch.tensor([0.5, -2.0]))


@case
def an_output_by_itself(torch):
    x = leaf(torch, 1.0, 2.0)
    return torch.autograd.grad(x, x, torch.tensor([0.5, -2.0]))


@case
def second_order(torch):
    x = leaf(torch, 1.0, 2.0)
    (first,) = torch.autograd.grad((x * x * x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x, torch.tensor([0.5, -2.0]), create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    return first, second, third


@case
def create_graph_through_backward(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * x * x).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    (first * first).sum().backward()
    return first, x.grad


@case
def unused_is_an_error(torch):
    x, y = leaf(torch, 1.0), leaf(torch, 2.0)
    return torch.autograd.grad(x.sum(), [x, y])


@case
def unused_allowed(torch):
    x, y = leaf(torch, 1.0), leaf(torch, 2.0)
    return torch.autograd.grad((x * 2).sum(), [x, y], allow_unused=True)


@case
def unused_materialized(torch):
    x, y = leaf(torch, 1.0), leaf(torch, 2.0, dtype="float64")
    return torch.autograd.grad((x * 2).sum(), [x, y], materialize_grads=True)


@case
def materialize_and_refuse(torch):
    x = leaf(torch, 1.0)
    return torch.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)


@case
def no_inputs(torch):
    return torch.autograd.grad(leaf(torch, 1.0).sum(), [])


@case
def no_outputs(torch):
    return torch.autograd.grad([], leaf(torch, 1.0))


@case
def an_input_without_gradient(torch):
    return torch.autograd.grad(leaf(torch, 1.0).sum(), torch.tensor([1.0]))


@case
def an_output_without_gradient(torch):
    return torch.autograd.grad(torch.tensor(1.0), leaf(torch, 1.0))


@case
def an_output_with_many_elements(torch):
    x = leaf(torch, 1.0, 2.0)
    return torch.autograd.grad(x * 2, x)


@case
def a_gradient_of_another_shape(torch):
    x = leaf(torch, 1.0, 2.0)
    return torch.autograd.grad(x * 2, x, torch.tensor([1.0, 1.0, 1.0]))


@case
def a_gradient_of_another_type(torch):
    x = leaf(torch, 1.0, 2.0)
    wide = torch.tensor([1.0, 0.1], dtype=torch.float64)
    whole = torch.tensor([1, 3])
    return torch.autograd.grad(x * 2, x, wide), torch.autograd.grad(x * 2, x, whole)


@case
def an_input_that_is_no_tensor(torch):
    return torch.autograd.grad(leaf(torch, 1.0).sum(), 3)


@case
def an_output_that_is_no_tensor(torch):
    return torch.autograd.grad(3, leaf(torch, 1.0))


@case
def freed_after_the_first(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x * x).sum()
    torch.autograd.grad(y, x)
    return torch.autograd.grad(y, x)


@case
def retained(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x * x).sum()
    return torch.autograd.grad(y, x, retain_graph=True), torch.autograd.grad(y, x)


@case
def not_retained_although_recorded(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x * x).sum()
    torch.autograd.grad(y, x, create_graph=True, retain_graph=False)
    return torch.autograd.grad(y, x)


@case
def shapes_are_not_freed(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


@case
def numbers_are_freed(torch):
    y = (leaf(torch, 1.0, 2.0) * 2).sum()
    y.backward()
    y.backward()


@case
def freed_only_where_it_was_gone_through(torch):
    x, w = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, 4.0)
    u, v = x.exp(), w.exp()
    y = (u + v).sum()
    first = torch.autograd.grad(y, x)
    return first, torch.autograd.grad(y, w)


@case
def backward_of_several(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, -4.0)
    torch.autograd.backward([x * y, (x * x).sum()], [torch.tensor([0.5, -2.0]), None])
    return x.grad, y.grad


@case
def backward_by_some_inputs(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, -4.0)
    w = x * 2
    torch.autograd.backward((w * w * y).sum(), inputs=[w, y])
    return x.grad, y.grad, w.grad


@case
def backward_by_one_input(torch):
    x, y = leaf(torch, 1.0, 2.0), leaf(torch, 3.0, -4.0)
    (x * y).sum().backward(inputs=x)
    return x.grad, y.grad


@case
def backward_by_no_inputs(torch):
    return torch.autograd.backward(leaf(torch, 1.0).sum(), inputs=[])


@case
def backward_twice_adds(torch):
    x = leaf(torch, 1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    first = x.grad
    y.backward()
    return x.grad, first is x.grad


@case
def backward_onto_a_recorded_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward()
    return x.grad.detach(), first is x.grad


@case
def backward_onto_an_assigned_gradient(torch):
    x = leaf(torch, 1.0, 2.0)
    mine = torch.tensor([10.0, 20.0])
    x.grad = mine
    (x * x).sum().backward()
    return x.grad, mine, x.grad is mine


@case
def a_number_for_a_gradient(torch):
    return (leaf(torch, 1.0) * 2).sum().backward(1.0)


@case
def a_leaf_of_another_type(torch):
    x, y = leaf(torch, 1.0, 2.0, dtype="float64"), leaf(torch, 3.0, 0.1)
    z = x * y
    z.backward(torch.tensor([0.5, -2.0], dtype=torch.float64))
    return z.detach(), x.grad, y.grad


@case
def stretched_inputs(torch):
    x = torch.tensor([[1.0], [2.0]], requires_grad=True)
    y, n = leaf(torch, 3.0, -4.0, 5.0), torch.tensor(2.0, requires_grad=True)
    z = x * y + n
    torch.autograd.backward(z, torch.tensor([[1.0, 0.5, 2.0], [-1.0, 3.0, 0.25]]))
    return x.grad, y.grad, n.grad


@case
def a_leaf_of_integers(torch):
    return torch.tensor([1, 2]).requires_grad_()


@case
def made_of_integers(torch):
    return torch.tensor([1, 2], requires_grad=True)


@case
def a_gradient_that_is_no_tensor(torch):
    leaf(torch, 1.0).grad = 3.0


@case
def its_own_gradient(torch):
    x = leaf(torch, 1.0)
    x.grad = x


@case
def a_gradient_of_another_size(torch):
    leaf(torch, 1.0).grad = torch.tensor([1.0, 2.0])


@case
def a_gradient_of_another_dtype(torch):
    leaf(torch, 1.0).grad = torch.tensor([1.0], dtype=torch.float64)


@case
def gradient_taken_away(torch):
    x = leaf(torch, 1.0, 2.0)
    (x * 2).sum().backward()
    del x.grad
    without = x.grad is None
    (x * 3).sum().backward()
    return without, x.grad


@case
def flags_of_what_was_computed(torch):
    return (leaf(torch, 1.0) * 2).requires_grad_(False)


@case
def deep_copy_of_what_was_computed(torch):
    import copy

    return copy.deepcopy(leaf(torch, 1.0) * 2)


@case
def copies_and_pickles(torch):
    import copy
    import pickle

    x = leaf(torch, 1.0, 2.0)
    (x * x).sum().backward()
    x.note = [3]
    deep = copy.deepcopy(x)
    with torch.no_grad():
        x *= 3
    again = pickle.loads(pickle.dumps(x * 2))
    notes = deep.note, deep.note is x.note
    return notes, deep, deep.grad, again, again.is_leaf, deep.grad is x.grad, copy.copy(x)


@case
def variable(torch):
    x = torch.tensor([1.0, 2.0])
    v = torch.autograd.Variable(x, requires_grad=True)
    (v * v).sum().backward()
    x[0] = 7
    return v, v.grad, isinstance(x, torch.autograd.Variable), torch.autograd.Variable(v * 2)


@case
def variable_of_a_list(torch):
    return torch.autograd.Variable([1.0])


@case
def poles_are_silent(torch):
    x = leaf(torch, 0.0, 1.0)
    x.log().backward(torch.tensor([0.5, -2.0]))
    return x.grad


@torch_too
@pytest.mark.parametrize("name", CASES)
def test_the_same_lines_on_both_sides(name):
    both(CASES[name])


def test_asking_what_is_no_leaf_for_its_gradient_warns() -> None:
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match=r"not a leaf Tensor is being accessed.*retain_grad"):
        assert y.grad is None
    kept = x * 3
    kept.retain_grad()
    # None of these warns: a leaf, what keeps its gradient, what wants none.
    assert x.grad is None and kept.grad is None and (x.detach() * 2).grad is None
    kept.sum().backward()
    assert kept.grad.tolist() == [1.0, 1.0]
