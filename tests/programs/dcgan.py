"""Two convolution networks against each other: one draws rings, one tells them from real ones."""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(999)
torch.use_deterministic_algorithms(True)

batch_size, nz, ngf, ndf, nc = 8, 8, 4, 4, 1
lr, beta1 = 0.002, 0.5

# Rings of many sizes, 16 x 16, in [-1, 1].
axis = torch.linspace(-1, 1, 16)
yy, xx = torch.meshgrid(axis, axis, indexing="ij")
radius = torch.sqrt(xx**2 + yy**2)
sizes = torch.rand(40, 1, 1, 1) * 0.5 + 0.3
real_images = torch.exp(-((radius - sizes) ** 2) * 40) * 2 - 1
dataset = TensorDataset(real_images)
dataloader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0)
print(real_images.shape, real_images.min().item() >= -1, f"{real_images.mean():.4f}")


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, input):
        return self.main(input)


netG = Generator()
netG.apply(weights_init)
print(netG)
netD = Discriminator()
netD.apply(weights_init)
print(netD)

criterion = nn.BCELoss()
fixed_noise = torch.randn(4, nz, 1, 1)
real_label, fake_label = 1.0, 0.0
optimizerD = optim.Adam(netD.parameters(), lr=lr, betas=(beta1, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=lr, betas=(beta1, 0.999))

img_list, G_losses, D_losses, iters = [], [], [], 0
for epoch in range(3):
    for i, data in enumerate(dataloader, 0):
        netD.zero_grad()
        real = data[0]
        b_size = real.size(0)
        label = torch.full((b_size,), real_label, dtype=torch.float)
        output = netD(real).view(-1)
        errD_real = criterion(output, label)
        errD_real.backward()
        D_x = output.mean().item()

        noise = torch.randn(b_size, nz, 1, 1)
        fake = netG(noise)
        label.fill_(fake_label)
        output = netD(fake.detach()).view(-1)
        errD_fake = criterion(output, label)
        errD_fake.backward()
        D_G_z1 = output.mean().item()
        errD = errD_real + errD_fake
        optimizerD.step()

        netG.zero_grad()
        label.fill_(real_label)
        output = netD(fake).view(-1)
        errG = criterion(output, label)
        errG.backward()
        D_G_z2 = output.mean().item()
        optimizerG.step()

        if i % 2 == 0:
            print(
                "[%d/%d][%d/%d]\tLoss_D: %.4f\tLoss_G: %.4f\tD(x): %.4f\tD(G(z)): %.4f / %.4f"
                % (epoch, 3, i, len(dataloader), errD.item(), errG.item(), D_x, D_G_z1, D_G_z2)
            )
        G_losses.append(errG.item())
        D_losses.append(errD.item())
        iters += 1
    with torch.no_grad():
        fake = netG(fixed_noise).detach().cpu()
    img_list.append(fake)

print(iters, f"{sum(G_losses) / iters:.4f} {sum(D_losses) / iters:.4f}")
print(torch.stack(img_list).mean(dim=(1, 2, 3, 4)))
for name, buffer in netG.named_buffers():
    print(name, tuple(buffer.shape), f"{buffer.float().mean():.4f}")

# The same pair with the other losses of the field: hinge, gradient penalty, spectral norms.
torch.manual_seed(5)
critic = nn.Sequential(
    nn.utils.spectral_norm(nn.Conv2d(1, 4, 4, 2, 1)),
    nn.LeakyReLU(0.2),
    nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 8, 4, 2, 1)),
    nn.InstanceNorm2d(8, affine=True),
    nn.LeakyReLU(0.2),
    nn.Flatten(),
    nn.utils.parametrizations.weight_norm(nn.Linear(8 * 4 * 4, 1)),
)
print(critic)
optimizer = optim.RMSprop(critic.parameters(), lr=1e-3)
for step in range(5):
    real = real_images[step * 8 : step * 8 + 8]
    with torch.no_grad():
        fake = netG(torch.randn(8, nz, 1, 1))
    alpha = torch.rand(8, 1, 1, 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    penalty = ((gradient.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    hinge = torch.relu(1 - critic(real)).mean() + torch.relu(1 + critic(fake)).mean()
    loss = hinge + 10 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{step} hinge {hinge.item():.4f} penalty {penalty.item():.4f}")
print(sorted(critic.state_dict()))
