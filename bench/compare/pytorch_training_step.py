"""One model's training steps in PyTorch, as bench/training_step.cpp and `petal bench` time them; one JSON line.

    pytorch_training_step.py MODEL [compile] [--from-scratch] [--device cpu|cuda] [--precision f32|bf16|f16] [--tf32] [--seconds N]
        [--photos DATA]

MODEL is one of the tutorial's, or with --from-scratch torchvision's network of that name, all of whose weights are trained, with 10
classes at its own image size. Photos are random numbers: the input pipeline is the augmentation alone. With --photos the folder's
(a folder a class) are read, decoded and resized by DataLoader's workers, and "seconds_an_epoch" is the median of the epochs after the
first. On a GPU a batch comes as 8-bit pixels in pinned memory; halves are automatic mixed precision, float16 with a gradient scaler.
MobileNetV2 is torchvision's architecture where that is installed; without it the model is left out."""
import argparse
import json
import math
import os
import pathlib
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

BATCH, WARM_UP, STEPS, EPOCHS = 32, 5, 40, 4
TYPES = {"bf16": torch.bfloat16, "f16": torch.float16}
parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("compile", nargs="?", choices=["compile"])
parser.add_argument("--from-scratch", action="store_true")
parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
parser.add_argument("--precision", choices=["f32", *TYPES], default="f32")
parser.add_argument("--tf32", action="store_true")
parser.add_argument("--seconds", type=float, help="to take steps for, at least five of them [default: 40 steps]")
parser.add_argument("--photos", type=pathlib.Path)
a = parser.parse_args()
SIZE = 160 if not a.from_scratch else 299 if a.model == "inception_v3" else 224
CORES = len(os.sched_getaffinity(0))
torch.set_num_threads(CORES)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
torch.backends.cudnn.benchmark = True


class Front(nn.Module):
    """Rescaling, horizontal flip and rotation by up to 0.2 turns with bilinear reflection, one warp."""

    def forward(self, x):
        if a.model != "cnn_augmented" and a.model != "cnn":
            x = x / 127.5 - 1
        if a.model == "cnn":
            return x
        n = x.shape[0]
        angle = (torch.rand(n, device=x.device) * 2 - 1) * 0.2 * 2 * math.pi
        flip = torch.where(torch.rand(n, device=x.device) < 0.5, -1.0, 1.0)
        zero = torch.zeros(n, device=x.device)
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


def from_scratch():
    from peer_inference import pytorch_network
    return nn.Sequential(Front(), pytorch_network(a.model, classes=10).train())


class Files(torch.utils.data.Dataset):
    """The photos of a folder a class, as 8-bit pixels of SIZE by SIZE."""

    def __init__(self, folder):
        classes = sorted(path for path in folder.iterdir() if path.is_dir())
        self.photos = [(str(photo), label) for label, path in enumerate(classes) for photo in sorted(path.iterdir())]

    def __len__(self):
        return len(self.photos)

    def __getitem__(self, index):
        from torchvision.io import ImageReadMode, decode_image
        from torchvision.transforms.v2.functional import resize
        path, label = self.photos[index]
        return resize(decode_image(path, ImageReadMode.RGB), [SIZE, SIZE], antialias=False), label


def wait():
    if a.device == "cuda":
        torch.cuda.synchronize()


model = from_scratch() if a.from_scratch else Transfer() if a.model == "mobilenet_v2" else cnn()
model = model.to(a.device, memory_format=torch.channels_last)
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-3)
scaler = torch.amp.GradScaler(a.device, enabled=a.precision == "f16")
forward = torch.compile(model) if a.compile else model


def step(pixels, labels):
    """Starts one step on a batch of the host."""
    x = pixels.to(a.device, non_blocking=True, memory_format=torch.channels_last).float()
    y = labels.to(a.device, non_blocking=True)
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(a.device, TYPES.get(a.precision), enabled=a.precision in TYPES):
        scores = forward(x)
    scaler.scale(F.cross_entropy(scores.float(), y)).backward()
    scaler.step(optimizer)
    scaler.update()


def step_times():
    """Milliseconds of steps on random photos. On a GPU a step is started before the last one is done, as Petal does."""
    x = torch.randint(0, 256, (BATCH, 3, SIZE, SIZE), dtype=torch.uint8).to(memory_format=torch.channels_last)
    y = torch.arange(BATCH) % (10 if a.from_scratch else 2)
    x, y = (x.pin_memory(), y.pin_memory()) if a.device == "cuda" else (x.float(), y)
    times, done, begin = [], [], time.perf_counter()
    while len(times) < WARM_UP + (STEPS if a.seconds is None else 5) or time.perf_counter() - begin < (a.seconds or 0):
        if len(times) == WARM_UP:
            begin = time.perf_counter()
        start = time.perf_counter()
        step(x, y)
        if a.device == "cuda":
            done.append(torch.cuda.Event())
            done[-1].record()
            if len(done) > 1:
                done[-2].synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    wait()
    return times[WARM_UP:]


def epoch_times(photos):
    """Seconds of each epoch from files."""
    files = Files(photos)
    loader = torch.utils.data.DataLoader(files, BATCH, shuffle=True, drop_last=True, num_workers=CORES, persistent_workers=True,
                                         pin_memory=a.device == "cuda", prefetch_factor=4)
    times = []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        for pixels, labels in loader:
            step(pixels, labels)
        wait()
        times.append(time.perf_counter() - start)
    return times, len(files)


def pipeline_rate():
    """Photos a second that the augmentation alone would allow."""
    front, x = Front(), (torch.rand(BATCH, 3, SIZE, SIZE) * 255).to(a.device, memory_format=torch.channels_last)
    with torch.no_grad():
        front(x)
        wait()
        start = time.perf_counter()
        for _ in range(20):
            front(x)
        wait()
    return 20 * BATCH / (time.perf_counter() - start)


result = {"version": torch.__version__}
if a.photos:
    times, photos = epoch_times(a.photos)
    result |= {"seconds_an_epoch": statistics.median(times[1:]), "first_epoch": times[0], "photos": photos}
else:
    times = step_times()
    result |= {"ms_a_step": statistics.median(times), "fastest": min(times), "pipeline_photos_a_second": pipeline_rate()}
print(json.dumps(result | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
