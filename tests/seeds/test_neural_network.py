"""The notes' chapters on neural networks and convolution, and their end, the perceptron: what they
say in tables, formulas and words, as programs that print what they print with PyTorch."""

import numpy as np
import pytest
from seed_notes import Chapter, module

import engine

chapter = Chapter("neural_network")


@chapter
def training_validation_test(torch):
    data = module(torch, "utils.data")
    rows = data.TensorDataset(torch.arange(20).view(10, 2))
    parts = data.random_split(rows, [6, 2, 2], generator=torch.Generator().manual_seed(0))
    for part in parts:
        print(len(part), [row.tolist() for (row,) in part])


@chapter
def samples_and_features(torch):
    x = torch.arange(12.0).view(4, 3)
    print(f"{x.size(0)} samples of {x.size(1)} features; sample 1: {x[1]}, feature 2: {x[:, 2]}")


@chapter
def confusion_matrix_by_hand(torch):
    actual = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    predicted = torch.tensor([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])
    tp = ((actual == 1) & (predicted == 1)).sum()
    fn = ((actual == 1) & (predicted == 0)).sum()
    fp = ((actual == 0) & (predicted == 1)).sum()
    tn = ((actual == 0) & (predicted == 0)).sum()
    print(torch.stack([torch.stack([tp, fn]), torch.stack([fp, tn])]))
    print("accuracy", (actual == predicted).float().mean())
    print("precision", tp / (tp + fp))
    print("recall", tp / (tp + fn))


@chapter
def back_propagation_by_hand(torch):
    """Two inputs, two hidden neurons, two outputs: the chain rule by hand, and by backward()."""
    x, target = torch.tensor([0.1, 0.2]), torch.tensor([0.4, 0.6])
    w1 = torch.tensor([[0.3, 0.25], [0.4, 0.35]], requires_grad=True)
    w2 = torch.tensor([[0.45, 0.4], [0.7, 0.6]], requires_grad=True)
    hidden = torch.sigmoid(w1 @ x)
    out = torch.sigmoid(w2 @ hidden)
    error = ((target - out) ** 2).sum() / 2
    print(hidden, out, error)
    error.backward()
    with torch.no_grad():
        # Step 1: dE/dw = dE/dout * dout/dz * dz/dw.
        dz2 = (out - target) * out * (1 - out)
        by_hand2 = torch.outer(dz2, hidden)
        # Step 2: the same, one layer farther back.
        dz1 = (w2.t() @ dz2) * hidden * (1 - hidden)
        by_hand1 = torch.outer(dz1, x)
        print(by_hand2, w2.grad, torch.allclose(by_hand2, w2.grad), sep="\n")
        print(by_hand1, w1.grad, torch.allclose(by_hand1, w1.grad), sep="\n")
        lr = 0.5
        w1 -= lr * w1.grad
        w2 -= lr * w2.grad
        after = torch.sigmoid(w2 @ torch.sigmoid(w1 @ x))
        print(w1, w2, ((target - after) ** 2).sum() / 2, sep="\n")


@chapter
def activation_functions(torch):
    F = module(torch, "nn.functional")
    x = torch.linspace(-3, 3, 7)
    print(torch.sigmoid(x), torch.tanh(x), F.relu(x), F.leaky_relu(x, 0.1), sep="\n")
    print(F.softmax(x, dim=0), F.softmax(x, dim=0).sum())


@chapter
def convolution_by_hand(torch):
    F = module(torch, "nn.functional")
    image = torch.tensor([[1, 2, 3, 4, 5], [2, 1, 0, 1, 2], [3, 0, 1, 1, 0],
                          [1, 4, 1, 1, 2], [2, 1, 1, 0, 0]]).float()  # fmt: skip
    kernel = torch.tensor([[1, 0, 1], [1, 0, 1], [0, 1, 0]]).float()
    features = torch.zeros(3, 3)
    for row in range(3):
        for column in range(3):
            features[row, column] = (image[row : row + 3, column : column + 3] * kernel).sum()
    print(features)
    image, kernel = image.view(1, 1, 5, 5), kernel.view(1, 1, 3, 3)
    print(F.conv2d(image, kernel)[0, 0])
    print(F.conv2d(image, kernel, bias=torch.tensor([10.0]))[0, 0])
    print(F.conv2d(image, kernel, stride=2)[0, 0])
    print(F.conv2d(image, kernel, padding=1)[0, 0])


