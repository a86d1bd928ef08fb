"""Values and gradients of four blocks from PyTorch, float64: python tests/golden/tensor/blocks.py > tests/golden/tensor/blocks.json

Every input is wave(shape, pace): sin(pace * (index + 1)) in row-major order, so that only results are stored.
Made with torch 2.15.0.
"""
import json
import math

import torch
import torch.nn.functional as F


def wave(shape, pace):
    count = math.prod(shape)
    return torch.sin(pace * torch.arange(1, count + 1, dtype=torch.float64)).float().double().reshape(shape).requires_grad_()


def layer_norm(x, scale=None, bias=None):
    return F.layer_norm(x, x.shape[-1:], scale, bias, 1e-6)


def linear(x, w, b):
    return x @ w + b


def heads(x, count):
    b, t, c = x.shape
    return x.reshape(b, t, count, c // count).transpose(1, 2)


def attend(q, k, v, mask=None):
    out = F.scaled_dot_product_attention(q, k, v, mask)
    b, h, t, d = out.shape
    return out.transpose(1, 2).reshape(b, t, h * d)


def transformer(x, s1, b1, wqkv, bqkv, wo, bo, s2, b2, w1, c1, w2, c2):
    q, k, v = linear(layer_norm(x, s1, b1), wqkv, bqkv).split(8, -1)
    x = x + linear(attend(heads(q, 2), heads(k, 2), heads(v, 2)), wo, bo)
    return x + linear(F.gelu(linear(layer_norm(x, s2, b2), w1, c1), approximate="tanh"), w2, c2)


def adaln(x, cond, wm, bm, wqkv, bqkv, wo, bo, w1, c1, w2, c2):
    shift1, scale1, gate1, shift2, scale2, gate2 = linear(F.silu(cond), wm, bm).unsqueeze(1).split(8, -1)
    q, k, v = linear(layer_norm(x) * (1 + scale1) + shift1, wqkv, bqkv).split(8, -1)
    x = x + gate1 * linear(attend(heads(q, 2), heads(k, 2), heads(v, 2)), wo, bo)
    hidden = F.gelu(linear(layer_norm(x) * (1 + scale2) + shift2, w1, c1), approximate="tanh")
    return x + gate2 * linear(hidden, w2, c2)


def attention(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, mask)


def resnet(x, s1, b1, w1, c1, s2, b2, w2, c2, ws, cs):
    h = F.conv2d(F.silu(F.group_norm(x, 2, s1, b1, 1e-6)), w1, c1, padding=1)
    h = F.conv2d(F.silu(F.group_norm(h, 3, s2, b2, 1e-6)), w2, c2, padding=1)
    h = h + F.conv2d(x, ws, cs)
    h = F.conv2d(F.pad(h, (0, 1, 0, 1)), w2, c2, stride=2)
    return F.interpolate(h, scale_factor=2, mode="nearest")


def rms(x, scale, w):
    y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * scale
    return F.silu(y @ w)


blocks = {
    "transformer": (transformer, [[2, 5, 8], [8], [8], [8, 24], [24], [8, 8], [8], [8], [8], [8, 16], [16], [16, 8], [8]]),
    "adaln": (adaln, [[2, 5, 8], [2, 6], [6, 48], [48], [8, 24], [24], [8, 8], [8], [8, 16], [16], [16, 8], [8]]),
    "attention": (attention, [[2, 3, 4, 6], [2, 3, 7, 6], [2, 3, 7, 6], [2, 1, 4, 7]]),
    "resnet": (resnet, [[2, 4, 6, 6], [4], [4], [6, 4, 3, 3], [6], [6], [6], [6, 6, 3, 3], [6], [6, 4, 1, 1], [6]]),
    "rms": (rms, [[3, 5, 8], [8], [8, 6]]),
}
golden = {}
for name, (run, shapes) in blocks.items():
    inputs = [wave(shape, 0.31 + 0.17 * index) for index, shape in enumerate(shapes)]
    value = run(*inputs)
    (value * wave(value.shape, 0.71)).sum().backward()
    golden[name] = {
        "shapes": shapes,
        "value": [round(v, 7) for v in value.flatten().tolist()],
        "gradients": [[round(v, 7) for v in each.grad.flatten().tolist()] for each in inputs],
    }
print(json.dumps(golden, separators=(",", ":")))
