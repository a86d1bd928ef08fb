"""Golden values for the model, from PyTorch: python tests/golden/model/make_golden.py tests/golden/model

Needs torch and diffusers (made with torch 2.15, diffusers 0.35.1). Written from the papers and the published layouts, not
from the TypeScript; parameter names are the only thing shared. The autoencoder is diffusers' own AutoencoderKL.
"""
import base64
import json
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F


def dump(tensor):
    array = np.ascontiguousarray(tensor.detach().numpy())
    dtype = 'int32' if array.dtype.kind == 'i' else 'float32'
    return {'dtype': dtype, 'shape': list(array.shape), 'data': base64.b64encode(array.astype(dtype).tobytes()).decode()}


class Parameters(dict):
    """Draws a parameter at its first use."""

    def __init__(self, seed, scale):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)
        self.scale = scale

    def get(self, name, *shape, mean=0.0):
        if name not in self:
            self[name] = (mean + self.scale * torch.randn(*shape, generator=self.generator)).requires_grad_()
        return self[name]

    def linear(self, x, name, outputs):
        return x @ self.get(f'{name}/weight', x.shape[-1], outputs) + self.get(f'{name}/bias', outputs)

    def layer_norm(self, x, name):
        width = x.shape[-1]
        return F.layer_norm(x, (width,), self.get(f'{name}/scale', width, mean=1.0), self.get(f'{name}/bias', width), 1e-6)


