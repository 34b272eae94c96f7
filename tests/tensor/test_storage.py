"""`x.storage()`: the memory behind Tensors, which views share, as with PyTorch."""

from __future__ import annotations

import pytest
from both_sides import both

import engine

pytestmark = pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")


@pytest.mark.torch
def test_views_share_a_storage_and_copies_do_not() -> None:
    def program(torch):
        x = torch.arange(6.0).view(2, 3)
        row, turned, copy = x[1], x.t(), x.clone()
        pointers = [y.storage().data_ptr() == x.data_ptr() for y in (x, row, turned, copy)]
        untyped = x.untyped_storage()
        same = [y.untyped_storage() is untyped for y in (x, row, turned, copy)]
        return (
            pointers, same, x.storage().untyped() is untyped, row.storage_offset(),
            torch.zeros(3).expand(2, 3).untyped_storage().nbytes(), x.is_set_to(x.view(2, 3)),
        )  # fmt: skip

    both(program)


@pytest.mark.torch
def test_a_storage_is_a_row_of_numbers_or_of_bytes() -> None:
    def program(torch):
        x = torch.arange(6.0).view(2, 3).t()
        typed, untyped = x.storage(), x.untyped_storage()
        return (
            str(typed), str(untyped), str(untyped[1:3]), str(type(typed)), str(type(untyped)),
            len(typed), len(untyped), list(typed), typed.tolist(), untyped.tolist(), typed[-1],
            untyped[7], typed.size(), untyped.size(), typed.nbytes(), untyped.nbytes(),
            typed.element_size(), str(typed.dtype), str(untyped.device), typed.type(),
            torch.is_storage(typed), torch.is_storage(untyped), torch.is_storage(x),
            isinstance(typed, torch.storage.TypedStorage), isinstance(typed, torch.TypedStorage),
            isinstance(untyped, torch.UntypedStorage), str(torch.zeros(0).storage()),
            [str(torch.tensor([1, 0]).to(kind).storage()) for kind in (
                torch.float16, torch.bfloat16, torch.int64, torch.bool
            )],
        )  # fmt: skip

    both(program)


@pytest.mark.torch
def test_what_is_written_into_a_storage_shows_in_its_tensors() -> None:
    def program(torch):
        x = torch.arange(6.0).view(2, 3)
        row = x[1]
        x.storage()[4] = 50.0
        once = x.clone(), row.clone()
        x.storage().fill_(2.0)
        x.untyped_storage()[3] = 0
        copied = x.storage().clone()
        copied[0] = 9
        return once, x, row, list(copied)[1:], x.storage().copy_(torch.ones(6).storage())[5]

    both(program)


@pytest.mark.torch
def test_a_tensor_is_set_to_look_at_a_storage() -> None:
    def program(torch):
        x = torch.arange(6.0).view(2, 3)
        return (
            torch.empty(0).set_(x), torch.empty(0).set_(x.storage()),
            torch.empty(0).set_(x.untyped_storage(), 1, (2, 2), (2, 1)),
            torch.empty(0).set_(x.storage(), 1, (2,)),
            torch.empty(0).set_(x.storage(), 0, (2, 3)).is_set_to(x),
        )  # fmt: skip

    both(program)


@pytest.mark.torch
@pytest.mark.parametrize("place", [6, -7, "a", 1.0, slice(1, 2)], ids=repr)
def test_a_place_that_is_not_there(place: object) -> None:
    both(lambda torch: torch.arange(6).storage()[place])


def test_the_typed_one_warns() -> None:
    with pytest.warns(UserWarning, match="TypedStorage is deprecated"):
        engine.ones(1).storage()


def test_nobody_looks_beyond_the_memory() -> None:
    with pytest.raises(RuntimeError, match="out of bounds for storage of 3 elements"):
        engine.empty(0).set_(engine.ones(3).storage(), 1, (3,))
    with pytest.raises(RuntimeError, match="size mismatch"):
        engine.ones(3).storage().copy_(engine.ones(2).storage())


@pytest.mark.torch
@pytest.mark.parametrize(("size", "stride"), [((3,), (-1,)), ((2, 2), (2, -1)), ((-1,), (1,))])
def test_set_does_not_lead_out_of_the_memory_backwards(size, stride):
    def program(torch):
        return torch.empty(0).set_(torch.arange(6.0).untyped_storage(), 0, size, stride)

    assert isinstance(both(program), RuntimeError)
