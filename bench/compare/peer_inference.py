#!/usr/bin/env python3
"""Times inference in one peer: prints one JSON line, {"version": ..., "MODEL BATCH": milliseconds of a batch, the best
setting's median, "settings": {"MODEL BATCH": {setting: median}}}.

    peer_inference.py keras|pytorch|onnxruntime|openvino [--models ...] [--batches 1 32] [--threads 2] [--seconds 2] [--onnx FOLDER]
        [--device cpu|cuda] [--precision f32|bf16|f16] [--tf32] [--leave-out WORD ...]

Networks are Keras's: PyTorch's ResNet50 gets its strides where Keras has them. ONNX Runtime and OpenVINO take FOLDER/MODEL.onnx, as
`petal export` writes them, preprocessing included. Photos are float32 in memory.

--device and --precision are PyTorch's. On a GPU a batch comes from the host as 8-bit pixels, in pinned memory, and its scores go back
there, within the time that is taken; weights and images are of the precision, and float32 products are exact but with --tf32.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import time

SIZES = {"mobilenet_v2": 224, "resnet50": 224, "inception_v3": 299}
TORCH_TYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


def median_ms(run, seconds):
    warm_up = time.perf_counter()
    while time.perf_counter() - warm_up < seconds / 4:
        run()
    times, start = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def settings_ms(settings, seconds):
    """`settings` by name, each a function that gives what to run; those that fail are said and left out."""
    times = {}
    for name, prepare in settings.items():
        try:
            times[name] = median_ms(prepare(), seconds)
        except Exception as error:  # a setting that this machine lacks
            print(f"left out: {name}: {error}"[:200], file=sys.stderr)
    winner = min(times, key=times.get)
    print(f"  {winner}: {times[winner]:.1f} ms of {times}", file=sys.stderr)
    return times


def photos(batch, size):
    import numpy
    return numpy.random.default_rng(1).integers(0, 256, (batch, size, size, 3)).astype("float32")


def keras_settings(model, batch, a):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(a.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    builder = {"mobilenet_v2": keras.applications.MobileNetV2, "resnet50": keras.applications.ResNet50,
               "inception_v3": keras.applications.InceptionV3}[model]
    network = builder(weights=None)
    pixels = tf.constant(photos(batch, SIZES[model]))

    def graph(jit):
        function = tf.function(lambda x: network(x, training=False), jit_compile=jit)
        return lambda: function(pixels).numpy()

    return keras.__version__, {"graph": lambda: graph(False), "xla": lambda: graph(True)}


def pytorch_network(model, classes=1000):
    import torchvision

    options = {"init_weights": True, "aux_logits": False} if model == "inception_v3" else {}
    network = getattr(torchvision.models, model)(weights=None, num_classes=classes, **options)
    if model == "resnet50":  # Keras's strides stand in a block's first convolution
        for layer in (network.layer2, network.layer3, network.layer4):
            layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    return network.eval()


def pytorch_settings(model, batch, a):
    import torch

    if a.device == "cuda":
        return torch.__version__, pytorch_cuda_settings(model, batch, a)
    torch.set_num_threads(a.threads)
    network = pytorch_network(model).to(getattr(torch, TORCH_TYPES[a.precision]))
    pixels = torch.from_numpy(photos(batch, SIZES[model])).permute(0, 3, 1, 2)  # channels last in memory
    pixels = pixels.to(getattr(torch, TORCH_TYPES[a.precision]))

    def run(network, pixels):
        def once():
            with torch.inference_mode():
                network(pixels)
        return once

    def frozen(layout):
        given = pixels.contiguous(memory_format=layout)
        traced = torch.jit.trace(network.to(memory_format=layout), given, check_trace=False)
        return run(torch.jit.optimize_for_inference(torch.jit.freeze(traced)), given)

    settings = {"frozen, channels last": lambda: frozen(torch.channels_last),
                "frozen": lambda: frozen(torch.contiguous_format),
                "eager, channels last": lambda: run(network.to(memory_format=torch.channels_last), pixels)}
    if hasattr(torch, "compile"):
        settings["compiled, channels last"] = lambda: run(
            torch.compile(network.to(memory_format=torch.channels_last), options={"freezing": True}), pixels)
    return torch.__version__, settings


def pytorch_cuda_settings(model, batch, a):
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.tf32
    torch.backends.cudnn.benchmark = True
    kind = getattr(torch, TORCH_TYPES[a.precision])
    network = pytorch_network(model).to("cuda", kind, memory_format=torch.channels_last)
    pixels = torch.from_numpy(photos(batch, SIZES[model]).astype("uint8")).permute(0, 3, 1, 2).pin_memory()

    under_way = 2 if batch > 1 else 1  # batches: the next one is begun before the last one is waited for, as Petal does

    def run(network):
        begun = []

        def once():
            with torch.inference_mode():
                scores = network(pixels.to("cuda", non_blocking=True).to(kind)).float().to("cpu", non_blocking=True)
            done = torch.cuda.Event()
            done.record()
            begun.append((done, scores))
            if len(begun) == under_way:
                begun.pop(0)[0].synchronize()
        return once

    return {"eager": lambda: run(network), "compiled": lambda: run(torch.compile(network)),
            "compiled, CUDA graphs": lambda: run(torch.compile(network, mode="reduce-overhead"))}


def onnxruntime_settings(model, batch, a):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    session = onnxruntime.InferenceSession(str(a.onnx / f"{model}.onnx"), options, providers=["CPUExecutionProvider"])
    name, pixels = session.get_inputs()[0].name, photos(batch, SIZES[model])
    return onnxruntime.__version__, {"whole batch": lambda: lambda: session.run(None, {name: pixels})}


def openvino_settings(model, batch, a):
    import openvino

    core, pixels = openvino.Core(), photos(batch, SIZES[model])

    def compiled(photos_at_once, hint, streams=None):
        network = core.read_model(a.onnx / f"{model}.onnx")
        network.reshape([photos_at_once, SIZES[model], SIZES[model], 3])
        config = {"PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": a.threads, "INFERENCE_PRECISION_HINT": "f32"}
        if streams:
            config["NUM_STREAMS"] = streams
        return core.compile_model(network, "CPU", config)

    def whole():
        request = compiled(batch, "LATENCY").create_infer_request()
        return lambda: request.infer({0: pixels})

    def streams(photos_at_once):
        queue = openvino.AsyncInferQueue(compiled(photos_at_once, "THROUGHPUT", a.threads), a.threads)

        def once():
            for first in range(0, batch, photos_at_once):
                queue.start_async({0: pixels[first:first + photos_at_once]})
            queue.wait_all()
        return once

    settings = {"whole batch": whole}
    if batch > 1:
        settings.update({f"{a.threads} streams of {n}": lambda n=n: streams(n) for n in (1, 4, 8)})
    return openvino.__version__.split("-")[0], settings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=["keras", "pytorch", "onnxruntime", "openvino"])
    parser.add_argument("--models", nargs="*", default=list(SIZES))
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 32])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--onnx", type=pathlib.Path)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=list(TORCH_TYPES), default="f32")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--leave-out", nargs="*", default=[], help="settings, by a word of theirs, that take too long to prepare")
    a = parser.parse_args()
    if (a.device, a.precision) != ("cpu", "f32") and a.peer != "pytorch":
        parser.error("--device and --precision are PyTorch's")
    os.environ["OMP_NUM_THREADS"] = str(a.threads)
    result = {"settings": {}}
    for model in a.models:
        for batch in a.batches:
            version, settings = globals()[f"{a.peer}_settings"](model, batch, a)
            print(f"{a.peer} {model} {batch}", file=sys.stderr)
            settings = {name: prepare for name, prepare in settings.items() if not any(word in name for word in a.leave_out)}
            result["version"] = version
            times = settings_ms(settings, a.seconds)
            result["settings"][f"{model} {batch}"] = times
            result[f"{model} {batch}"] = min(times.values())
    print(json.dumps(result))


if __name__ == "__main__":
    main()
