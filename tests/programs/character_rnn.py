"""Characters one at a time: an RNN, a GRU and an LSTM learn a text and go on with it."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

TEXT = """the quick brown fox jumps over the lazy dog. the dog sleeps, the fox runs away.
when the fox comes back the dog is awake, and the quick fox is not quick enough."""

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
chars = sorted(set(TEXT))
stoi = {ch: i for i, ch in enumerate(chars)}
itos = {i: ch for ch, i in stoi.items()}
data = torch.tensor([stoi[ch] for ch in TEXT], dtype=torch.long)
print(len(data), len(chars), repr("".join(chars)))


class CharModel(nn.Module):
    """A table of characters, a recurrent layer of any kind, a linear head."""

    def __init__(self, kind, vocab_size, embedding_dim=12, hidden_size=24, num_layers=2):
        super().__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = getattr(nn, kind)(
            embedding_dim, hidden_size, num_layers, batch_first=True, dropout=0.1
        )
        self.dropout = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden_size, vocab_size)

    def forward(self, x, hidden=None):
        out, hidden = self.rnn(self.embedding(x), hidden)
        return self.fc(self.dropout(out)), hidden


def get_batch(batch_size=8, length=20):
    starts = torch.randint(0, len(data) - length - 1, (batch_size,))
    x = torch.stack([data[s : s + length] for s in starts])
    y = torch.stack([data[s + 1 : s + length + 1] for s in starts])
    return x.to(device), y.to(device)


def detach(hidden):
    if isinstance(hidden, tuple):
        return tuple(h.detach() for h in hidden)
    return hidden.detach()


@torch.no_grad()
def generate(model, prompt, length, temperature=0.8):
    model.eval()
    x = torch.tensor([[stoi[ch] for ch in prompt]], device=device)
    out, hidden = model(x)
    text = prompt
    for _ in range(length):
        probs = torch.softmax(out[0, -1] / temperature, dim=-1)
        index = torch.multinomial(probs, 1).item()
        text += itos[index]
        out, hidden = model(torch.tensor([[index]]), hidden)
    model.train()
    return text


for kind in ("RNN", "GRU", "LSTM"):
    torch.manual_seed(1337)
    model = CharModel(kind, len(chars)).to(device)
    print(model)
    print(sum(p.numel() for p in model.parameters() if p.requires_grad))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.97)
    hidden = None
    for step in range(25):
        x, y = get_batch()
        out, hidden = model(x, detach(hidden) if hidden is not None else None)
        loss = criterion(out.reshape(-1, len(chars)), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        scheduler.step()
        if step % 6 == 0:
            print(f"step {step:3d} loss {loss.item():.4f} norm {norm:.4f}")
    print(repr(generate(model, "the ", 60)))

# Words of different lengths in one batch: packed, classified by the last state.
torch.manual_seed(7)
words = ["fox", "dog", "sleeps", "runs", "awake", "the", "quick", "jumps"]
labels = torch.tensor([0, 0, 1, 1, 1, 2, 2, 1])
rows = [torch.tensor([stoi[ch] for ch in word]) for word in words]
lengths = torch.tensor([len(row) for row in rows])
padded = pad_sequence(rows, batch_first=True)
embedding = nn.Embedding(len(chars), 6, padding_idx=0)
lstm = nn.LSTM(6, 10, bidirectional=True, batch_first=True)
head = nn.Linear(20, 3)
parameters = [*embedding.parameters(), *lstm.parameters(), *head.parameters()]
optimizer = torch.optim.RMSprop(parameters, lr=1e-2, momentum=0.5)
for epoch in range(15):
    packed = pack_padded_sequence(
        embedding(padded), lengths, batch_first=True, enforce_sorted=False
    )
    out, (h, c) = lstm(packed)
    unpacked, sizes = pad_packed_sequence(out, batch_first=True)
    logits = head(torch.cat([h[-2], h[-1]], dim=1))
    loss = nn.functional.cross_entropy(logits, labels, label_smoothing=0.05)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 5 == 0:
        right = (logits.argmax(dim=1) == labels).float().mean()
        print(epoch, f"{loss:.4f}", f"accuracy {right:.3f}", unpacked.shape, sizes.tolist())
