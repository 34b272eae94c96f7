"""The notes' chapter on mini batches and data sets: every program prints what it prints with
PyTorch, the order of shuffled examples included."""

import pytest
from seed_notes import Chapter, module

import engine

chapter = Chapter("mini_batches")

SCORES = [[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]]
RESULTS = [[152], [185], [180], [196], [142]]


@chapter
def iterations_of_an_epoch(torch):
    data = module(torch, "utils.data")
    rows = data.TensorDataset(torch.zeros(2000, 1))
    for batch_size in (200, 64, 2000):
        whole = data.DataLoader(rows, batch_size=batch_size)
        cut = data.DataLoader(rows, batch_size=batch_size, drop_last=True)
        print(batch_size, len(whole), len(cut), sum(1 for _ in whole), sum(1 for _ in cut))


@chapter.near(rtol=1e-4, atol=2e-4)
def data_load(torch):
    nn, F = module(torch, "nn"), module(torch, "nn.functional")
    data = module(torch, "utils.data")
    torch.manual_seed(1)
    x_train, y_train = torch.FloatTensor(SCORES), torch.FloatTensor(RESULTS)
    dataset = data.TensorDataset(x_train, y_train)
    dataloader = data.DataLoader(dataset, batch_size=2, shuffle=True)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    nb_epochs = 20
    for epoch in range(nb_epochs + 1):
        for batch_idx, samples in enumerate(dataloader):
            print(batch_idx)
            print(samples)
            x_train, y_train = samples
            prediction = model(x_train)
            cost = F.mse_loss(prediction, y_train)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            print(f"Epoch: {epoch}, Batch: {nb_epochs}, cost: {cost}")
    new_var = torch.FloatTensor([[73, 80, 75]])
    pred_y = model(new_var)
    print("훈련 후 입력이 73, 80, 75일때 예측값: ", pred_y)


@chapter
def skeleton_of_a_data_set(torch):
    class CustomDataset(torch.utils.data.Dataset):
        def __init__(self):
            self.squares = [n * n for n in range(5)]

        def __len__(self):
            return len(self.squares)

        def __getitem__(self, idx):
            return self.squares[idx]

    module(torch, "utils.data")
    dataset = CustomDataset()
    print(len(dataset), dataset[3])
    print([batch.tolist() for batch in torch.utils.data.DataLoader(dataset, batch_size=2)])


@chapter.near(rtol=1e-4, atol=2e-4)
def data_set_of_ones_own(torch):
    F, data = module(torch, "nn.functional"), module(torch, "utils.data")

    class CustomDataset(data.Dataset):
        def __init__(self):
            self.x_data = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]
            self.y_data = [[1], [2], [3], [4]]

        def __len__(self):
            return len(self.x_data)

        def __getitem__(self, idx):
            x = torch.FloatTensor(self.x_data[idx])
            y = torch.FloatTensor(self.y_data[idx])
            return x, y

    torch.manual_seed(1)
    dataset = CustomDataset()
    dataloader = data.DataLoader(dataset, batch_size=2, shuffle=True)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    nb_epochs = 20
    for epoch in range(nb_epochs + 1):
        for batch_idx, samples in enumerate(dataloader):
            x_train, y_train = samples
            prediction = model(x_train)
            cost = F.mse_loss(prediction, y_train)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            print(f"Epoch: {epoch} Batch: {batch_idx} first: {x_train[0]} Cost: {cost.item()}")
    new_var = torch.FloatTensor([[73, 80, 75]])
    pred_y = model(new_var)
    print("훈련 후 입력이 73, 80, 75일때 예측값: ", pred_y)


@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_the_engine_prints_what_pytorch_printed(program):
    chapter.check(program, engine)


@pytest.mark.torch
@pytest.mark.parametrize("program", chapter.programs, ids=lambda program: program.__name__)
def test_pytorch_still_prints_it(program):
    chapter.check(program, pytest.importorskip("torch"))
