"""Shapes and views, held against PyTorch: values, gradients, strides, names, shared memory, errors.

Each line is run by both, on the same tensors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from both_sides import both
from hypothesis import given, settings
from hypothesis import strategies as st

import engine

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:The use of `x.T`")]


def numbers(shape: Any, start: float = 1.0) -> np.ndarray:
    return np.arange(start, start + math.prod(shape)).reshape(shape) * 0.37


def evaluate(library: Any, line: str) -> Any:
    """What a line gives, with everything about it that a program can see."""
    x = library.tensor(numbers((2, 3)), requires_grad=True)
    b = library.tensor(numbers((2, 3, 4)), requires_grad=True)
    v = library.tensor(numbers((3,)), requires_grad=True)
    z = library.tensor(1.5, requires_grad=True)
    o = library.tensor(numbers((2, 1, 3, 1)), requires_grad=True)
    e = library.tensor(numbers((2, 0, 3)), requires_grad=True)
    names = {"torch": library, "x": x, "b": b, "v": v, "z": z, "o": o, "e": e}
    found = eval(line.strip(), names)  # the lines of this file
    if not hasattr(found, "grad_fn"):
        return str(found)
    leaves = [x, b, v, z, o, e]
    name = found.grad_fn and found.grad_fn.name().replace("torch::autograd::", "")
    gradients: Any = []
    if found.requires_grad:
        cotangent = library.tensor(numbers(found.shape, 5.0))
        gradients = library.autograd.grad(found, leaves, cotangent, allow_unused=True)
        gradients = [g for g in gradients if g is not None]
    strides = found.stride() if found.numel() else None
    shared = next((k for k, leaf in enumerate(leaves) if found._base is leaf), None)
    return found, name, gradients, strides, shared, found.is_contiguous()


LINES = """x.view(-1);x.view(3,2);x.view((3,2));x.view([6]);x.view(size=(6,));x.view(5)
x.view(-1,-1);x.view(-2);x.t().view(6);x.t().view(3,2);b[:,0].view(8);b[0].view(2,6);e.view(0,7);e.view(-1,0)
z.view(1,1);z.view(-1);x.view(2.,3);x.view(torch.int64).shape;x.view(torch.float64).shape
torch.tensor([1.,2.]).view(torch.int32);torch.tensor([1.,2.]).view(torch.float64);x.view_as(x.t())
torch.ones(3).view(torch.float64);x.reshape(6);x.reshape(3,-1);x.reshape((3,2));x.reshape(shape=(6,))
x.t().reshape(6);x.t().reshape(3,2,1);b[:,::2].reshape(-1);x.reshape_as(x.t());torch.reshape(x,(-1,))
x.flatten();b.flatten(1);b.flatten(0,1);b.flatten(2,1);b.flatten(0,7);z.flatten();x.t().flatten()
v.flatten();torch.flatten(b,1);torch.flatten(b,start_dim=1);x.ravel();x.t().ravel();z.ravel()
b.unflatten(2,(2,-1));b.unflatten(0,(3,2));b.unflatten(-1,(4,1));b.unflatten(5,(1,1))
x.squeeze();o.squeeze();o.squeeze(1);o.squeeze(-1);o.squeeze(0);o.squeeze((1,3));o.squeeze((1,-3))
o.squeeze(7);o.squeeze(1,3);x.squeeze(0,1);z.squeeze();z.squeeze(0);torch.squeeze(o,dim=1);x.unsqueeze(0);x.unsqueeze(-1)
x.unsqueeze(5);z.unsqueeze(0);x.t().unsqueeze(1);torch.unsqueeze(x,dim=1);x.T;b.T;v.T;z.T;x.t();v.t()
z.t();b.t();b.mT;v.mT;z.mT;x.H;b.H;v.H;b.adjoint();b.permute(2,0,1);b.permute((2,0,1))
b.permute([-1,0,1]);b.permute(dims=(0,2,1));b.permute(0,0,1);b.permute(0,1);torch.permute(b,(2,0,1))
b.transpose(0,2);b.transpose(-1,-2);b.transpose(0,5);b.transpose(dim0=0,dim1=1);z.transpose(0,0)
b.swapaxes(0,1);b.swapdims(1,2);b.movedim(0,2);b.movedim((0,1),(1,2));b.movedim(0,(1,2));z.movedim(0,0)
b.moveaxis(-1,0);b.movedim((0,0),(1,2));b.movedim((0,1),(1,));x.expand(2,2,3);x.expand(-1,-1)
o.expand(2,5,3,4);o.expand(-1,5,-1,-1);o.expand(3,-1,5,-1,-1);x.expand(4,3);x.expand(3);x.expand(-1,2,3)
z.expand(3);v.expand((2,3));v.expand(size=(2,3));v.expand(1,3);v.expand(2,-3);z.expand(2,0)
v.expand_as(x);torch.broadcast_to(v,(2,3));v.broadcast_to((2,3));x.contiguous();x.t().contiguous()
x.clone();x.t().clone();v.expand(2,3).clone();b[:,:,::2].clone();torch.clone(x);x.repeat(2,2)
x.repeat(2,1,1);x.repeat((1,2));x.repeat(2);x.repeat(0,1);x.repeat(-1,1);z.repeat(3);z.repeat(2,2)
x.tile(2);x.tile((2,1,1));x.tile(());torch.tile(x,(2,));torch.tile(x,dims=(2,2));x.flip(0);x.flip(0,1)
x.flip((0,1));x.flip(-1);x.flip(0,0);x.flip();x.flip(dims=[1]);z.flip(0);x.fliplr();v.fliplr();v.flipud()
z.flipud();x.roll(1);x.roll(1,0);x.roll((1,-1),(0,1));x.roll((1,2),0);x.roll(5,1);x.roll(shifts=-1,dims=1)
z.roll(1);z.roll(1,0);x.roll((1,2));x.rot90();x.rot90(2);b.rot90(-1,(1,2))
x.rot90(1,(0,0));x.rot90(1,(0,1,2));v.rot90();x.rot90(5,[1,0]);x.diagonal();x.diagonal(1)
x.diagonal(-1);x.diagonal(5);b.diagonal(0,2,0);b.diagonal(0,0,0);z.diagonal();b.diagonal(-1,-1,-2)
torch.diag(x);torch.diag(v);torch.diag(v,1);torch.diag(v,-2);x.diag(1);torch.diag(b);torch.diag_embed(x)
torch.diag_embed(x,1,0,1);torch.diag_embed(b,-1,1,-1);torch.diag_embed(x,0,1,1);x.tril();x.triu()
x.tril(-1);x.triu(1);b.tril(1);b.triu(diagonal=-1);v.tril();z.triu();torch.triu(x,1);torch.tril(x)
x.unfold(1,2,1);x.unfold(0,2,1);b.unfold(2,2,2);b.unfold(-1,3,2);b.unfold(0,3,1);b.unfold(0,2,0)
b.unfold(1,2,1).unfold(2,2,1);z.unfold(0,1,1);x.unfold(1,0,1).shape;b.split(1)[1];b.unbind(1)[2]
b.chunk(2,2)[1];b.tensor_split(2)[0];x.hsplit(3)[0];x.vsplit(2)[1];b.dsplit(2)[1];b.split([1,1])[0]
x.shape;x.size();x.size(0);x.size(-1);x.size(5);z.size();z.size(0);x.dim();x.ndim;x.numel();x.nelement()
x.element_size();x.nbytes;x.itemsize;x.stride();x.stride(0);x.stride(5);x.t().stride();v.ndimension()
x[1].storage_offset();x[:,1:].storage_offset();x.t().is_contiguous();x[:,:1].is_contiguous()
x[:1,:2].is_contiguous();v[None,:,None].stride();v[None,:,None].is_contiguous();o.stride()
x[0].data_ptr()==x.data_ptr();x[1].data_ptr()-x.data_ptr();torch.numel(x);x.swapaxes(0,1).stride()
torch.movedim(b,0,2);torch.roll(x,1,0);torch.flip(x,(0,));torch.rot90(x,1,(0,1))
torch.diagonal(b,0,1,2);torch.swapaxes(x,0,1);torch.transpose(x,0,1);torch.t(x);torch.ravel(x)
torch.unflatten(b,2,(2,2));torch.fliplr(x);torch.flipud(x);torch.adjoint(b);x.reshape(2,3.0)"""


@pytest.mark.parametrize("line", LINES.replace("\n", ";").split(";"))
def test_one_line(line):
    both(lambda library: evaluate(library, line))


IN_PLACE = """y.t_();y.unsqueeze_(0);y.squeeze_();y.squeeze_(1);y.transpose_(0,1);y.swapaxes_(0,1)
y.tril_();y.triu_(1);y.swapdims_(-1,0);y.unsqueeze_(9);y.transpose_(0,7);x.t_();x.unsqueeze_(0)
y.resize_(2);d.resize_(2);d.resize_(3,2);d.resize_((1,2)).sum();d.t_();d.unsqueeze_(1)"""


@pytest.mark.parametrize("line", IN_PLACE.replace("\n", ";").split(";"))
def test_in_place(line):
    def program(library: Any) -> Any:
        x = library.tensor(numbers((2, 3)), requires_grad=True)
        y, d = x * 2, x.detach().clone()
        found = eval(line, {"x": x, "y": y, "d": d})  # the lines of this file
        name = found.grad_fn and found.grad_fn.name()
        if found.requires_grad:
            (found * library.tensor(numbers(found.shape, 5.0))).sum().backward()
        return found, name, x.grad, tuple(y.shape), tuple(d.shape)

    both(program)


def test_resize_to_more_keeps_what_there_was():
    x = engine.tensor([[1.0, 2.0], [3.0, 4.0]]).t()
    assert x.resize_(6).shape == (6,)
    assert x[:4].tolist() == [1.0, 3.0, 2.0, 4.0]


# --- several views, one after the other -----------------------------------------------------------

STEPS = [
    lambda x: x.transpose(0, -1) if x.ndim else x,
    lambda x: x.permute(*range(1, x.ndim), 0) if x.ndim else x,
    lambda x: x.unsqueeze(0),
    lambda x: x.squeeze(),
    lambda x: x[::2] if x.ndim else x,
    lambda x: x[..., 1:] if x.ndim else x,
    lambda x: x.reshape(-1),
    lambda x: x.view(-1),
    lambda x: x.flatten(0, 1) if x.ndim > 1 else x,
    lambda x: x.view(*x.shape, 1),
    lambda x: x.reshape(*x.shape[::-1]),
    lambda x: x.expand(2, *x.shape),
    lambda x: x.unfold(-1, 2, 1) if x.ndim and x.shape[-1] > 1 else x,
    lambda x: x.diagonal() if x.ndim > 1 else x,
    lambda x: x.contiguous(),
    lambda x: x.clone(),
    lambda x: x.flip(0) if x.ndim else x,
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
def test_views_of_views(steps):
    def program(library: Any) -> Any:
        x = library.tensor(numbers((2, 3, 4)), requires_grad=True)
        y = x
        for step in steps:
            y = step(y)
        name = y.grad_fn and y.grad_fn.name().replace("torch::autograd::", "")
        (y * library.tensor(numbers(y.shape, 5.0))).sum().backward()
        steps_of = [n for n, size in zip(y.stride(), y.shape, strict=True) if size > 1]
        strides = steps_of if y.numel() else None
        return y, x.grad, name, strides, y.is_contiguous(), y._base is x

    both(program)


def test_gradients_of_many_parts_cost_one_operation():
    """The parts of one split hang on one vertex, however many they are."""
    x = engine.tensor(numbers((50, 2)), requires_grad=True)
    parts = x.unbind()
    assert len({id(part.grad_fn.vertex.x) for part in parts}) == 1
    sum((part * k).sum() for k, part in enumerate(parts) if k % 2).backward()
    assert x.grad[:, 0].tolist() == [k * (k % 2) for k in range(50)]


def test_second_order_through_parts():
    def program(library: Any) -> Any:
        x = library.tensor(numbers((4, 2)), requires_grad=True)
        first, second = (x * x).split([1, 3])
        (g,) = library.autograd.grad((first * second).sum(), x, create_graph=True)
        (g * g).sum().backward()
        return g, x.grad

    both(program)
