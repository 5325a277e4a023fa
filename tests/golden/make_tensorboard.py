"""Writes tensorboard/: an event file by TensorFlow's own messages and record writer, for tests/io/tensorboard_test.cpp.

Needs tensorflow. Run: python tests/golden/make_tensorboard.py
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf  # noqa: E402

FIXTURE = pathlib.Path(__file__).parent / "tensorboard" / "two_steps.tfevents"
Event, Summary = tf.compat.v1.Event, tf.compat.v1.Summary


def scalars(**values: float) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


events = [
    Event(wall_time=1700000000.25, file_version="brain.Event:2"),
    Event(wall_time=1700000001.5, step=0, summary=scalars(epoch_loss=1.25, epoch_accuracy=0.0)),
    Event(wall_time=1700000002.75, step=300, summary=scalars(epoch_loss=0.1, epoch_accuracy=1.0)),
]
FIXTURE.parent.mkdir(exist_ok=True)
with tf.io.TFRecordWriter(str(FIXTURE)) as writer:
    for event in events:
        writer.write(event.SerializeToString())
