"""Joining Tensors, and bringing several to one form, held against PyTorch.

Each line is run by both, on the same tensors: values, types, gradients, names, errors.
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
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:torch.meshgrid")]


def numbers(shape: Any, start: float = 1.0) -> np.ndarray:
    return np.arange(start, start + math.prod(shape)).reshape(shape) * 0.37


def evaluate(library: Any, line: str) -> Any:
    leaves = {
        "x": library.tensor(numbers((2, 3)), requires_grad=True),
        "y": library.tensor(numbers((2, 3), 9.0), requires_grad=True),
        "v": library.tensor(numbers((3,)), requires_grad=True),
        "w": library.tensor(numbers((2,), 4.0), requires_grad=True),
        "b": library.tensor(numbers((2, 3, 4)), requires_grad=True),
        "z": library.tensor(1.5, requires_grad=True),
        "f": library.tensor([1.0, 2.0], requires_grad=True),
    }
    names = {"torch": library, "i": library.tensor([1, 2]), "n": library.tensor([]), **leaves}
    found = eval(line.strip(), names)  # the lines of this file
    results = found if isinstance(found, tuple | list) else [found]
    grad_fns = [getattr(r, "grad_fn", None) for r in results]
    gradients: Any = []
    if any(g is not None for g in grad_fns):
        loss = sum(
            (r * library.tensor(numbers(r.shape, 5.0 + k))).sum() for k, r in enumerate(results)
        )
        gradients = library.autograd.grad(loss, [*leaves.values()], allow_unused=True)
        gradients = [g for g in gradients if g is not None]
    found = found if hasattr(results[0], "grad_fn") else str(found)
    return found, [g and g.name().replace("torch::autograd::", "") for g in grad_fns], gradients


LINES = """torch.cat([x,y]);torch.cat((x,y),1);torch.cat([x,y],dim=-1);torch.cat([x,y],axis=1)
torch.cat(tensors=(x,x),dim=0);torch.cat([x]);torch.cat([]);torch.cat([z,z]);torch.cat([x,v])
torch.cat([x,y[:,:2]]);torch.cat([x,y[:,:2]],1);torch.cat([x,y],2);torch.cat([x,y],-3);torch.cat(x)
torch.cat(x,y);torch.cat([x,1.]);torch.cat([n,x],1);torch.cat([n,n]);torch.cat([i,f]);torch.cat([f,v])
torch.cat([i,i.int()]);torch.cat([i>1,i]);torch.concat([x,y]);torch.concatenate([x,y],1)
torch.cat([b,b[:,:0]],1);torch.cat([v.expand(2,3),x]);torch.stack([x,y]);torch.stack((x,y),1)
torch.stack([x,y],-1);torch.stack([x,y],3);torch.stack([]);torch.stack([x,v]);torch.stack(x)
torch.stack([z,z]);torch.stack([f,f.double()]);torch.stack([x,y],dim=2);torch.hstack([x,y])
torch.hstack([v,v]);torch.hstack([z,z]);torch.hstack([]);torch.hstack((v,x));torch.vstack([v,v])
torch.vstack([x,v]);torch.vstack([z,z]);torch.vstack([]);torch.row_stack([x,y]);torch.dstack([x,y])
torch.dstack([v,v]);torch.dstack([z,z]);torch.dstack([b,b]);torch.column_stack([v,v])
torch.column_stack([x,w]);torch.column_stack([z,z]);torch.column_stack([b,b]);torch.column_stack([])
torch.meshgrid(v,w,indexing="ij");torch.meshgrid(v,w,indexing="xy");torch.meshgrid([v,w])
torch.meshgrid(v,w,v,indexing="xy");torch.meshgrid(v,indexing="xy");torch.meshgrid(v,z,indexing="ij")
torch.meshgrid(x,indexing="ij");torch.meshgrid(v,indexing="zz");torch.meshgrid(v,f,indexing="ij")
torch.meshgrid(indexing="ij");torch.cartesian_prod(v,w);torch.cartesian_prod(v,w,v);torch.cartesian_prod(v)
torch.cartesian_prod(x);torch.combinations(v);torch.combinations(v,3);torch.combinations(v,1)
torch.combinations(v,2,True);torch.combinations(v,r=2,with_replacement=True);torch.combinations(x)
torch.combinations(v,0);torch.combinations(v,4);torch.combinations(v,-1);torch.atleast_1d(z)
torch.atleast_1d(v);torch.atleast_2d(z);torch.atleast_2d(v);torch.atleast_3d(z);torch.atleast_3d(v)
torch.atleast_3d(x);torch.atleast_3d(b);torch.atleast_2d(z,v,x);torch.atleast_1d([z,v])
torch.block_diag(x,y);torch.block_diag(v,x,z);torch.block_diag();torch.block_diag(b);torch.block_diag(x)
torch.block_diag(f,x);torch.broadcast_tensors(x,v);torch.broadcast_tensors(x,z,b[0,0,:3])
torch.broadcast_tensors(x,w);torch.broadcast_tensors([x,v]);torch.broadcast_tensors(x,1)
torch.broadcast_shapes((2,1),(3,));torch.broadcast_shapes((2,),(3,));torch.broadcast_shapes(2,(1,2),())
torch.split(x,1);torch.split(x,[1,2],1);torch.split(x,2,dim=1);torch.tensor_split(x,2);torch.hsplit(x,3)
torch.vsplit(x,2);torch.dsplit(b,2);torch.cat([x,y],out=torch.zeros(4,3))
torch.cat([x.detach(),y.detach()],out=torch.zeros(4,3));torch.cat([x.detach()],out=torch.zeros(0))
torch.stack([v.detach()],out=torch.zeros(1,3));torch.hstack([v.detach()],out=torch.zeros(0).double())
torch.cat([x.detach()],out=torch.zeros(2,3).long())"""


@pytest.mark.parametrize("line", LINES.replace("\n", ";").split(";"))
@pytest.mark.filterwarnings("ignore:An output with one or more elements")
def test_one_line(line):
    both(lambda library: evaluate(library, line))


@settings(max_examples=60, deadline=None)
@given(
    shape=st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple),
    dim=st.integers(-3, 2),
    sizes=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    kinds=st.lists(st.sampled_from(["float32", "float64", "int64"]), min_size=4, max_size=4),
)
def test_joined_and_taken_apart_again(shape, dim, sizes, kinds):
    def program(library: Any) -> Any:
        leaves = []
        for size, kind in zip(sizes, kinds, strict=False):
            own = list(shape)
            own[dim] = size
            leaf = library.tensor(numbers(own).astype(kind))
            leaves.append(leaf.requires_grad_() if kind != "int64" else leaf)
        joined = library.cat(leaves, dim)
        parts = joined.split(list(sizes), dim)
        loss = sum((p * (k + 1.5)).sum() * (p * p).sum() for k, p in enumerate(parts))
        if joined.requires_grad:
            loss.backward()
        return joined, parts, [leaf.grad for leaf in leaves]

    try:
        torch.empty(shape).size(dim)
    except IndexError:
        return
    both(program)


def test_where_of_values_is_one_node():
    x, y = engine.Value(2.0), engine.Value(3.0)
    out = engine.where(x.data > 1, x, y)
    out.backward()
    assert (out.data, x.grad, y.grad) == (2.0, 1.0, 0.0)
    assert engine.where(False, x, y).data == 3.0
