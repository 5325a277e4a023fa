"""One model's training steps in PyTorch, as bench/training_step.cpp times them: MODEL [compile]; one JSON line.

Photos are random numbers: PyTorch reads no folder here, so the input pipeline is the augmentation alone. MobileNetV2 is
torchvision's architecture where that is installed; without it the model is left out."""
import json
import math
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

SIZE, BATCH, STEPS = 160, 32, 40
model_name, compiled = sys.argv[1], "compile" in sys.argv
torch.set_num_threads(len(os.sched_getaffinity(0)))


class Front(nn.Module):
    """Rescaling, horizontal flip and rotation by up to 0.2 turns with bilinear reflection, one warp."""

    def forward(self, x):
        if model_name != "cnn_augmented" and model_name != "cnn":
            x = x / 127.5 - 1
        if model_name == "cnn":
            return x
        n = x.shape[0]
        angle = (torch.rand(n) * 2 - 1) * 0.2 * 2 * math.pi
        flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
        zero = torch.zeros(n)
        theta = torch.stack([torch.stack([flip * angle.cos(), -angle.sin(), zero], 1), torch.stack([flip * angle.sin(), angle.cos(), zero], 1)], 1)
        return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), padding_mode="reflection", align_corners=False)


def cnn():
    stack, channels = [Front()], 3
    for block, filters in enumerate((32, 32, 64, 64)):
        stack += [nn.Dropout(0.2)] if block == 3 else []
        stack += [nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*stack, nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 2))


class Transfer(nn.Module):
    def __init__(self):
        super().__init__()
        import torchvision
        self.front, self.base = Front(), torchvision.models.mobilenet_v2().features.eval()
        for parameter in self.base.parameters():
            parameter.requires_grad_(False)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 2))

    def forward(self, x):
        with torch.no_grad():
            features = self.base(self.front(x)).mean((2, 3))
        return self.head(features)


model = Transfer() if model_name == "mobilenet_v2" else cnn()
model = model.to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-3)
x = (torch.rand(BATCH, 3, SIZE, SIZE) * 255).to(memory_format=torch.channels_last)
y = torch.arange(BATCH) % 2
forward = torch.compile(model) if compiled else model
times = []
for step in range(STEPS + 5):
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(forward(x), y).backward()
    optimizer.step()
    times.append((time.perf_counter() - start) * 1e3)
front, start = Front(), time.perf_counter()
with torch.no_grad():
    for _ in range(20):
        front(x)
rate = 20 * BATCH / (time.perf_counter() - start)
print(json.dumps({"ms_a_step": statistics.median(times[5:]), "fastest": min(times[5:]), "pipeline_photos_a_second": rate,
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "version": torch.__version__}))
