"""The notes' chapter on logistic regression: every program prints what it prints with PyTorch."""

import numpy as np
import pytest
from seed_notes import Chapter, module

import engine

chapter = Chapter("logistic_regression")

X_DATA = [[1, 2], [2, 3], [3, 4], [4, 3], [5, 3], [6, 2]]
Y_DATA = [[0], [0], [0], [1], [1], [1]]
X_TEST = [[10, 20], [20, 30], [3, 40], [64, 36], [54, 34], [63, 22]]


def sigmoid(x, w, b):
    """The notes' own, in NumPy."""
    return 1 / (1 + np.exp(-x * w + b))


@chapter
def steepness(torch):
    x = torch.arange(-5.0, 5.0, 0.1)
    for w in (0.5, 1, 2):
        y = torch.sigmoid(x * w)
        print(f"w = {w}: from {y[0]:.5f} to {y[-1]:.5f}, greatest rise {y.diff().max():.5f}")
        print(y[::10])


@chapter
def shift(torch):
    x = torch.arange(-5.0, 5.0, 0.1)
    for b in (-5, 0, 5):
        y = torch.sigmoid(x * 1 - b)
        print(f"b = {b}: {int((y < 0.5).sum())} of {len(x)} below one half")
        print(y[::10])


@chapter
def cost_of_a_certain_mistake(torch):
    F = module(torch, "nn.functional")
    h = torch.tensor([0.01, 0.5, 0.99], requires_grad=True)
    for y in (1.0, 0.0):
        target = torch.full_like(h, y)
        by_hand = -(target * torch.log(h) + (1 - target) * torch.log(1 - h))
        print(by_hand)
        print(F.binary_cross_entropy(h, target, reduction="none"))
        print(torch.autograd.grad(F.binary_cross_entropy(h, target), h)[0])


@chapter
def square_errors_have_several_valleys(torch):
    """Why the cost is a logarithm: that of squares bends down somewhere, the other nowhere."""
    F = module(torch, "nn.functional")
    w = torch.linspace(-10, 10, 41, dtype=torch.float64)
    h, target = torch.sigmoid(w), torch.ones(41, dtype=torch.float64)
    squares = F.mse_loss(h, target, reduction="none")
    logarithms = F.binary_cross_entropy(h, target, reduction="none")
    print((squares.diff().diff() < 0).any(), (logarithms.diff().diff() < 0).any())


@chapter.near(rtol=1e-4, atol=1e-6)
def by_hand(torch):
    """As in the notes, the formula written out: with a rate of 1 a hypothesis is rounded to 1 on
    the way, 0 * log(0) is NaN, and PyTorch prints NaN from there on. So do we."""
    optim = module(torch, "optim")
    x_train, y_train = torch.FloatTensor(X_DATA), torch.FloatTensor(Y_DATA)
    for lr in (1, 0.1):
        W = torch.zeros((2, 1), requires_grad=True)
        b = torch.zeros(1, requires_grad=True)
        optimizer = optim.SGD([W, b], lr=lr)
        nb_epoch = 1000
        for epoch in range(nb_epoch):
            hypothesis = 1 / (1 + torch.exp(-(x_train.matmul(W) + b)))
            cost = -(
                y_train * torch.log(hypothesis) + (1 - y_train) * torch.log(1 - hypothesis)
            ).mean()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            if epoch % 100 == 0:
                print(f"{epoch} {cost.item()}")
        hypothesis = torch.sigmoid(torch.FloatTensor(X_TEST).matmul(W) + b)
        print(hypothesis)
        print(W, b)


@chapter.near(rtol=1e-4, atol=1e-6)
def with_functions(torch):
    """The lines that the notes give in comments, which are safe at 0 and 1."""
    F, optim = module(torch, "nn.functional"), module(torch, "optim")
    x_train, y_train = torch.FloatTensor(X_DATA), torch.FloatTensor(Y_DATA)
    W = torch.zeros((2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    optimizer = optim.SGD([W, b], lr=1)
    for epoch in range(1000):
        hypothesis = torch.sigmoid(x_train.matmul(W) + b)
        cost = F.binary_cross_entropy(hypothesis, y_train)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"{epoch} {cost.item()}")
    print(torch.sigmoid(torch.FloatTensor(X_TEST).matmul(W) + b))


@chapter.near(rtol=1e-4, atol=1e-6)
def with_a_module(torch):
    nn, F, optim = module(torch, "nn"), module(torch, "nn.functional"), module(torch, "optim")
    torch.manual_seed(1)
    x_train, y_train = torch.FloatTensor(X_DATA), torch.FloatTensor(Y_DATA)
    model = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    print(model)
    optimizer = optim.SGD(model.parameters(), lr=1)
    nb_epochs = 1000
    for epoch in range(nb_epochs):
        hypothesis = model(x_train)
        cost = F.binary_cross_entropy(hypothesis, y_train)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 100 == 0:
            prediction = hypothesis >= torch.FloatTensor([0.5])
            correct_prediction = prediction.float() == y_train
            accuracy = correct_prediction.sum().item() / len(correct_prediction)
            print(f"{epoch} {cost.item()} {accuracy * 100:2.2f}%")
    print(list(model.parameters()))


@chapter.near(rtol=1e-4, atol=1e-6)
def with_a_class(torch):
    nn, F, optim = module(torch, "nn"), module(torch, "nn.functional"), module(torch, "optim")

    class BinaryClassifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 1)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            return self.sigmoid(self.linear(x))

    torch.manual_seed(1)
    x_train, y_train = torch.FloatTensor(X_DATA), torch.FloatTensor(Y_DATA)
    model = BinaryClassifier()
    print(model)
    optimizer = optim.SGD(model.parameters(), lr=1)
    for _ in range(1000):
        cost = F.binary_cross_entropy(model(x_train), y_train)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    print(f"{cost.item()}")
    print((model(x_train) >= 0.5).float())


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))


@pytest.mark.parametrize("w, b", [(0.5, 0), (1, 0), (2, 0), (1, -5), (1, 5)])
def test_the_notes_sigmoid_is_the_engines(w, b):
    x = np.arange(-5.0, 5.0, 0.1)
    ours = engine.sigmoid(engine.from_numpy(x) * w - b)
    np.testing.assert_allclose(ours.numpy(), sigmoid(x, w, b), rtol=1e-14)


def test_the_notes_pictures_are_drawn_from_tensors():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    axes = figure.subplots()
    x = engine.arange(-5.0, 5.0, 0.1)
    for w, style in ((0.5, "r--"), (1, "g"), (2, "b--")):
        axes.plot(x, engine.sigmoid(x * w), style)
    axes.plot([0, 0], [1.0, 0.0], ":")
    figure.canvas.draw()
    drawn = [np.asarray(line.get_ydata()) for line in axes.lines[:3]]
    for w, heights in zip((0.5, 1, 2), drawn, strict=True):
        np.testing.assert_allclose(heights, sigmoid(x.numpy(), w, 0), rtol=1e-5)
