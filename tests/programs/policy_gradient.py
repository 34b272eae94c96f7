"""Policy gradients in a toy world: REINFORCE, then an actor with a critic and a clipped ratio."""

from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical, Normal


class Corridor:
    """A walker on a line of seven places starts in the middle; the right end pays 1."""

    size = 7

    def reset(self):
        self.place, self.time = self.size // 2, 0
        return self._state()

    def _state(self):
        state = np.zeros(self.size, dtype=np.float32)
        state[self.place] = 1.0
        return state

    def step(self, action):
        self.place += 1 if action == 1 else -1
        self.time += 1
        done = self.place in (0, self.size - 1) or self.time >= 20
        reward = 1.0 if self.place == self.size - 1 else -0.05
        return self._state(), reward, done


env = Corridor()
torch.manual_seed(543)


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(7, 16)
        self.dropout = nn.Dropout(p=0.2)
        self.affine2 = nn.Linear(16, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.dropout(self.affine1(x)))
        return F.softmax(self.affine2(x), dim=1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
eps = np.finfo(np.float32).eps.item()


def select_action(state):
    state = torch.from_numpy(state).float().unsqueeze(0)
    m = Categorical(policy(state))
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode():
    R = 0
    policy_loss = []
    returns = deque()
    for r in policy.rewards[::-1]:
        R = r + 0.99 * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    if len(returns) > 1:
        returns = (returns - returns.mean()) / (returns.std() + eps)
    for log_prob, R in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * R)
    optimizer.zero_grad()
    policy_loss = torch.cat(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]
    return policy_loss.item()


running = 0.0
for episode in range(40):
    state, total, path = env.reset(), 0, ""
    while True:
        action = select_action(state)
        path += "<>"[action]
        state, reward, done = env.step(action)
        policy.rewards.append(reward)
        total += reward
        if done:
            break
    running = 0.05 * total + 0.95 * running
    loss = finish_episode()
    if episode % 5 == 0:
        print(f"Episode {episode}\t{path}\treward {total:.2f}\taverage {running:.4f}\t{loss:.4f}")

SavedAction = namedtuple("SavedAction", ["log_prob", "value"])


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(7, 16), nn.Tanh())
        self.actor, self.critic = nn.Linear(16, 2), nn.Linear(16, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.body(x)
        return F.log_softmax(self.actor(x), dim=-1), self.critic(x).squeeze(-1)


torch.manual_seed(11)
model = ActorCritic()
optimizer = optim.Adam(model.parameters(), lr=2e-2, eps=1e-5)
for update in range(8):
    states, actions, old, rewards, values, dones = [], [], [], [], [], []
    state = env.reset()
    for _ in range(32):
        with torch.no_grad():
            log_probs, value = model(torch.as_tensor(state))
        m = Categorical(logits=log_probs)
        action = m.sample()
        states.append(state)
        actions.append(action)
        old.append(m.log_prob(action))
        values.append(value)
        state, reward, done = env.step(action.item())
        rewards.append(reward)
        dones.append(done)
        if done:
            state = env.reset()
    advantage, advantages, last = 0.0, [], 0.0
    for t in reversed(range(32)):
        keep = 1.0 - float(dones[t])
        delta = rewards[t] + 0.99 * last * keep - values[t].item()
        advantage = delta + 0.99 * 0.95 * keep * advantage
        advantages.insert(0, advantage)
        last = values[t].item()
    states, actions = torch.tensor(np.array(states)), torch.stack(actions)
    old, values = torch.stack(old), torch.stack(values)
    advantages = torch.tensor(advantages)
    returns = advantages + values
    for epoch in range(3):
        for rows in torch.randperm(32).split(16):
            log_probs, value = model(states[rows])
            m = Categorical(logits=log_probs)
            ratio = (m.log_prob(actions[rows]) - old[rows]).exp()
            a = advantages[rows]
            a = (a - a.mean()) / (a.std() + 1e-8)
            policy_loss = -torch.min(ratio * a, ratio.clamp(0.8, 1.2) * a).mean()
            value_loss = F.smooth_l1_loss(value, returns[rows])
            entropy = m.entropy().mean()
            loss = policy_loss + 0.5 * value_loss - 0.01 * entropy
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
    walk = "".join("<>"[a] for a in actions.tolist())
    print(f"{update} {walk} {sum(rewards):.2f} {value_loss.item():.4f} {entropy.item():.4f}")

# Actions that are numbers: a normal policy learns to throw to 1.5, its scale with it.
torch.manual_seed(2)
mean, log_std = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
optimizer = optim.SGD([mean, log_std], lr=0.05, momentum=0.9, nesterov=True)
baseline = 0.0
for step in range(25):
    m = Normal(mean, log_std.exp())
    throws = m.sample((64,))
    rewards = -((throws - 1.5) ** 2)
    loss = -(m.log_prob(throws) * (rewards - baseline)).mean() - 0.1 * m.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    baseline = 0.8 * baseline + 0.2 * rewards.mean().item()
    if step % 6 == 0:
        print(f"{step} mean {mean.item():.4f} scale {log_std.exp().item():.4f} {baseline:.4f}")
