"""Multiplications and additions of a training step's products, counted by PyTorch's own counter, forward and backward.

for p in pico nano tiny; do npx kinora train --preset $p --print-config | python tests/golden/model/count_flops.py; done > tests/golden/model/flops.ndjson

Needs torch and diffusers (made with torch 2.15). The model is that of make_golden.py; latents are given, as in training.
"""
import json
import sys

import torch
from torch.utils.flop_counter import FlopCounterMode

from make_golden import Parameters, losses

config = json.load(sys.stdin)
batch, size = config['batchSize'], config['data']['imageSizePx']
times, chunk = config['action']['flowTimesPerPrefix'], config['action']['chunk']
state, dimension = 8, 7
vae = config['vae']
side = size // (vae['foldPx'] * 2 ** (len(vae['blockChannels']) - 1))
latent = (batch, vae['latentChannels'] * len(config['motion']['cameras']), side, side)
inputs = {
    'images': torch.zeros(batch * len(config['data']['cameras']), 3, size, size),
    'text-ids': torch.zeros(batch, config['backbone']['maxTextTokens'], dtype=torch.long),
    'text-mask': torch.ones(batch, config['backbone']['maxTextTokens']),
    'state': torch.zeros(batch, state),
    'actions': torch.zeros(batch, chunk, dimension),
    'action-mask': torch.ones(batch, chunk),
    'action-noise': torch.zeros(batch, times, chunk, dimension),
    'action-time': torch.full((batch, times), 0.5),
    'motion-latent': torch.zeros(latent),
    'motion-noise': torch.zeros(latent),
    'motion-time': torch.full((batch,), 0.5),
    'motion-weight': torch.ones(batch),
}
with FlopCounterMode(display=False) as counter:
    _, action, motion = losses(Parameters(0, 0.02), config, inputs)
    (action + config['motion']['lambda'] * motion).backward()
print(json.dumps({'preset': config['preset'], 'batchSize': batch, 'flops': counter.get_total_flops()}))
