"""A variational autoencoder of small pictures: bars that a code of two numbers must describe."""

import torch
import torch.utils.data
from torch import nn, optim
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, random_split

torch.manual_seed(1)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Bars(Dataset):
    """Pictures of 8 x 8 with a bar across or down, and a little noise."""

    def __init__(self, count, transform=None):
        self.images = torch.zeros(count, 1, 8, 8)
        self.labels = torch.randint(0, 2, (count,))
        places = torch.randint(1, 7, (count,))
        for image, label, place in zip(self.images, self.labels, places):
            if label == 0:
                image[:, place, :] = 1.0
            else:
                image[:, :, place] = 1.0
        self.images = (self.images + 0.1 * torch.rand_like(self.images)).clamp(0, 1)
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        if self.transform:
            image = self.transform(image)
        return image, self.labels[index]


train_set, test_set = random_split(Bars(96), [80, 16])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
test_loader = DataLoader(test_set, batch_size=8, shuffle=False)


class VAE(nn.Module):
    def __init__(self, latent=2):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(64, 32)
        self.fc21 = nn.Linear(32, latent)
        self.fc22 = nn.Linear(32, latent)
        self.fc3 = nn.Linear(latent, 32)
        self.fc4 = nn.Linear(32, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


model = VAE().to(device)
optimizer = optim.Adam(model.parameters(), lr=1e-2)


def train(epoch):
    model.train()
    train_loss = 0
    for batch_idx, (data, _) in enumerate(train_loader):
        data = data.to(device)
        optimizer.zero_grad()
        recon_batch, mu, logvar = model(data)
        loss = loss_function(recon_batch, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
        if batch_idx % 3 == 0:
            done, total = batch_idx * len(data), len(train_loader.dataset)
            print(f"Train Epoch: {epoch} [{done}/{total}]\tLoss: {loss.item() / len(data):.4f}")
    print(f"====> Epoch: {epoch} Average loss: {train_loss / len(train_loader.dataset):.4f}")


def test(epoch):
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for data, _ in test_loader:
            recon_batch, mu, logvar = model(data.to(device))
            test_loss += loss_function(recon_batch, data, mu, logvar).item()
    print(f"====> Test set loss: {test_loss / len(test_loader.dataset):.4f}")


for epoch in range(1, 7):
    train(epoch)
    test(epoch)
    with torch.no_grad():
        sample = model.decode(torch.randn(4, 2)).cpu().view(4, 1, 8, 8)
        print(sample.shape, f"{sample.mean():.4f} {sample.std():.4f}")
print((sample[0, 0] > 0.3).int())


class ConvVAE(nn.Module):
    """The same with convolutions, a learned prior and distributions in place of formulas."""

    def __init__(self, latent=2):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 6, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(6, 12, 4, stride=2, padding=1),
            nn.GroupNorm(3, 12),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(12 * 2 * 2, 2 * latent),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, 12 * 2 * 2),
            nn.Unflatten(1, (12, 2, 2)),
            nn.ConvTranspose2d(12, 6, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(6, 1, 3, padding="same"),
        )
        self.prior_scale = nn.Parameter(torch.zeros(latent))

    def forward(self, x):
        mean, raw = self.encoder(x).chunk(2, dim=1)
        posterior = Normal(mean, F.softplus(raw) + 1e-4)
        prior = Normal(torch.zeros_like(mean), self.prior_scale.exp())
        z = posterior.rsample()
        return self.decoder(z), kl_divergence(posterior, prior).sum(dim=1)


torch.manual_seed(3)
model = ConvVAE()
print(model)
optimizer = optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-3, amsgrad=True)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15)
for epoch in range(4):
    for images, labels in train_loader:
        logits, kl = model(images)
        error = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
        loss = (error.sum(dim=(1, 2, 3)) + kl).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        scheduler.step()
    rate = scheduler.get_last_lr()[0]
    print(f"epoch {epoch} loss {loss:.4f} kl {kl.mean().item():.4f} lr {rate:.6f}")
print(model.prior_scale)