def heads_of(x, heads):
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def attend(q, k, v, visible):
    """visible: booleans broadcastable to [B, H, Tq, Tk]."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(~visible, float('-inf'))
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


def gelu(x):
    return F.gelu(x, approximate='tanh')


def grid_positions(rows, columns, width):
    def one(position, size):
        omega = 1 / 10000 ** (np.arange(size // 2) / (size // 2))
        return np.concatenate([np.sin(position * omega), np.cos(position * omega)])
    return torch.tensor(np.stack([np.concatenate([one(c, width // 2), one(r, width // 2)]) for r in range(rows) for c in range(columns)]), dtype=torch.float32)


def pi0_time(t, width):
    fraction = torch.linspace(0, 1, width // 2, dtype=torch.float64)
    period = 4e-3 * (4.0 / 4e-3) ** fraction
    angle = t.double()[..., None] * 2 * math.pi / period
    return torch.cat([angle.sin(), angle.cos()], -1).float()


def dit_time(t, width=256):
    half = width // 2
    freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    angle = (1000 * t.double())[:, None] * freqs
    return torch.cat([angle.cos(), angle.sin()], -1).float()


def prefix(p, c, images, ids, text_mask):
    b, width = c['backbone'], c['backbone']['width']
    cameras = len(c['data']['cameras'])
    x = images
    if b['stem'] == 'conv':
        for level, channels in enumerate(b['stemChannels']):
            weight = p.get(f'backbone/stem/{level}/weight', channels, x.shape[1], 3, 3)
            x = F.silu(F.conv2d(x, weight, p.get(f'backbone/stem/{level}/bias', channels), stride=2, padding=1))
        side = x.shape[-1]
        x = x.flatten(2).transpose(1, 2)
    elif b['stem'] == 'merge':
        size = b['patchSizePx']
        for level, channels in enumerate(b['stemChannels']):
            # A linear layer on non-overlapping squares: patches first, then 2x2 neighbours (row by row, channels last).
            if level == 0:
                x = F.unfold(x, size, stride=size).reshape(x.shape[0], -1, x.shape[2] // size, x.shape[3] // size)
            else:
                n, ch, h, w = x.shape
                x = x.reshape(n, ch, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, 4 * ch, h // 2, w // 2)
            x = F.silu(p.linear(x.permute(0, 2, 3, 1), f'backbone/stem/{level}', channels)).permute(0, 3, 1, 2)
        side = x.shape[-1]
        x = x.flatten(2).transpose(1, 2)
    else:
        size = b['patchSizePx']
        side = x.shape[-1] // size
        x = F.unfold(x, size, stride=size).transpose(1, 2)
    tokens = p.linear(x, 'backbone/stem/projection', width).reshape(-1, cameras, side * side, width)
    tokens = tokens + grid_positions(side, side, width) + p.get('backbone/camera', cameras, width)[:, None]
    text = p.get('backbone/token', b['vocabularySize'], width)[ids] + p.get('backbone/token-position', b['maxTextTokens'], width)
    x = torch.cat([tokens.flatten(1, 2), text], 1)
    valid = torch.cat([torch.ones(x.shape[0], cameras * side * side), text_mask], 1).bool()
    keys, values = [], []
    for layer in range(b['depth']):
        name = f'backbone/layer/{layer}'
        q, k, v = (heads_of(part, b['heads']) for part in p.linear(p.layer_norm(x, f'{name}/norm1'), f'{name}/qkv', 3 * width).chunk(3, -1))
        keys.append(k)
        values.append(v)
        x = x + p.linear(attend(q, k, v, valid[:, None, None]), f'{name}/out', width)
        x = x + p.linear(gelu(p.linear(p.layer_norm(x, f'{name}/norm2'), f'{name}/mlp1', int(width * b['mlpRatio']))), f'{name}/mlp2', width)
    return keys, values, valid, p.layer_norm(x, 'backbone/norm')


def rms(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


def expert(p, c, cache, state, noisy, t):
    """One flow time: noisy [B, C, A], t [B]. The block mask of openpi by cumulative sums of its ar flags."""
    keys, values, prefix_valid, _ = cache
    a, width = c['action'], c['action']['width']
    attended, heads = c['backbone']['width'], c['backbone']['heads']
    batch, chunk, dimension = noisy.shape
    action = p.linear(noisy, 'action/in', width)
    features = pi0_time(t, width)
    cond = None
    if a['variant'] == 'pi0':
        both = torch.cat([action, features[:, None].expand(-1, chunk, -1)], -1)
        action = p.linear(F.silu(p.linear(both, 'action/time1', width)), 'action/time2', width)
    else:
        cond = F.silu(p.linear(F.silu(p.linear(features, 'action/time1', width)), 'action/time2', width))
    x = action + p.get('action/position', chunk, width)
    ar = [1] + [0] * (chunk - 1)
    if a['variant'] == 'pi0':
        x = torch.cat([p.linear(state, 'action/state', width)[:, None], x], 1)
        ar = [1] + ar
    suffix = x.shape[1]
    ar = torch.tensor([0] * prefix_valid.shape[1] + ar)
    block = ar.cumsum(0)
    order = block[None, :] <= block[:, None]
    valid = torch.cat([prefix_valid, torch.ones(batch, suffix, dtype=torch.bool)], 1)
    visible = (order[None] & valid[:, None, :])[:, None, -suffix:]

    def norm(x, name):
        if cond is None:
            return rms(x) * p.get(f'{name}/scale', width, mean=1.0), 1
        scale, shift, gate = p.linear(cond, f'{name}/modulation', 3 * width)[:, None].chunk(3, -1)
        return rms(x) * (1 + scale) + shift, gate

    for layer in range(c['backbone']['depth']):
        name = f'action/layer/{layer}'
        y, gate = norm(x, f'{name}/norm1')
        q, k, v = (heads_of(part, heads) for part in p.linear(y, f'{name}/qkv', 3 * attended).chunk(3, -1))
        read = attend(q, torch.cat([keys[layer], k], 2), torch.cat([values[layer], v], 2), visible)
        x = x + gate * p.linear(read, f'{name}/out', width)
        y, gate = norm(x, f'{name}/norm2')
        x = x + gate * p.linear(gelu(p.linear(y, f'{name}/mlp1', int(width * a['mlpRatio']))), f'{name}/mlp2', width)
    return p.linear(norm(x[:, -chunk:], 'action/norm')[0], 'action/project', dimension)


def dit(p, c, cache, latent, t):
    m, width, size = c['motion'], c['motion']['width'], c['motion']['patchSize']
    _, _, valid, out = cache
    cameras = len(m['cameras'])
    batch, channels, height, _ = latent.shape
    channels, side = channels // cameras, height // size
    patches = torch.einsum('nkchpwq->nkhwpqc', latent.reshape(batch, cameras, channels, side, size, side, size)).reshape(batch, cameras, side * side, -1)
    x = p.linear(patches, 'motion/in', width) + grid_positions(side, side, width)
    if cameras > 1:
        x = x + p.get('motion/cameras', cameras, width)[:, None]
    x = x.flatten(1, 2)
    context = p.linear(out, 'motion/context', width)
    cond = p.linear(F.silu(p.linear(dit_time(t), 'motion/time1', width)), 'motion/time2', width)
    if m['conditioning'] == 'pooled':
        weight = valid.float()[..., None]
        cond = cond + (context * weight).sum(1) / weight.sum(1)
    tokens = x.shape[1]
    visible = torch.ones(batch, 1, 1, tokens, dtype=torch.bool)
    if m['conditioning'] == 'in-context':
        x = torch.cat([x, context], 1)
        visible = torch.cat([visible, valid[:, None, None]], -1)
    plain = lambda y: F.layer_norm(y, (width,), eps=1e-6)
    shared = p.linear(F.silu(cond), 'motion/modulation', 6 * width) if m['adaLn'] == 'shared' else None
    for block in range(m['depth']):
        name = f'motion/block/{block}'
        six = shared + p.get(f'{name}/table', 6 * width) if shared is not None else p.linear(F.silu(cond), f'{name}/modulation', 6 * width)
        shift1, scale1, gate1, shift2, scale2, gate2 = six[:, None].chunk(6, -1)
        q, k, v = (heads_of(part, m['heads']) for part in p.linear(plain(x) * (1 + scale1) + shift1, f'{name}/qkv', 3 * width).chunk(3, -1))
        x = x + gate1 * p.linear(attend(q, k, v, visible), f'{name}/out', width)
        if m['conditioning'] == 'cross-attention':
            q = heads_of(p.linear(plain(x), f'{name}/cross-q', width), m['heads'])
            k, v = (heads_of(part, m['heads']) for part in p.linear(context, f'{name}/cross-kv', 2 * width).chunk(2, -1))
            x = x + p.linear(attend(q, k, v, valid[:, None, None]), f'{name}/cross-out', width)
        hidden = p.linear(plain(x) * (1 + scale2) + shift2, f'{name}/mlp1', int(width * m['mlpRatio']))
        x = x + gate2 * p.linear(gelu(hidden), f'{name}/mlp2', width)
    shift, scale = p.linear(F.silu(cond), 'motion/final-modulation', 2 * width)[:, None].chunk(2, -1)
    x = p.linear(plain(x[:, :tokens]) * (1 + scale) + shift, 'motion/final', size * size * channels)
    return torch.einsum('nkhwpqc->nkchpwq', x.reshape(batch, cameras, side, side, size, size, channels)).reshape(latent.shape)


def losses(p, config, inputs):
    cache = prefix(p, config, inputs['images'], inputs['text-ids'], inputs['text-mask'])
    errors = []
    for index in range(inputs['action-time'].shape[1]):
        noise, t = inputs['action-noise'][:, index], inputs['action-time'][:, index]
        x = t[:, None, None] * noise + (1 - t[:, None, None]) * inputs['actions']
        errors.append((expert(p, config, cache, inputs['state'], x, t) - (noise - inputs['actions'])).square())
    mask = inputs['action-mask'].bool()
    action = torch.stack([error[mask] for error in errors]).mean()
    t = inputs['motion-time'][:, None, None, None]
    x = t * inputs['motion-noise'] + (1 - t) * inputs['motion-latent']
    motion = (dit(p, config, cache, x, inputs['motion-time']) - (inputs['motion-noise'] - inputs['motion-latent'])).square().mean()
    return cache, action, motion


def dual_head(name, seed, variant, stem, ada_ln, conditioning, patch=4, cameras=('front',)):
    config = {
        'data': {'cameras': ['front', 'side'], 'imageSizePx': 16},
        'backbone': {'stem': stem, 'stemChannels': [4, 6], 'patchSizePx': patch, 'width': 8, 'depth': 2, 'heads': 2, 'mlpRatio': 2, 'maxTextTokens': 4, 'vocabularySize': 260},
        'action': {'variant': variant, 'width': 12, 'mlpRatio': 2, 'chunk': 3, 'replanSteps': 2, 'flowTimesPerPrefix': 2},
        'motion': {'cameras': list(cameras), 'width': 8, 'depth': 2, 'heads': 2, 'mlpRatio': 2, 'patchSize': 2, 'adaLn': ada_ln, 'conditioning': conditioning, 'lambda': 0.7},
        'vae': {'latentChannels': 2, 'foldPx': 2, 'blockChannels': [4, 4], 'normGroups': 2},
    }
    p = Parameters(seed, 0.3)
    g = torch.Generator().manual_seed(seed + 1)
    rand = lambda *shape: torch.randn(*shape, generator=g)
    batch, times, chunk, dimension = 2, 2, 3, 5
    inputs = {
        'images': rand(batch * 2, 3, 16, 16).clamp(-1, 1),
        'text-ids': torch.tensor([[1, 7, 9, 0], [1, 30, 0, 0]]),
        'text-mask': torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]]).float(),
        'state': rand(batch, 3),
        'actions': rand(batch, chunk, dimension),
        'action-mask': torch.tensor([[1, 1, 1], [1, 1, 0]]).float(),
        'action-noise': rand(batch, times, chunk, dimension),
        'action-time': torch.tensor([[0.9, 0.3], [0.05, 0.6]]),
        'motion-latent': rand(batch, 2 * len(cameras), 4, 4),
        'motion-noise': rand(batch, 2 * len(cameras), 4, 4),
        'motion-time': torch.tensor([0.8, 0.2]),
        'motion-weight': torch.tensor([1.0, 1.0]),
    }
    cache, action, motion = losses(p, config, inputs)
    (action + config['motion']['lambda'] * motion).backward()

    with torch.no_grad():
        x = inputs['action-noise'][:, 0]
        t = 1.0
        steps = 4
        while t >= 1 / steps / 2:
            x = x - expert(p, config, cache, inputs['state'], x, torch.full((batch,), t)) / steps
            t -= 1 / steps
        z = inputs['motion-noise']
        for step in range(steps):
            z = z - dit(p, config, cache, z, torch.full((batch,), 1 - step / steps)) / steps
    golden = {
        'config': config,
        'dimensions': {'state': 3, 'action': dimension},
        'parameters': {key: dump(value) for key, value in p.items()},
        'inputs': {key: dump(value) for key, value in inputs.items()},
        'losses': {'action': action.item(), 'motion': motion.item()},
        'gradients': {key: dump(value.grad) for key, value in p.items()},
        'sampledActions': dump(x),
        'sampledMotion': dump(z),
    }
    with open(f'{out_dir}/{name}.json', 'w') as file:
        json.dump(golden, file)


def autoencoder():
    from diffusers import AutoencoderKL
    torch.manual_seed(5)
    config = {'latentChannels': 2, 'foldPx': 1, 'blockChannels': [4, 8], 'layersPerBlock': 1, 'normGroups': 2}
    model = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=2, block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2,
        down_block_types=('DownEncoderBlock2D',) * 2, up_block_types=('UpDecoderBlock2D',) * 2,
    )
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn_like(value))
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    posterior = model.encode(images).latent_dist
    noise = torch.randn_like(posterior.mean)
    decoded = model.decode(posterior.mean + posterior.std * noise).sample
    reconstruction = F.mse_loss(decoded, images)
    divergence = posterior.kl().sum() / posterior.mean.numel()
    (reconstruction + 0.01 * divergence).backward()
    golden = {
        'config': config,
        'parameters': {key: dump(value) for key, value in model.named_parameters()},
        'images': dump(images),
        'noise': dump(noise),
        'mean': dump(posterior.mean),
        'logVariance': dump(posterior.logvar),
        'decoded': dump(decoded),
        'losses': {'reconstruction': reconstruction.item(), 'divergence': divergence.item()},
        'gradients': {key: dump(value.grad) for key, value in model.named_parameters()},
    }
    with open(f'{out_dir}/autoencoder-kl.json', 'w') as file:
        json.dump(golden, file)


if __name__ == '__main__':
    out_dir = sys.argv[1]
    dual_head('pi0-cross-attention', 1, 'pi0', 'conv', 'shared', 'cross-attention')
    dual_head('pi05-pooled', 2, 'pi05', 'patch', 'block', 'pooled')
    dual_head('pi0-in-context', 3, 'pi0', 'patch', 'shared', 'in-context')
    dual_head('pi0-merge', 4, 'pi0', 'merge', 'shared', 'cross-attention', patch=2)
    dual_head('pi0-two-cameras', 8, 'pi0', 'merge', 'shared', 'cross-attention', patch=2, cameras=('front', 'side'))
    autoencoder()
