"""Reads a PyTorch state dictionary in the older, unzipped format, without torch and without running what it holds.

The file is five pickles and then raw data: a magic number, the protocol version, the writer's type sizes, the dictionary (whose
tensors refer to storages by key) and the list of storage keys; then for each key an 8-byte element count and the elements.
"""
import pickle
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from .errors import ModelError

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


@dataclass(frozen=True)
class _Storage:
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple
    stride: tuple


class _FloatStorage:
    """Stands for torch.FloatStorage, which only ever names the element type here."""

    NUMBERS = "<f4"


class _LongStorage:
    """Stands for torch.LongStorage: counters that some layers keep beside their weights."""

    NUMBERS = "<i8"


def _rebuild_tensor(storage, offset, shape, stride, requires_grad=False, backward_hooks=None):
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


class TensorUnpickler(pickle.Unpickler):
    """Admits ordered dictionaries and tensors of floats and of whole numbers; anything else is refused before it is looked up."""

    ADMITTED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): _FloatStorage,
        ("torch", "LongStorage"): _LongStorage,
    }

    def __init__(self, data):
        super().__init__(data)
        self.numbers = {}  # storage key: its elements' type

    def find_class(self, module, name):
        if (module, name) not in self.ADMITTED:
            raise ModelError(f"the weights file asks for {module}.{name}, which no weights need: refused")
        return self.ADMITTED[module, name]

    def persistent_load(self, reference):
        match reference:
            case ("storage", kind, str(key), str(), int(count), None) if kind in (_FloatStorage, _LongStorage):
                self.numbers[key] = kind.NUMBERS
                return _Storage(key, count)
        raise ModelError(f"the weights file refers to {str(reference)[:80]}, which is no tensor storage: refused")


def read_state_dictionary(data, path):
    """Returns {name: array}, of float32 but for counters. `data`: the open file; `path`: its name for messages."""
    try:
        if TensorUnpickler(data).load() != MAGIC or TensorUnpickler(data).load() != PROTOCOL:
            raise ModelError(f"{path} is not a PyTorch file in the unzipped format")
        if not TensorUnpickler(data).load()["little_endian"]:
            raise ModelError(f"{path} was written on a big-endian machine")
        dictionary = TensorUnpickler(data)
        tensors = dictionary.load()
        keys = TensorUnpickler(data).load()
        storages = {key: _read_storage(data, np.dtype(dictionary.numbers[key])) for key in keys}
        return {name: _read_tensor(tensor, storages) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelError(f"{path} cannot be read as PyTorch weights: {error}") from error


def _read_storage(data, numbers):
    count = int.from_bytes(data.read(8), "little", signed=True)
    values = np.frombuffer(data.read(numbers.itemsize * count), dtype=numbers)
    if len(values) != count:
        raise ValueError(f"cut short: {len(values)} of {count} numbers")
    return values


def _read_tensor(tensor, storages):
    values = storages[tensor.storage.key]
    if len(tensor.shape) != len(tensor.stride) or min((*tensor.shape, *tensor.stride, tensor.offset), default=0) < 0:
        raise ValueError(f"a tensor of shape {tensor.shape}, stride {tensor.stride}, offset {tensor.offset}")
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride))
    if last >= len(values) or 0 in tensor.shape:
        raise ValueError(f"a tensor of shape {tensor.shape} does not lie within its {len(values)} numbers")
    steps = tuple(step * values.itemsize for step in tensor.stride)
    return np.array(np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, steps))
