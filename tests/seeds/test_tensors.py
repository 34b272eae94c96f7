"""The notes' chapter on tensors: every block prints here what it prints with PyTorch."""

import numpy as np
import pytest
from seed_notes import Chapter

import engine

chapter = Chapter("tensors")


@chapter
def arrays(torch):
    t = [0, 1, 2, 3, 4, 5, 6]
    t = np.array(t)
    print("Rank of t:", t.ndim, "Shape of t:", t.shape)
    t = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]])
    print("Rank of t:", t.ndim, "Shape of t:", t.shape)
    for made in (torch.from_numpy(t), torch.tensor(t), torch.FloatTensor(t)):
        print(made, made.dim(), made.shape, made.dtype)


@chapter
def allocation(torch):
    t = torch.FloatTensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    print(t)
    print(t.dim(), t.shape, t.size())
    print(t[0], t[1], t[-1])
    print(t[2:5], t[4:-1], t[:2], t[3:])
    t = torch.FloatTensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [10.0, 11.0, 12.0]])
    print(t)
    print(t.dim(), t.size())
    print(t[0:2])
    print(t[0:2, 1])
    print(t[:, 1], t[:, 1].size())
    print(t[:, :-1])


@chapter
def broadcasting_of_equal_sizes(torch):
    m1 = torch.FloatTensor([[3, 3]])
    m2 = torch.FloatTensor([[2, 2]])
    print(m1 + m2)


@chapter
def broadcasting_a_number(torch):
    m1 = torch.FloatTensor([[1, 2]])
    m2 = torch.FloatTensor([3])
    print(m1 + m2)


@chapter
def broadcasting_a_row_and_a_column(torch):
    m1 = torch.FloatTensor([[1, 2]])
    m2 = torch.FloatTensor([[3], [4]])
    print(m1 + m2)


@chapter
def multiplication_of_matrices(torch):
    m1 = torch.FloatTensor([[1, 2], [3, 4]])
    m2 = torch.FloatTensor([[1], [2]])
    print("Shape of Matrix 1:  ", m1.shape)
    print("Shape of Matrix 2: ", m2.shape)
    print(m1.matmul(m2))


@chapter
def multiplication_of_elements(torch):
    m1 = torch.FloatTensor([[1, 2], [3, 4]])
    m2 = torch.FloatTensor([[1], [2]])
    print("Shape of Matrix 1: ", m1.shape)
    print("Shape of Matrix 2: ", m2.shape)
    print(m1 * m2)
    print(m1.mul(m2))


@chapter
def mean(torch):
    t = torch.FloatTensor([[1, 2], [3, 4]])
    print(t.mean())
    print(t.mean(dim=0))
    print(t.mean(dim=1))
    print(t.mean(dim=-1))


@chapter
def mean_of_integers_is_refused(torch):
    try:
        torch.LongTensor([1, 2]).mean()
    except Exception as error:
        print(type(error).__name__)


@chapter
def sums(torch):
    t = torch.FloatTensor([[1, 2], [3, 4]])
    print(t)
    print(t.sum())
    print(t.sum(dim=0))
    print(t.sum(dim=1))
    print(t.sum(dim=-1))


@chapter
def max_and_argmax(torch):
    t = torch.FloatTensor([[1, 2], [3, 4]])
    print(t)
    print(t.max())
    print(t.max(dim=0))
    print("Max: ", t.max(dim=0)[0])
    print("Argmax: ", t.max(dim=0)[1])
    print(t.max(dim=1))
    print(t.argmax(), t.argmax(dim=0))


@chapter
def view(torch):
    t = np.array([[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]])
    ft = torch.FloatTensor(t)
    print(ft.shape)
    print(ft.view([-1, 3]))
    print(ft.view([-1, 3]).shape)
    print(ft.view([-1, 1, 3]))
    print(ft.view([-1, 1, 3]).shape)


@chapter
def squeeze(torch):
    ft = torch.FloatTensor([[0], [1], [2]])
    print(ft)
    print(ft.shape)
    print(ft.squeeze())
    print(ft.squeeze().shape)


@chapter
def unsqueeze(torch):
    ft = torch.Tensor([0, 1, 2])
    print(ft.shape)
    print(ft.unsqueeze(0))
    print(ft.unsqueeze(0).shape)
    print(ft.unsqueeze(-1))
    print(ft.unsqueeze(-1).shape)
    print(ft.unsqueeze(-2).shape)
    print(ft.view(1, -1))
    print(ft.view(1, -1).shape)


@chapter
def type_casting(torch):
    lt = torch.LongTensor([1, 2, 3, 4])
    print(lt)
    print(lt.float())
    bt = torch.ByteTensor([True, False, False, True])
    print(bt)
    print(bt.long())
    print(bt.float())


@chapter
def concatenation(torch):
    x = torch.LongTensor([[1, 2], [3, 4]])
    y = torch.LongTensor([[5, 6], [7, 8]])
    print(torch.cat([x, y], dim=0))
    print(torch.cat([x, y], dim=1))
    print(x, y)
    # Types that differ: the one with more digits is taken.
    print(torch.cat([x, y.float()], dim=0))
    print(torch.cat([x.float(), y.double()], dim=0))
    print(torch.cat([torch.ByteTensor([[1, 2]]), x], dim=0))


@chapter
def stacking(torch):
    x = torch.LongTensor([1, 4])
    y = torch.LongTensor([2, 5])
    z = torch.LongTensor([3, 6])
    print(torch.stack([x, y, z]))
    print(torch.stack([x, y, z], dim=1))
    print(torch.cat([x.unsqueeze(0), y.unsqueeze(0), z.unsqueeze(0)], dim=0))


@chapter
def ones_and_zeros_like(torch):
    x = torch.FloatTensor([[0, 1, 2], [2, 1, 0]])
    print(x)
    print(torch.ones_like(x))
    print(torch.zeros_like(x))


@chapter
def in_place(torch):
    x = torch.FloatTensor([[1, 2], [3, 4]])
    print(x.mul(2.0))
    print(x)
    print(x.mul_(2.0))
    print(x)


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))


def test_a_view_shares_memory_as_the_notes_say():
    ft = engine.FloatTensor([0, 1, 2])
    ft.view(1, -1)[0, 0] = 7
    assert ft.tolist() == [7, 1, 2]


def test_a_view_of_another_number_of_elements_is_refused():
    with pytest.raises(RuntimeError, match="invalid for input of size 12"):
        engine.zeros(2, 2, 3).view([-1, 5])
