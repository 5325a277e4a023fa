"""Writes training.json: what Keras's optimisers, gradient clipping, regularisers, schedules
and small classifiers compute.

Run with Python, Keras 3 on TensorFlow's CPU and numpy: python tests/golden/make_training.py
Everything runs in float32, as training does. Weights and gradients are multiples of 1/64.
"""

import json
import pathlib

import keras
import numpy as np
import tensorflow as tf

random = np.random.RandomState(11)


def draw(shape, magnitude=1.0):
    """Multiples of 1/64 in [-magnitude, magnitude]."""
    return random.randint(round(-magnitude * 64), round(magnitude * 64) + 1, size=shape) / 64


def numbers(array):
    return [float(f"{value:.9g}") for value in np.asarray(array).ravel()]


def optimizer_case(text, make, learning_rate, **options):
    """`text` is how Petal's command line states the optimiser."""
    weights = draw((6,))
    gradients = [draw((6,)) for _ in range(5)]
    variable = keras.Variable(weights, dtype="float32")
    optimizer = make(learning_rate=learning_rate, **options)
    optimizer.build([variable])
    after = []
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, "float32")], [variable])
        after.append(numbers(variable.numpy()))
    return {"text": text, "learning_rate": learning_rate, "weights": numbers(weights),
            "gradients": [numbers(g) for g in gradients], "after": after}


def optimizers():
    sgd, rmsprop, adagrad = keras.optimizers.SGD, keras.optimizers.RMSprop, keras.optimizers.Adagrad
    adam, adamw = keras.optimizers.Adam, keras.optimizers.AdamW
    yield optimizer_case("sgd", sgd, 0.1)
    yield optimizer_case("sgd,momentum=0.9", sgd, 0.1, momentum=0.9)
    yield optimizer_case("sgd,momentum=0.9,nesterov", sgd, 0.1, momentum=0.9, nesterov=True)
    yield optimizer_case("rmsprop", rmsprop, 0.01)
    yield optimizer_case("rmsprop,momentum=0.75", rmsprop, 0.01, momentum=0.75)
    yield optimizer_case("rmsprop,centered", rmsprop, 0.01, centered=True)
    yield optimizer_case("rmsprop,rho=0.5,momentum=0.9,epsilon=0.01,centered", rmsprop, 0.01,
                         rho=0.5, momentum=0.9, epsilon=0.01, centered=True)
    yield optimizer_case("adagrad", adagrad, 0.1)
    yield optimizer_case("adagrad,initial_accumulator_value=0.5,epsilon=0.25", adagrad, 0.1,
                         initial_accumulator_value=0.5, epsilon=0.25)
    yield optimizer_case("adam", adam, 0.01)
    yield optimizer_case("adam,beta_1=0.5,beta_2=0.75,epsilon=0.01", adam, 0.01, beta_1=0.5, beta_2=0.75, epsilon=0.01)
    yield optimizer_case("adam,beta_2=0.5,amsgrad", adam, 0.01, beta_2=0.5, amsgrad=True)
    yield optimizer_case("adamw", adamw, 0.01)
    yield optimizer_case("adamw,weight_decay=0.5,beta_2=0.5,amsgrad", adamw, 0.01,
                         weight_decay=0.5, beta_2=0.5, amsgrad=True)


def clipping_case(name, magnitude, **clipping):
    """One step of SGD at rate 1 on weights that are zero: they become minus the clipped gradients."""
    gradients = [draw((5,), magnitude), np.zeros(3), draw((2, 2), 4 * magnitude)]
    variables = [keras.Variable(np.zeros(g.shape), dtype="float32") for g in gradients]
    optimizer = keras.optimizers.SGD(learning_rate=1.0, **clipping)
    optimizer.build(variables)
    optimizer.apply([tf.constant(g, "float32") for g in gradients], variables)
    return {"name": name, "clipping": clipping, "gradients": [numbers(g) for g in gradients],
            "clipped": [numbers(-v.numpy()) for v in variables]}


def clippings():
    yield clipping_case("none", 1)
    yield clipping_case("by value", 1, clipvalue=0.5)
    yield clipping_case("by norm, one of two over the limit", 0.25, clipnorm=0.75)
    yield clipping_case("by global norm, over the limit", 1, global_clipnorm=0.5)
    yield clipping_case("by global norm, under the limit", 1, global_clipnorm=100.0)


def regularizer_case(l1, l2):
    weights = draw((7,))
    weights[3] = 0
    make = keras.regularizers
    regularizer = make.L2(l2) if l1 == 0 else make.L1(l1) if l2 == 0 else make.L1L2(l1, l2)
    variable = tf.Variable(weights, dtype="float32")
    with tf.GradientTape() as tape:
        penalty = regularizer(variable)
    return {"l1": l1, "l2": l2, "weights": numbers(weights), "penalty": float(penalty),
            "gradient": numbers(tape.gradient(penalty, variable))}


def schedule_case(text, make, warmup=0, learning_rate=0.02, training_steps=60):
    """`make(initial, steps)` is Keras's schedule over what `warmup` steps, a line from 0, leave."""
    schedule = make(learning_rate, training_steps - warmup)
    steps = [*range(12), 19, 20, 21, 30, 31, 40, 41, 59, 60, 61, 100, 1000]
    rates = [schedule(step - warmup) if step >= warmup else learning_rate * step / warmup for step in steps]
    return {"text": text, "learning_rate": learning_rate, "training_steps": training_steps, "steps": steps,
            "rates": numbers(rates)}


