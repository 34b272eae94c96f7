"""The notes' chapter on linear regression: every program prints what it prints with PyTorch."""

import pytest
from seed_notes import Chapter, module

import engine

chapter = Chapter("regression")

SCORES = [[73, 80, 75], [93, 88, 93], [89, 91, 80], [96, 98, 100], [73, 66, 70]]
RESULTS = [[152], [185], [180], [196], [142]]


@chapter
def data(torch):
    x_train = torch.FloatTensor([[1], [2], [3]])
    y_train = torch.FloatTensor([[2], [4], [6]])
    print(x_train, x_train.shape)
    print(y_train, y_train.shape)


@chapter.near(rtol=1e-4)
def gradient_descent(torch):
    optim = module(torch, "optim")
    torch.manual_seed(1)
    x_train = torch.FloatTensor([[1], [2], [3]])
    y_train = torch.FloatTensor([[2], [3], [4]])
    W = torch.zeros(1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    cost, epoch = torch.tensor(float("inf")), 0
    # The notes make the optimizer anew in each round, which plain gradient descent does not feel.
    while not cost < 0.001:
        epoch += 1
        hypothesis = x_train * W + b
        cost = torch.mean((hypothesis - y_train) ** 2)
        optimizer = optim.SGD([W, b], lr=0.01)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 10 == 0:
            print(f"loss = {cost}")
            print(f"epoch: {epoch} | W: {W.item()} | b: {b.item()}")
    print(epoch)


@chapter
def automatic_differentiation(torch):
    w = torch.tensor(2.0, requires_grad=True)
    y = w**2
    z = 2 * y + 5
    print(y, z)
    z.backward()
    print(f"dz/dw = {w.grad}")
    # y is no leaf: its gradient was passed on and not kept.
    print(y.is_leaf, w.is_leaf, y.requires_grad)


@chapter
def gradients_add_up(torch):
    w = torch.tensor(2.0, requires_grad=True)
    for _ in range(3):
        z = 2 * w
        z.backward()
        print(w.grad)


@chapter.near(rtol=1e-4)
def several_variables(torch):
    optim = module(torch, "optim")
    x_train, y_train = torch.FloatTensor(SCORES), torch.FloatTensor(RESULTS)
    W = torch.zeros((3, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    optimizer = optim.SGD([W, b], lr=1e-5)
    for epoch in range(1000):
        hypothesis = x_train.matmul(W) + b
        cost = torch.mean((hypothesis - y_train) ** 2)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 50 == 0 or epoch < 5:
            shown = hypothesis.squeeze().detach()
            print(f"epoch: {epoch} | hypothesis: {shown} | cost: {cost.item()}")
    print(W, b)


@chapter.near(rtol=1e-4)
def several_variables_with_a_layer(torch):
    nn, F, optim = module(torch, "nn"), module(torch, "nn.functional"), module(torch, "optim")
    torch.manual_seed(1)
    x_train, y_train = torch.FloatTensor(SCORES), torch.FloatTensor(RESULTS)
    model = nn.Linear(3, 1)
    print(model)
    print(list(model.parameters()))
    optimizer = optim.SGD(model.parameters(), lr=1e-5)
    for epoch in range(1000):
        prediction = model(x_train)
        cost = F.mse_loss(prediction, y_train)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"epoch: {epoch} | cost: {cost.item()}")
    new_var = torch.FloatTensor([[73, 80, 75]])
    pred_y = model(new_var)
    print(f"예측값: {pred_y}")
    print(list(model.parameters()))


@chapter.near(rtol=1e-4)
def several_variables_with_a_class(torch):
    nn, F = module(torch, "nn"), module(torch, "nn.functional")

    class MultivariateLinearRegressionModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 1)

        def forward(self, x):
            return self.linear(x)

    torch.manual_seed(1)
    x_train, y_train = torch.FloatTensor(SCORES), torch.FloatTensor(RESULTS)
    model = MultivariateLinearRegressionModel()
    print(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    for epoch in range(2000):
        prediction = model(x_train)
        cost = F.mse_loss(prediction, y_train)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 100 == 0:
            print(f"Epoch: {epoch}/2000 | cost: {cost.item()}")


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))


def test_the_gradient_of_what_is_no_leaf_is_kept_on_request_only():
    w = engine.tensor(2.0, requires_grad=True)
    y = w**2
    y.retain_grad()
    (2 * y + 5).backward()
    assert (y.grad, w.grad) == (2, 8)


def test_a_misspelt_class_is_an_attribute_error():
    for name in ("FLoatTensor", "Longtensor", "Floattensor"):
        with pytest.raises(AttributeError, match=name):
            getattr(engine, name)
