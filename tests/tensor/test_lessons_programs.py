"""Whole lesson programs run by this engine and by PyTorch, and the printed text compared.

One idea: a learner sees what is printed, so the printed text is what is compared, character by
character. Not a test of single operations; those have tests of their own.
"""

from __future__ import annotations

import textwrap

import pytest
from torch_programs import printed, printed_by_engine

TENSORS = """
    import torch
    torch.manual_seed(0)
    x = torch.tensor([[1, 2], [3, 4]])
    print(x, x.shape, x.dtype, x.device, x.stride())
    print(torch.rand(2, 3), torch.randn(2, 3), torch.randint(0, 10, (3,)), torch.randperm(5))
    print(x.float().mean(), x.float().std(), x.sum().item(), x[x > 2], x[:, 1])
    print(torch.topk(torch.tensor([3.0, 1.0, 2.0]), 2), torch.sort(torch.tensor([3.0, 1.0])))
    print(torch.zeros(3, 5).scatter_(1, torch.tensor([[0], [2], [4]]), 1.0))
    print(torch.nn.functional.one_hot(torch.tensor([0, 2]), num_classes=3))
    print(torch.gather(x, 1, torch.tensor([[0], [1]])), torch.where(x > 2, x, 0))
"""

GRADIENTS = """
    import torch
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = x ** 2
    y.register_hook(lambda g: print("hook", g))
    (y.sum() * 3).backward()
    print(x.grad, y)
    class Exponential(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y
        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y
    print(Exponential.apply(x))
    g, = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    print(g, torch.autograd.grad(g.sum(), x))
    with torch.no_grad():
        x -= 0.1 * x.grad
    print(x, x.is_leaf)
"""

CLASSIFIER = """
    import torch
    import torch.nn.functional as F
    from torch import nn, optim
    from torch.utils.data import DataLoader, TensorDataset
    torch.manual_seed(0)
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3, padding=1)
            self.norm = nn.BatchNorm2d(4)
            self.drop = nn.Dropout(0.25)
            self.out = nn.Linear(4 * 3 * 3, 3)
        def forward(self, x):
            x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
            return self.out(self.drop(torch.flatten(x, 1)))
    net = Net()
    print(net, sum(p.numel() for p in net.parameters()), list(net.state_dict()))
    data = TensorDataset(torch.randn(24, 1, 6, 6), torch.randint(0, 3, (24,)))
    loader = DataLoader(data, batch_size=8, shuffle=True)
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    for epoch in range(3):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        scheduler.step()
        print(f"{epoch} {loss.item():.4f} {norm:.3f} {scheduler.get_last_lr()}")
"""

SEQUENCES = """
    import torch
    from torch import nn
    torch.manual_seed(0)
    table, cell, out = nn.Embedding(10, 8), nn.LSTM(8, 16, 2), nn.Linear(16, 10)
    parameters = [*table.parameters(), *cell.parameters(), *out.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2)
    text, state = torch.randint(10, (6, 2)), None
    for step in range(4):
        hidden, state = cell(table(text), state)
        state = tuple(s.detach() for s in state)
        loss = nn.CrossEntropyLoss()(out(hidden).view(-1, 10), text.roll(-1, 0).view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"{step} {loss.item():.4f}")
    print(torch.multinomial(torch.softmax(out(hidden)[-1], -1), 3))
"""

# Every line prints a Tensor whose grad_fn PyTorch names after the product itself.
PRODUCTS = """
    import torch
    x = torch.ones(3, requires_grad=True)
    rows = torch.arange(6.0).reshape(2, 3)
    print(x @ x)
    print(torch.dot(x, x))
    print(rows @ x)
    print(torch.mv(rows, x))
"""

PROGRAMS = {
    "tensors": TENSORS,
    "gradients": GRADIENTS,
    "classifier": CLASSIFIER,
    "sequences": SEQUENCES,
    "products": PRODUCTS,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_lesson_prints_what_it_prints_with_pytorch(name: str) -> None:
    pytest.importorskip("torch")
    program = textwrap.dedent(PROGRAMS[name])
    assert printed_by_engine(program) == printed(program)
