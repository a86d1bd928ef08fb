"""The models of models.ts in PyTorch eager, float32: python torch_step.py <model> <threads> <cpu|cuda>; protocol as worker.ts."""
import json
import sys
import time

start = time.perf_counter()
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(int(sys.argv[2]))
torch.manual_seed(0)
if sys.argv[3] == "cuda":
    # onnxruntime's CUDA provider uses TF32 where the card has it: PyTorch may too.
    torch.set_float32_matmul_precision("high")


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.n1(x)).reshape(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4).unbind()
        x = x + self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))
        return x + self.down(F.gelu(self.up(self.n2(x)), approximate="tanh"))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(256, 8) for _ in range(8)])

    def forward(self, x, y):
        return F.mse_loss(self.blocks(x), y)

    @staticmethod
    def batch():
        return torch.randn(16, 128, 256), torch.randn(16, 128, 256)


class Res(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.n1, self.c1 = nn.GroupNorm(8, i), nn.Conv2d(i, o, 3, padding=1)
        self.n2, self.c2 = nn.GroupNorm(8, o), nn.Conv2d(o, o, 3, padding=1)
        self.skip = nn.Identity() if i == o else nn.Conv2d(i, o, 1)

    def forward(self, x):
        return self.skip(x) + self.c2(F.silu(self.n2(self.c1(F.silu(self.n1(x))))))


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda i, o: nn.Conv2d(i, o, 3, padding=1)
        self.first, self.d1, self.down, self.d2, self.m = conv(3, 32), Res(32, 32), nn.Conv2d(32, 32, 3, stride=2), Res(32, 64), Res(64, 64)
        self.latent, self.back, self.u2, self.up, self.u1 = conv(64, 8), conv(4, 64), Res(64, 64), conv(64, 64), Res(64, 32)
        self.n, self.last = nn.GroupNorm(8, 32), conv(32, 3)

    def forward(self, x, noise):
        h = self.d2(self.down(F.pad(self.d1(self.first(x)), (0, 1, 0, 1))))
        mean, logvar = self.latent(self.m(h)).chunk(2, 1)
        h = self.u2(self.back(mean + torch.exp(0.5 * logvar) * noise))
        h = self.u1(self.up(F.interpolate(h, scale_factor=2, mode="nearest")))
        y = self.last(F.silu(self.n(h)))
        return F.mse_loss(y, x) + 1e-6 * (mean.square() + logvar.exp() - logvar - 1).mean()

    @staticmethod
    def batch():
        return torch.randn(16, 3, 64, 64), torch.randn(16, 4, 32, 32)


model = {"transformer": Transformer, "vae": Vae}[sys.argv[1]]().to(sys.argv[3])
optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
batch = [each.to(sys.argv[3]) for each in model.batch()]


def run():
    before = time.perf_counter()
    optimiser.zero_grad(set_to_none=True)
    loss = model(*batch)
    loss.backward()
    optimiser.step()
    value = loss.item()
    return (time.perf_counter() - before) * 1000, value


def say(value):
    print(json.dumps(value), flush=True)


def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


say({"firstStepS": 0, "loss": run()[1], "version": torch.__version__})
for line in sys.stdin:
    if line.strip() == "end":
        break
    say({"ms": [run()[0] for _ in range(int(line.split()[1]))]})
say({"peakBytes": peak()})
