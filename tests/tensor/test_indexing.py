"""`x[...]`, `x[...] = v` and the methods that pick and place, held against PyTorch.

Index expressions are made at random: numbers, slices, None, Ellipsis, truths, arrays of indices,
masks and lists, mixed in any way, right and wrong ones. Values, gradients, the name in `grad_fn`,
whether memory is shared, and the class of the error are PyTorch's.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from both_sides import both
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import engine

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

shapes = st.lists(st.integers(0, 4), min_size=0, max_size=4).map(tuple)
ends = st.none() | st.integers(-5, 5)
_ALL = slice(None)
slices = st.builds(slice, ends, ends, st.none() | st.integers(1, 3))


@st.composite
def expressions(draw: Any) -> tuple[tuple, tuple]:
    """(shape, items), mostly right ones; a list stands for a tensor of indices or of truths."""
    shape = draw(shapes)
    items: list[Any] = []
    dim = 0
    common = draw(st.sampled_from([(2,), (1,), (2, 3), (0,)]))
    while dim < len(shape) and draw(st.integers(0, 9)):
        size = shape[dim]
        kind = draw(st.sampled_from("number slice slice none dots array mask list truth".split()))
        near = st.integers(-size, size - 1) if size else st.just(0)
        if kind == "number":
            items.append(draw(near | st.integers(-5, 5)))
        elif kind == "slice":
            items.append(draw(slices))
        elif kind == "none":
            items.append(None)
            continue
        elif kind == "dots":
            if any(i is Ellipsis for i in items):
                continue
            items.append(Ellipsis)
        elif kind == "truth":
            items.append(draw(st.booleans()))
            continue
        elif kind == "list":
            items.append(draw(st.lists(near, min_size=2, max_size=2)))
        elif kind == "array":
            count = math.prod(common)
            found = draw(st.lists(near, min_size=count, max_size=count))
            kind = draw(st.sampled_from(["int64", "int32"]))
            items.append(np.array(found, kind).reshape(common))
        else:
            width = draw(st.integers(1, 2))
            extent = shape[dim : dim + width]
            count = math.prod(extent)
            found = draw(st.lists(st.booleans(), min_size=count, max_size=count))
            items.append(np.array(found, bool).reshape(extent))
            dim += len(extent) - 1
        dim += 1
    if any(isinstance(i, np.ndarray | list) for i in items):
        # subtle: where nothing is read PyTorch does not look whether it is there; we do.
        plain = tuple(_ALL if isinstance(i, np.ndarray | list | bool) else i for i in items)
        with suppress(IndexError):
            assume(np.empty(shape)[plain[: len(shape)]].size)
    return shape, tuple(items)


def index_of(library: Any, items: tuple) -> Any:
    found = tuple(library.tensor(i) if isinstance(i, np.ndarray) else i for i in items)
    return found[0] if len(found) == 1 else found


def numbers(shape: Any, start: float = 1.0) -> np.ndarray:
    return np.arange(start, start + math.prod(shape)).reshape(shape) * 0.37


@settings(max_examples=400, deadline=None)
@given(expressions())
def test_parts(expression):
    shape, items = expression

    def program(library: Any) -> Any:
        x = library.tensor(numbers(shape), requires_grad=True)
        part = x[index_of(library, items)]
        name = part.grad_fn.name().replace("torch::autograd::", "")
        (part * library.tensor(numbers(part.shape, 5.0))).sum().backward()
        return part, x.grad, name, part._base is x

    both(program)


@settings(max_examples=300, deadline=None)
@given(expressions(), st.data())
def test_assignment(expression, data):
    shape, items = expression
    assume(not any(i is False for i in items))  # PyTorch then does not look at the value at all
    try:
        target = torch.empty(shape)[index_of(torch, items)].shape
    except (IndexError, TypeError):
        target = (2,)
    fitting = tuple(data.draw(st.sampled_from([1, size])) for size in target)
    fitting = fitting[data.draw(st.integers(0, len(fitting))) :]
    value_shape = data.draw(st.sampled_from([fitting, (1, *fitting), (), (3,)]))
    # Where one place is written twice, which of the two stays is nobody's promise.
    for item in items:
        if isinstance(item, np.ndarray | list) and np.asarray(item).dtype != bool:
            value_shape = ()

    def program(library: Any) -> Any:
        x = library.tensor(numbers(shape), requires_grad=True)
        value = library.tensor(numbers(value_shape, 40.0), requires_grad=True)
        y = x * 2
        y[index_of(library, items)] = value
        (y * library.tensor(numbers(shape, 5.0))).sum().backward()
        grad = value.grad if not any(isinstance(i, np.ndarray | list | bool) for i in items) else 0
        return y, x.grad, grad

    both(program)


@pytest.mark.parametrize(
    "line",
    """x[1.0];x["a"];x[{}];x[torch.tensor(1.)];x[torch.tensor([1.])];x[5];x[-3];x[0,0,0,0];z[0]
    x[::-1];x[::0];x[torch.tensor([True,False,True])];x[torch.tensor([0,7])];x[torch.tensor([-3])]
    x[torch.tensor([0,1,1]),torch.tensor([0,1])];x[torch.tensor([0,1],dtype=torch.int8)];z[...]
    x[torch.tensor(1)];x[torch.tensor(1):];x[torch.tensor(True)];z[None];z[()];x[()];z[True]
    x[torch.tensor([0,1],dtype=torch.uint8)];x[[0,1],[1,2]];x[(0,1),];x[((0,1),(1,2))];x[0:2];x[:]
    x[...];x[:,:];x[:,0:3];x[0,0:3];x[...,...];x[[]];x[range(2)];x[0.5:];x.select(0,5);x.select(5,0)
    x.select(1,-1);x.narrow(1,0,2);x.narrow(0,1,2);x.narrow(0,-1,1);x.narrow(0,2,0);x.narrow(0,3,0)
    x.narrow(0,0,-1);z.narrow(0,0,1);z.select(0,0);x.unbind(5);z.unbind();x.unbind(1);x.unbind(-1)
    x.split(0);x.split(-1);x.split(2,1);x.split([1,2]);x.split([1,1],5);x.split([1,0,2],1);z.split(1)
    x.chunk(0);x.chunk(5);x.chunk(2,-1);x.chunk(3,2);e.split(2);e.chunk(3);z.chunk(1);x.hsplit(5)
    x.hsplit(3);x.hsplit([1,2]);x.vsplit(2);v.vsplit(2);x.dsplit([1]);x.tensor_split(3,dim=2)
    x.tensor_split((1,2),dim=1);x.tensor_split(torch.tensor([1]),dim=0);x.tensor_split(0)
    x.tensor_split([2,9]);x.tensor_split([-1,1],1);v.tensor_split(indices=[2]);z.tensor_split(1)
    x.split_with_sizes([1,1]);torch.split(x,split_size_or_sections=1);torch.unbind(x,1);len(x);len(z)
    list(z);[p.sum() for p in x];1.0 in v;torch.chunk(x,2);torch.narrow(x,0,0,1);e[0];e.unbind()
    z.tensor_split(0);x.hsplit(0)""".replace("\n", ";").split(";"),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_one_line(line):
    both(lambda library: evaluate(library, line))


def evaluate(library: Any, line: str) -> Any:
    names = {
        "torch": library,
        "x": library.tensor(numbers((2, 3, 4)), requires_grad=True) * 1,
        "z": library.tensor(3.0),
        "v": library.tensor([1.0, 2.0, 3.0]),
        "e": library.tensor(numbers((0, 2))),
        "b": library.tensor(numbers((2, 3, 4))),
        "m": library.tensor(numbers((2, 3, 4)) > 4),
        "i": library.tensor([0, 1]),
        "j": library.tensor([[[0, 1, 1]], [[1, 0, 0]]]),
        "l": library.tensor(np.arange(6).reshape(2, 3)),
    }
    found = eval(line.strip(), names)  # the lines of this file
    results = found if isinstance(found, tuple | list) else [found]
    grad_fns = [getattr(r, "grad_fn", None) for r in results]
    gradients = []
    if results and any(g is not None for g in grad_fns):
        loss = sum((r * r * (k + 1)).sum() for k, r in enumerate(results))
        gradients = [library.autograd.grad(loss, names["x"], allow_unused=True)[0]]
    return found, [g and g.name().replace("torch::autograd::", "") for g in grad_fns], gradients


@pytest.mark.parametrize(
    "line",
    """x.index_select(1,i);x.index_select(0,torch.tensor([7]));x.index_select(0,l);z.take(i)
    x.index_select(0,torch.tensor([0.]));x.index_select(0,torch.tensor(1));x.index_select(0,[0])
    x.index_select(0,torch.tensor([-1]));z.index_select(0,torch.tensor([0]));x.index_add(0,i,b)
    x.index_add(0,torch.tensor([1,1]),x,alpha=2);x.index_add(0,i,b[0]);x.index_add(0,i,b.double())
    x.index_add(0,torch.tensor([-1]),b[:1]);x.index_copy(0,i,x*2);x.index_copy(0,torch.tensor(0),b[0])
    x.index_copy(0,i,torch.cat([b,b])[:3]);x.index_fill(1,i,2.);x.index_fill(1,i,torch.tensor(2.))
    x.index_fill(1,torch.tensor([-1]),1);x.index_fill(0,i,v);x.index_put((i,),x[0]);b.index_put((i,),v)
    x.index_put((i,i),torch.tensor(1.,dtype=torch.float64));x.index_put((torch.tensor([0,0]),),x,True)
    x.gather(1,j);x.gather(0,torch.tensor([0]));x.gather(5,i);x.gather(0,torch.tensor([[[7]]]))
    x.gather(0,torch.tensor([[[0.]]]));x.gather(0,torch.tensor([[[-1]]]));x.gather(2,j);v.gather(0,i)
    z.gather(0,torch.tensor(0));z.gather(0,torch.tensor([0,0]));v.gather(0,torch.tensor(1))
    x.take_along_dim(j,2);x.take_along_dim(j,1);x.take_along_dim(i[None,None],2);x.take_along_dim(i);x.take_along_dim(i,0)
    x.scatter(1,j,x[:,:1,:3]);x.scatter(1,j,b);x.scatter(2,torch.tensor([[[0,2]]]),1.5);x.scatter(0,torch.tensor([[[9]]]),1.)
    x.scatter(0,torch.tensor([[[0]]]),b.double());x.scatter(0,torch.tensor([[[-1]]]),1.)
    x.scatter(0,torch.tensor([0]),1.);x.scatter(1,j[:,:,:2],x,reduce="foo");x.scatter_add(2,j,b)
    x.scatter_add(1,j,(x*x)[:,1:2,:3]);v.scatter_add(0,torch.tensor([0,0]),v);x.take(torch.tensor([50]))
    x.take(torch.tensor([[0,-1],[3,3]]));x.masked_fill(m,1.);x.masked_fill(m,torch.tensor(1.))
    x.masked_fill(m,v);x.masked_fill(b,1);x.masked_fill(m[0,0],0.);x.masked_fill(m[None],0.)
    l.masked_fill(l>2,1.5);x.masked_fill(m[:,:1],-math);x.masked_select(m);x.masked_select(m[0])
    x.masked_select(b);x.masked_scatter(m,x*2);x.masked_scatter(m,v);x.masked_scatter(m,b.float())
    torch.where(m,x,0);torch.where(m,1.,x);torch.where(m,1,0);torch.where(m,1.,0);torch.where(m,x,v[0])
    torch.where(b,b,b);torch.where(m);torch.where(m,x);torch.where(m,b.long(),0.5);x.where(m,2.)
    torch.where(m,x,b.float());torch.where(m,torch.tensor(1.),b.float());torch.where(m[0],x,x*x)
    b.nonzero();(b>20).nonzero();b.nonzero(as_tuple=True);z.nonzero();z.argwhere();torch.argwhere(m)
    torch.nonzero(m,as_tuple=True);x.repeat_interleave(2);x.repeat_interleave(3,1)
    x.repeat_interleave(i,0);x.repeat_interleave(torch.tensor([2]),1);x.repeat_interleave(-1)
    x.repeat_interleave(i,1);x.repeat_interleave(torch.tensor([1,2,0]),dim=1,output_size=3)
    torch.repeat_interleave(i+1);z.repeat_interleave(2);x.repeat_interleave(torch.tensor([2.]))
    b.put_(torch.tensor([0,-1]),v[:2].double());b.put_(i,v.double());torch.take_along_dim(x,j,1)
    b.put_(torch.tensor([0,0]),v[:2].double(),accumulate=True);b.put_(i,v[:2])
    torch.index_select(x,dim=1,index=i);torch.gather(x,1,j);torch.masked_select(x,m)
    torch.searchsorted(v,torch.tensor([2.,0.5]));torch.searchsorted(v,2.0,right=True)
    torch.searchsorted(v,v,side="right",out_int32=True);torch.searchsorted(v,v,side="foo")
    torch.searchsorted(b[0],b[0]);torch.searchsorted(b[0],b[0,:2]);torch.bucketize(2.0,v)
    torch.searchsorted(v.flip(0),v,sorter=torch.tensor([2,1,0]));torch.bucketize(v,v,right=True)
    torch.bucketize(v,b);torch.tril_indices(2,4,1);torch.triu_indices(3,2,-1,dtype=torch.int32)
    torch.tril_indices(0,3);x.fill_(v);x.fill_(v[0].double()).sum();b.fill_(2).sum();x.copy_(b[0]).sum()
    x.copy_(v);l.fill_(2.7);x.clone().masked_fill_(m[None],0.);x.clone().masked_fill_(m[0],0.)
    """.replace("\n", ";").split(";"),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_picking_and_placing(line):
    both(lambda library: evaluate(library, line or "x"))


BASE, SOURCE = numbers((3, 4)), np.array([[1.0, 2.0, -1.0, 0.5], [2.0, 2.0, 3.0, 0.25]])


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("zeros", [0, 1, 2])
@settings(max_examples=10, deadline=None)
@given(places=st.lists(st.integers(0, 2), min_size=8, max_size=8))
def test_scatter_reduce(reduce, include_self, zeros, places):
    source = SOURCE.copy()
    source.reshape(-1)[:zeros] = 0.0

    def program(library: Any) -> Any:
        x = library.tensor(BASE, requires_grad=True)
        y = library.tensor(source, requires_grad=True)
        index = library.tensor(np.array(places).reshape(2, 4))
        out = x.scatter_reduce(0, index, y, reduce, include_self=include_self)
        (out * library.tensor(numbers((3, 4), 5.0))).sum().backward()
        whole = library.tensor(BASE.astype(np.int64))
        brought = library.tensor(source.astype(np.int64))
        integers = whole.scatter_reduce(0, index, brought, reduce, include_self=include_self)
        return out, x.grad, y.grad, integers

    both(program)


@pytest.mark.parametrize("reduce", ["add", "multiply"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_scatter_with_reduce_has_values_of_pytorch_and_a_gradient(reduce):
    def values(library: Any) -> Any:
        x = library.tensor(BASE)
        index = library.tensor([[0, 1, 2, 0]])
        return (
            x.scatter(0, index, library.tensor(SOURCE), reduce=reduce),
            x.scatter(0, index, 2.5, reduce=reduce),
            x.clone().scatter_(1, library.tensor([[1], [0]]), 2.5, reduce=reduce),
        )

    both(values)


def test_what_is_written_into_an_index_later_changes_nothing():
    x = engine.tensor([1.0, 2.0, 3.0], requires_grad=True)
    index = engine.tensor([0, 0])
    mask = engine.tensor([True, False, False])
    part, other = x[index], x.masked_fill(mask, 0.0)
    index += 1
    mask[1] = True
    (part.sum() + other.sum()).backward()
    assert x.grad.tolist() == [2.0, 1.0, 1.0]


@pytest.mark.parametrize("value", ["[1.0, 2.0]", "(1.0,)", "'a'", "None", "np.ones(2)"])
def test_what_is_no_tensor_and_no_number_is_not_assigned(value):
    def program(library: Any) -> Any:
        x = library.tensor([[1.0, 2.0], [3.0, 4.0]])
        x[0] = eval(value, {"np": np})  # the lines of this file
        return x

    both(program)


@pytest.mark.parametrize(
    "line",
    [
        "x[[0, 1]] = torch.ones(2, 2, dtype=torch.float64)",
        "x[[0, 1]] = torch.tensor(2.0, dtype=torch.float64)",
        "x[x > 2] = torch.tensor(2.0, dtype=torch.float64)",
        "x[0] = torch.ones(2, dtype=torch.float64)",
        "x[0] = torch.tensor([1, 2])",
        "x[x > 1] = torch.ones(3, 3)",
        "x[0] = torch.ones(3)",
        "x[0] = torch.ones(2, 2)",
        "x[0] = torch.ones(1, 1, 2)",
        "x[x > 1] += 10",
        "x[0] += x[1]",
        "x[:, 0] *= 2",
        "x[[0, 0]] += 1",
        "x[1:] = x[:1]",
        "x.view(-1)[1:] = x.view(-1)[:-1]",
        "x.view(-1)[1:].copy_(x.view(-1)[:-1])",
        "x += x.T",
        "x.expand(2, 2, 2)[0] += 1",
        "x.expand(2, 2, 2).zero_()",
        "x.expand(2, 2, 2).copy_(x)",
        "x[0] = True",
        "x[5] = 1",
        "x[[0, 5]] = 1",
        "x[..., None] = 3",
        "x[()] = 4",
        "x[True] = 5",
        "x[0, 1] = np.float32(3)",
    ],
)
def test_one_assignment(line):
    def program(library: Any) -> Any:
        if not hasattr(library, "ones"):
            pytest.skip("needs ones")
        x = library.tensor([[1.0, 2.0], [3.0, 4.0]])
        exec(line, {"x": x, "torch": library, "np": np})  # the lines of this file
        return x

    both(program)


def test_one_hot():
    for index, classes in [([0, 2], -1), ([[0], [1]], 4), ([0, 2], 2), ([0, -2], -1), ([], -1)]:

        def program(library: Any, index: Any = index, classes: int = classes) -> Any:
            made = library.tensor(index, dtype=library.int64)
            return library.nn.functional.one_hot(made, classes)

        both(program)


def test_a_source_larger_than_the_index_gets_a_gradient_where_it_was_used():
    x = engine.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = engine.tensor([[5.0, 6.0], [7.0, 8.0]], requires_grad=True)
    x.scatter_add(1, engine.tensor([[1]]), y).sum().backward()
    assert y.grad.tolist() == [[1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_many_rows_are_added_as_few_are(kind):
    """From a certain number on they are sorted first: the same sums."""
    rng = np.random.default_rng(3)
    # Whole numbers, whose sums are exact in whatever order.
    places, rows = rng.integers(-7, 7, 500), rng.integers(-9, 9, (500, 4, 5)).astype(kind)

    def program(library: Any) -> Any:
        x = library.tensor(np.ones((7, 4, 5), kind), requires_grad=True)
        part = x[library.tensor(places)]
        (part * library.tensor(rows)).sum().backward()
        index = library.tensor(places % 7)
        return x.grad, x.detach().index_add(0, index, library.tensor(rows))

    both(program)
