"""A FaceNet with seeded random weights under Keras names, for tests of the converter at any output dimension.

The shapes stand here a second time, on purpose: the converter's own list of layers is what the tests check. Run as a program it
writes the .h5 that an independent implementation turns into the expected embeddings of golden_facenet_512.json.
"""
import io
import sys

import h5py
import numpy as np


def _layers(dimension):
    """(layer, kernel shape height x width x in x out, has batch normalisation)."""
    stem = [("1a_3x3", 3, 3, 32), ("2a_3x3", 3, 32, 32), ("2b_3x3", 3, 32, 64), ("3b_1x1", 1, 64, 80), ("4a_3x3", 3, 80, 192)]
    for name, size, before, after in [*stem, ("4b_3x3", 3, 192, 256)]:
        yield f"Conv2d_{name}", (size, size, before, after), True
    for number in range(1, 6):
        yield from _block(f"Block35_{number}", 256, [["1x1"], ["0a_1x1", "0b_3x3"], ["0a_1x1", "0b_3x3", "0c_3x3"]], 32)
    yield from _branch("Mixed_6a", 0, 256, [("1a_3x3", 384)])
    yield from _branch("Mixed_6a", 1, 256, [("0a_1x1", 192), ("0b_3x3", 192), ("1a_3x3", 256)])
    for number in range(1, 11):
        yield from _block(f"Block17_{number}", 896, [["1x1"], ["0a_1x1", "0b_1x7", "0c_7x1"]], 128)
    yield from _branch("Mixed_7a", 0, 896, [("0a_1x1", 256), ("1a_3x3", 384)])
    yield from _branch("Mixed_7a", 1, 896, [("0a_1x1", 256), ("1a_3x3", 256)])
    yield from _branch("Mixed_7a", 2, 896, [("0a_1x1", 256), ("0b_3x3", 256), ("1a_3x3", 256)])
    for number in range(1, 7):
        yield from _block(f"Block8_{number}", 1792, [["1x1"], ["0a_1x1", "0b_1x3", "0c_3x1"]], 192)
    yield "Bottleneck", (1792, dimension), True


def _branch(block, number, before, chain):
    for suffix, after in chain:
        height, width = (int(side) for side in suffix.split("_")[-1].split("x"))
        yield f"{block}_Branch_{number}_Conv2d_{suffix}", (height, width, before, after), True
        before = after


def _block(block, channels, branches, width):
    for number, chain in enumerate(branches):
        yield from _branch(block, number, channels, [(suffix, width) for suffix in chain])
    yield f"{block}_Conv2d_1x1", (1, 1, width * len(branches), channels), False


def seeded_weights(dimension, seed=0):
    """{(layer, weight): array}; scaled so that activations neither die nor grow."""
    random = np.random.Generator(np.random.PCG64(seed))
    weights = {}
    for layer, shape, normalised in _layers(dimension):
        after = shape[-1]
        spread = np.sqrt(2 / np.prod(shape[:-1]))
        weights[layer, "kernel"] = (random.random(shape, np.float32) - 0.5) * np.float32(spread * np.sqrt(12))
        if normalised:
            layer += "_BatchNorm"
            weights[layer, "beta"] = (random.random(after, np.float32) - 0.5) / 4
            weights[layer, "moving_mean"] = (random.random(after, np.float32) - 0.5) / 4
            weights[layer, "moving_variance"] = random.random(after, np.float32) + 0.5
        else:
            weights[layer, "bias"] = (random.random(after, np.float32) - 0.5) / 4
    return weights


def seeded_pictures(count, seed=1):
    """Standardised pictures, count x 3 x 160 x 160: coarse noise, so that they differ after the network's averaging."""
    random = np.random.Generator(np.random.PCG64(seed))
    coarse = random.random((count, 3, 10, 10), np.float32) * 2 - 1
    return coarse.repeat(16, axis=2).repeat(16, axis=3)


def write_h5(target, weights):
    with h5py.File(target, "w") as file:
        for (layer, name), values in weights.items():
            file[f"model_weights/{layer}/{layer}/{name}:0"] = values


def h5_bytes(weights):
    buffer = io.BytesIO()
    write_h5(buffer, weights)
    buffer.seek(0)
    return buffer


if __name__ == "__main__":
    write_h5(sys.argv[1], seeded_weights(int(sys.argv[2])))
