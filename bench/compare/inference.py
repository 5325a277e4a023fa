#!/usr/bin/env python3
"""Times inference of three architectures beside the peers, in turn, in one run: medians over the runs of each peer's best
setting.

    bench/compare/inference.py [--petal build/bin/petal] [--keras PYTHON] [--pytorch PYTHON ...] [--onnxruntime PYTHON]
        [--openvino PYTHON] [--models ...] [--batches 1 32] [--threads 2] [--runs 3] [--seconds 2]
        [--device cpu|cuda] [--precision f32|bf16|f16] [--tf32]

Each PYTHON is one that has the peer; a peer without one is left out. All use the same number of threads. On a GPU, and in another
precision than float32, PyTorch is the only peer; there Petal times its libraries' suggestions first (--autotune), as PyTorch does.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
MODELS = ["mobilenet_v2", "resnet50", "inception_v3"]


def output_of(command):
    """What the command prints; nothing, and its last complaint, where it failed or is not there."""
    command = [str(part) for part in command if part is not None]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        print("left out:", error, file=sys.stderr)
        return None
    if done.returncode == 0:
        return done.stdout
    print("left out:", *command[:3], *done.stderr.strip().splitlines()[-1:], file=sys.stderr)
    return None


def run(command):
    """The command's JSON, parsed: from the first brace on; nothing where it failed."""
    output = output_of(command)
    return None if output is None else json.loads(output[output.index("{"):])


def add_device_options(parser):
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["f32", "bf16", "f16"], default="f32")
    parser.add_argument("--tf32", action="store_true", help="round float32 products to TensorFloat-32, on both sides")


def device_options(a):
    """For the peers' scripts."""
    return ["--device", a.device, "--precision", a.precision] + (["--tf32"] if a.tf32 else [])


def petal_options(a):
    """For Petal's programs."""
    return device_options(a) + (["--autotune"] if a.device == "cuda" else [])


def petal_bench(a, mode, batches):
    """`petal bench` of a.models: its document. Ends the program where Petal does not run."""
    document = run([a.petal, "bench", "--models", ",".join(a.models), "--mode", mode, "--batch", ",".join(map(str, batches)),
                    "--threads", a.threads, "--seconds", a.seconds, *petal_options(a), "--json"])
    if document is None:
        raise SystemExit(f"{a.petal} did not run; name it by --petal")
    return document


def medians(documents):
    """Of dictionaries of numbers, by the keys that all have."""
    keys = [key for key in documents[0] if all(key in document for document in documents)]
    return {key: statistics.median(document[key] for document in documents) for key in keys}


def compare(a):
    """Petal and the peers by turns: (machine, {"MODEL BATCH": Petal's milliseconds}, {the same: share of the limit}, {peer with its
    version: {the same: {setting: milliseconds}}})."""
    with tempfile.TemporaryDirectory() as folder:
        peers = {f"pytorch ({python})": [python, "pytorch"] for python in a.pytorch}
        if (a.device, a.precision) == ("cpu", "f32"):
            peers = {name: [getattr(a, name), name] for name in ("keras", "onnxruntime", "openvino") if getattr(a, name)} | peers
        if any(peer in ("onnxruntime", "openvino") for _, peer in peers.values()):
            for model in a.models:
                subprocess.run([a.petal, "export", model, "--to", "onnx", f"{folder}/{model}.onnx"], check=True, capture_output=True)
        options = ["--models", *a.models, "--batches", *map(str, a.batches), "--threads", a.threads, "--seconds", a.seconds,
                   "--onnx", folder, *device_options(a), "--leave-out", *a.leave_out]
        own, shares, others = [], [], {}
        for _ in range(a.runs):
            document = petal_bench(a, "inference", a.batches)
            work = {f"{r['model']} {r['batch']}": r for r in document["results"]}
            own.append({name: r["latency_ms"]["p50"] for name, r in work.items()})
            shares.append({name: r["share_of_limit"] for name, r in work.items()})
            for name, (python, peer) in peers.items():
                result = run([python, HERE / "peer_inference.py", peer, *options])
                if result:
                    others.setdefault(f"{name} {result['version']}", []).append(result["settings"])
    settings = {name: {work: medians([r[work] for r in results]) for work in results[0]} for name, results in others.items()}
    return document["machine"], medians(own), medians(shares), settings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--petal", default="build/bin/petal")
    for peer in ("keras", "onnxruntime", "openvino"):
        parser.add_argument(f"--{peer}")
    parser.add_argument("--pytorch", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 32])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--leave-out", nargs="*", default=[], help="peers' settings, by a word of theirs")
    add_device_options(parser)
    a = parser.parse_args()
    machine, own, shares, others = compare(a)
    limit = machine["limits"][0]
    print(f"{machine['name']}: {limit['operations_per_second'] / 1e9:.0f} GFLOP/s, {limit['bytes_per_second'] / 1e9:.1f} GB/s\n"
          f"medians of {a.runs} runs, milliseconds of a batch, {a.precision}")
    for work, mine in own.items():
        batch = int(work.split()[1])
        print(f"\n{work}: petal {mine:.1f} ms, {batch / mine * 1e3:.1f} photos/s, {100 * shares[work]:.0f} % of the limit")
        for name, settings in others.items():
            value = min(settings[work].values())
            print(f"  {name:44} {value:8.1f} ms {value / mine:6.2f}x")


if __name__ == "__main__":
    main()
