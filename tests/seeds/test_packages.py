"""The notes' chapter on the packages: each is there under PyTorch's name, with what it is for."""

import pytest
from seed_notes import Chapter, module

import engine

chapter = Chapter("packages")


@chapter
def torch_is_like_numpy(torch):
    x = torch.arange(6.0).reshape(2, 3)
    print(x.sum(0), torch.sin(x), torch.exp(-x), x.t() @ x, sep="\n")


@chapter
def autograd_can_be_switched_off(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        print((x * 2).requires_grad)
        with torch.enable_grad():
            print((x * 2).requires_grad)
    print((x * 2).requires_grad)


@chapter
def autograd_takes_functions_of_ones_own(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x).sum()
    y.backward()
    print(y, x.grad)


@chapter
def nn_has_layers_activations_and_losses(torch):
    nn = module(torch, "nn")
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3)
    for layer in (nn.RNN(3, 4, batch_first=True), nn.LSTM(3, 4, batch_first=True)):
        out, _ = layer(x)
        print(layer)
        print(out.shape)
        print([name for name, _ in layer.named_parameters()])
    print(nn.ReLU()(torch.tensor([-1.0, 2.0])))
    print(nn.MSELoss()(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])))


@chapter
def optim_has_stochastic_gradient_descent(torch):
    optim = module(torch, "optim")
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    print(optimizer)
    print(w)


@chapter
def data_comes_in_mini_batches(torch):
    data = module(torch, "utils.data")
    torch.manual_seed(0)
    rows = data.TensorDataset(torch.arange(5))
    for (batch,) in data.DataLoader(rows, batch_size=2, shuffle=True):
        print(batch)


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))


def test_onnx_exports():
    assert callable(module(engine, "onnx").export)