def schedules():
    s = keras.optimizers.schedules
    exponential, polynomial, cosine = s.ExponentialDecay, s.PolynomialDecay, s.CosineDecay
    yield schedule_case("exponential,decay_rate=0.1", lambda r, n: exponential(r, n, 0.1))
    yield schedule_case("exponential,decay_rate=0.9,decay_steps=10", lambda r, n: exponential(r, 10, 0.9))
    yield schedule_case("exponential,decay_rate=0.9,decay_steps=10,staircase",
                        lambda r, n: exponential(r, 10, 0.9, staircase=True))
    yield schedule_case("exponential,decay_rate=0.5,warmup=20", lambda r, n: exponential(r, n, 0.5), warmup=20)
    yield schedule_case("polynomial", lambda r, n: polynomial(r, n))
    yield schedule_case("polynomial,end_learning_rate=0.001,power=2,decay_steps=20",
                        lambda r, n: polynomial(r, 20, end_learning_rate=0.001, power=2.0))
    yield schedule_case("polynomial,decay_steps=20,power=0.5,cycle",
                        lambda r, n: polynomial(r, 20, power=0.5, cycle=True))
    yield schedule_case("polynomial,warmup=10", lambda r, n: polynomial(r, n), warmup=10)
    yield schedule_case("cosine", lambda r, n: cosine(r, n))
    yield schedule_case("cosine,alpha=0.1,decay_steps=40", lambda r, n: cosine(r, 40, alpha=0.1))
    yield schedule_case("cosine,warmup=20", lambda r, n: cosine(0.0, n - 20, warmup_target=r, warmup_steps=20))
    yield schedule_case("cosine,warmup_target=0.5,warmup_steps=10,decay_steps=30,alpha=0.01",
                        lambda r, n: cosine(r, 30, alpha=0.01, warmup_target=0.5, warmup_steps=10))


def head_case(name, units, activation, loss, targets, sharpness=1, regularizer=None):
    """Three steps on one batch through a hidden layer and a head, compiled as model.fit compiles them."""
    layers = keras.layers
    inputs = keras.Input((3,))
    x = layers.Dense(4, activation="relu", kernel_regularizer=regularizer, bias_regularizer=regularizer)(inputs)
    model = keras.Model(inputs, layers.Dense(units, activation=activation, kernel_regularizer=regularizer)(x))
    start = [draw(w.shape, 2) for w in model.get_weights()]
    start[2] *= sharpness
    model.set_weights(start)
    model.compile(keras.optimizers.SGD(0.25), loss)
    src, sample_weights = draw((6, 3), 2), [1.0, 2.0, 0.5, 1.0, 0.0, 3.0]
    steps = []
    for _ in range(3):
        model.reset_metrics()
        predictions = model.predict_on_batch(src)
        value = model.train_on_batch(src, np.array(targets), sample_weight=np.array(sample_weights))
        steps.append({"loss": float(value), "predictions": numbers(predictions),
                      "weights": [numbers(w) for w in model.get_weights()]})
    return {"name": name, "units": units, "activation": activation or "linear",
            "l1": float(regularizer.l1) if regularizer else 0, "l2": float(regularizer.l2) if regularizer else 0,
            "loss": loss.name, "from_logits": loss.get_config()["from_logits"],
            "label_smoothing": loss.get_config().get("label_smoothing", 0), "src": numbers(src),
            "targets": numbers(targets), "sample_weights": sample_weights,
            "start": [numbers(w) for w in start], "steps": steps}


def heads():
    l = keras.losses
    labels = np.array([0, 1, 1, 0, 1, 0])
    column = labels.reshape(6, 1).astype("float32")
    sparse, binary = l.SparseCategoricalCrossentropy, l.BinaryCrossentropy
    yield head_case("softmax of two", 2, "softmax", sparse(), labels)
    yield head_case("one logit", 1, None, binary(from_logits=True), column)
    yield head_case("one sigmoid", 1, "sigmoid", binary(), column)
    for sharpness in (16, 40):
        yield head_case(f"softmax of two, sharp {sharpness}", 2, "softmax", sparse(), labels, sharpness=sharpness)
        yield head_case(f"one logit, sharp {sharpness}", 1, None, binary(from_logits=True), column, sharpness=sharpness)
        yield head_case(f"one sigmoid, sharp {sharpness}", 1, "sigmoid", binary(), column, sharpness=sharpness)
    yield head_case("one sigmoid, smoothed", 1, "sigmoid", binary(label_smoothing=0.125), column)
    yield head_case("regularised softmax of three, smoothed", 3, "softmax",
                    l.CategoricalCrossentropy(label_smoothing=0.25), np.eye(3)[[0, 1, 2, 2, 1, 0]],
                    regularizer=keras.regularizers.L1L2(0.02, 0.03))


def main():
    document = {
        "made_with": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "optimizers": list(optimizers()),
        "clippings": list(clippings()),
        "regularizers": [regularizer_case(0.01, 0), regularizer_case(0, 0.02), regularizer_case(0.03, 0.25)],
        "schedules": list(schedules()),
        "heads": list(heads()),
    }
    path = pathlib.Path(__file__).with_name("training.json")
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size, "bytes;", {k: len(v) for k, v in document.items()})


if __name__ == "__main__":
    main()