@chapter
def sizes_after_convolution_and_pooling(torch):
    nn = module(torch, "nn")
    for size, kernel, stride, padding in [(5, 3, 1, 0), (5, 3, 1, 1), (5, 3, 2, 0), (28, 5, 1, 2),
                                          (28, 3, 2, 1), (7, 5, 3, 2)]:  # fmt: skip
        formula = (size - kernel + 2 * padding) // stride + 1
        x = torch.zeros(1, 1, size, size)
        convolved = nn.Conv2d(1, 2, kernel, stride, padding)(x)
        pooled = nn.MaxPool2d(kernel, stride, min(padding, kernel // 2))(x)
        print(formula, convolved.shape, pooled.shape)


@chapter
def channels_and_weights(torch):
    nn = module(torch, "nn")
    layer = nn.Conv2d(3, 8, kernel_size=5)
    print(layer)
    for name, parameter in layer.named_parameters():
        print(name, parameter.shape, parameter.numel())
    try:
        layer(torch.zeros(1, 4, 9, 9))
    except RuntimeError:
        print("the kernel's channels are the image's")


@chapter
def pooling(torch):
    nn = module(torch, "nn")
    x = torch.tensor([[1.0, 2, 0, 1], [4, 3, 2, 2], [0, 1, 5, 6], [1, 0, 7, 8]]).view(1, 1, 4, 4)
    print(nn.MaxPool2d(2)(x))
    print(nn.AvgPool2d(2)(x))


# Adam's first steps have the size of the rate however small a gradient is: rounding is seen.
@chapter.near(rtol=1e-3)
def small_network_with_convolution(torch):
    nn, F = module(torch, "nn"), module(torch, "nn.functional")
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(1, 4, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 2 * 2, 4),
    )  # fmt: skip
    print(model)
    x, y = torch.randn(16, 1, 8, 8), torch.randint(0, 4, (16,))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for epoch in range(30):
        out = model(x)
        cost = F.cross_entropy(out, y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % 5 == 0:
            print(f"{epoch} {out.shape} {cost.item()}")


@chapter.near(rtol=1e-4)
def perceptron_with_layers_learns_xor(torch):
    nn = module(torch, "nn")
    torch.manual_seed(1)
    x = torch.FloatTensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = torch.FloatTensor([[0], [1], [1], [0]])

    def train(model, epochs):
        criterion = nn.BCELoss()
        optimizer = torch.optim.SGD(model.parameters(), lr=1)
        for epoch in range(epochs):
            cost = criterion(model(x), y)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            if epoch % 1000 == 0:
                print(f"{epoch} {cost.item()}")
        with torch.no_grad():
            hypothesis = model(x)
            predicted = (hypothesis > 0.5).float()
            print(predicted.tolist(), (predicted == y).float().mean())

    print("one layer")
    single = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())
    criterion = nn.BCELoss()
    optimizer = torch.optim.SGD(single.parameters(), lr=1)
    for _ in range(1000):
        cost = criterion(single(x), y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    print(f"{cost.item()}")
    print("several layers")
    train(nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 10), nn.Sigmoid(),
                        nn.Linear(10, 1), nn.Sigmoid()), 5001)  # fmt: skip


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))


def digits():
    """Handwritten digits, 8 by 8, that come with scikit-learn: no download."""
    found = pytest.importorskip("sklearn.datasets").load_digits()
    return (found.data / 16).astype(np.float32), found.target


def train_on_digits(torch, epochs=15):
    """A perceptron with layers on handwritten digits: (losses of the epochs, accuracy)."""
    nn, data = module(torch, "nn"), module(torch, "utils.data")
    images, labels = digits()
    torch.manual_seed(1)
    order = torch.randperm(len(labels))
    x, y = torch.tensor(images)[order], torch.tensor(labels)[order]
    loader = data.DataLoader(data.TensorDataset(x[:1200], y[:1200]), batch_size=100, shuffle=True)
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)
    )
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=0.01)
    costs = []
    for _ in range(epochs):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            cost = criterion(model(images), labels)
            cost.backward()
            optimizer.step()
            total += cost.item()
        costs.append(total / len(loader))
    with torch.no_grad():
        return costs, (model(x[1200:]).argmax(1) == y[1200:]).float().mean().item()


def test_a_perceptron_with_layers_reads_handwritten_digits():
    costs, accuracy = train_on_digits(engine)
    assert costs[-1] < 0.05 * costs[0]
    assert accuracy > 0.9


@pytest.mark.torch
def test_it_learns_as_it_does_with_pytorch():
    """The first epoch's steps are the same to rounding; later on rounding is told apart."""
    torch = pytest.importorskip("torch")
    ours, theirs = train_on_digits(engine, 3), train_on_digits(torch, 3)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-3)
    assert abs(ours[1] - theirs[1]) < 0.01
