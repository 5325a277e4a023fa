#!/usr/bin/env python3
"""Times the main job beside Keras, in turn, in one run: start to first prediction, features of a folder of photos, the whole
transfer job; wall time and peak memory of whole processes, medians.

    bench/compare/transfer.py DATA WEIGHTS WEIGHTS_NO_TOP [--petal build/bin/petal] [--python python3] [--runs 3]

WEIGHTS are Keras's MobileNetV2 files (alpha 1, 224) with and without the head; `--python` is one that has Keras.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def run(command):
    """Wall seconds, peak megabytes (of the largest process) and standard output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{err}')
    return seconds, usage.ru_maxrss / 1024, out


def main():
    parser = argparse.ArgumentParser()
    for name in ('data', 'weights', 'weights_no_top'):
        parser.add_argument(name)
    parser.add_argument('--petal', default='build/bin/petal')
    parser.add_argument('--python', default='python3')
    parser.add_argument('--runs', type=int, default=3)
    a = parser.parse_args()
    photo = sorted(p for p in pathlib.Path(a.data).rglob('*.jpg'))[0]
    keras = [a.python, str(pathlib.Path(__file__).with_name('keras_transfer.py'))]
    out = pathlib.Path(tempfile.mkdtemp()) / 'run'
    petal_train = [a.petal, 'train', a.data, '--model', 'mobilenet_v2', '--weights', a.weights_no_top, '--out', str(out),
                   '--force', '--epochs', '30', '--no-exif', '--json', '--no-cache']
    rows = {}
    for _ in range(a.runs):
        for who, job, command in (
                ('petal', 'first prediction', [a.petal, 'predict', 'mobilenet_v2', '--weights', a.weights, str(photo)]),
                ('keras', 'first prediction', keras + ['predict', a.weights, str(photo)]),
                ('petal', 'whole job', petal_train),
                ('keras', 'whole job', keras + ['train', a.weights_no_top, a.data, '30'])):
            seconds, megabytes, text = run(command)
            rows.setdefault((job, 'seconds'), {}).setdefault(who, []).append(seconds)
            rows.setdefault((job, 'peak MB'), {}).setdefault(who, []).append(megabytes)
            if job == 'whole job':
                inside = json.loads(text.strip().splitlines()[-1] if who == 'keras' else text)['seconds']
                rows.setdefault(('features', 'seconds'), {}).setdefault(who, []).append(inside['features'])
    print(f'{"":28}{"petal":>10}{"keras":>10}{"ratio":>8}   (medians of {a.runs})')
    for (job, what), values in rows.items():
        petal, peer = statistics.median(values['petal']), statistics.median(values['keras'])
        print(f'{job + ", " + what:28}{petal:10.2f}{peer:10.2f}{peer / petal:8.1f}')


if __name__ == '__main__':
    main()
