#!/usr/bin/env python3
"""Times inference of three architectures beside the peers, in turn, in one run: medians over the runs of each peer's best
setting, float32.

    bench/compare/inference.py [--petal build/bin/petal] [--keras PYTHON] [--pytorch PYTHON ...] [--onnxruntime PYTHON]
        [--openvino PYTHON] [--models ...] [--batches 1 32] [--threads 2] [--runs 3] [--seconds 2]

Each PYTHON is one that has the peer; a peer without one is left out. All use the same number of threads.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent


def run(command):
    """What the command prints, parsed; nothing where it failed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        print("left out:", *command[:3], *done.stderr.strip().splitlines()[-1:])
        return None
    return json.loads(done.stdout[done.stdout.index("{"):])


def petal(a):
    document = run([a.petal, "bench", "--models", ",".join(a.models), "--batch", ",".join(map(str, a.batches)), "--threads",
                    a.threads, "--seconds", a.seconds, "--json"])
    if document is None:
        raise SystemExit(f"{a.petal} did not run; name it by --petal")
    times = {f"{r['model']} {r['batch']}": r["latency_ms"]["p50"] for r in document["results"]}
    shares = {f"{r['model']} {r['batch']}": r["share_of_limit"] for r in document["results"]}
    return times, shares, document["machine"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--petal", default="build/bin/petal")
    for peer in ("keras", "onnxruntime", "openvino"):
        parser.add_argument(f"--{peer}")
    parser.add_argument("--pytorch", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=["mobilenet_v2", "resnet50", "inception_v3"])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 32])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--leave-out", nargs="*", default=[], help="peers' settings, by a word of theirs")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for model in a.models:
            subprocess.run([a.petal, "export", model, "--to", "onnx", f"{folder}/{model}.onnx"], check=True, capture_output=True)
        peers = {name: [getattr(a, name), name] for name in ("keras", "onnxruntime", "openvino") if getattr(a, name)}
        peers.update({f"pytorch ({python})": [python, "pytorch"] for python in a.pytorch})
        options = ["--models", *a.models, "--batches", *map(str, a.batches), "--threads", a.threads, "--seconds", a.seconds,
                   "--onnx", folder, "--leave-out", *a.leave_out]
        own, others, shares = [], {name: [] for name in peers}, []
        for _ in range(a.runs):
            times, share, machine = petal(a)
            own.append(times)
            shares.append(share)
            for name, (python, peer) in peers.items():
                result = run([python, HERE / "peer_inference.py", peer, *options])
                if result:
                    others[name].append(result)
    limit = machine["limits"][0]
    print(f"{machine['name']}: {limit['operations_per_second'] / 1e9:.0f} GFLOP/s, {limit['bytes_per_second'] / 1e9:.1f} GB/s\n"
          f"medians of {a.runs} runs, milliseconds of a batch")
    for work in own[0]:
        mine = statistics.median(times[work] for times in own)
        batch = int(work.split()[1])
        print(f"\n{work}: petal {mine:.1f} ms, {batch / mine * 1e3:.1f} photos/s, "
              f"{100 * statistics.median(s[work] for s in shares):.0f} % of the limit")
        for name, results in others.items():
            if results:
                value = statistics.median(r[work] for r in results)
                print(f"  {name + ' ' + results[0]['version']:44} {value:8.1f} ms {value / mine:6.2f}x")


if __name__ == "__main__":
    main()
