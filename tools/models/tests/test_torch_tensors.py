"""Reading weights must never run what a file asks for."""
import io
import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest

from vigil_models import torch_tensors
from vigil_models.errors import ModelError


class _Storage:
    def __init__(self, key, count, kind="FloatStorage"):
        self.key, self.count, self.kind = key, count, kind


class _Global:
    """Pickles as a reference to a name that need not exist here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class _Writer(pickle._Pickler):
    """Writes what PyTorch writes, without PyTorch."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_global_name(self, item):
        self.write(f"c{item.module}\n{item.name}\n".encode())

    dispatch[_Global] = save_global_name

    def persistent_id(self, item):
        if isinstance(item, _Storage):
            return ("storage", _Global("torch", item.kind), item.key, "cpu", item.count, None)
        return None


class _Tensor:
    def __init__(self, storage, offset, shape, stride):
        self.state = (storage, offset, shape, stride, False, OrderedDict())


def _save_tensor(writer, tensor):
    writer.save_global_name(_Global("torch._utils", "_rebuild_tensor_v2"))
    writer.save(tensor.state)
    writer.write(pickle.REDUCE)


_Writer.dispatch[_Tensor] = _save_tensor


def weights_file(dictionary, storages):
    file = io.BytesIO()
    parts = (torch_tensors.MAGIC, torch_tensors.PROTOCOL, {"little_endian": True}, dictionary, list(storages))
    for part in parts:
        _Writer(file, 2).dump(part)
    for values in storages.values():
        file.write(struct.pack("<q", len(values)) + np.asarray(values, getattr(values, "dtype", "<f4")).tobytes())
    file.seek(0)
    return file


def test_tensors_come_back_with_their_strides():
    storage = _Storage("7", 6)
    dictionary = OrderedDict(rows=_Tensor(storage, 0, (2, 3), (3, 1)), columns=_Tensor(storage, 0, (3, 2), (1, 3)))
    tensors = torch_tensors.read_state_dictionary(weights_file(dictionary, {"7": [1, 2, 3, 4, 5, 6]}), "a.pt")
    assert tensors["rows"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert tensors["columns"].tolist() == [[1, 4], [2, 5], [3, 6]]


def test_counters_beside_the_weights_are_whole_numbers():
    dictionary = OrderedDict(
        seen=_Tensor(_Storage("3", 1, "LongStorage"), 0, (), ()), weight=_Tensor(_Storage("7", 2), 0, (2,), (1,))
    )
    storages = {"3": np.array([5_000_000_000], "<i8"), "7": [1, 2]}
    tensors = torch_tensors.read_state_dictionary(weights_file(dictionary, storages), "a.pt")
    assert tensors["seen"].item() == 5_000_000_000
    assert tensors["weight"].tolist() == [1, 2]


def test_a_tensor_that_reaches_beyond_its_storage_is_refused():
    dictionary = OrderedDict(weight=_Tensor(_Storage("7", 6), 1, (2, 3), (3, 1)))
    with pytest.raises(ModelError, match="does not lie within its 6 numbers"):
        torch_tensors.read_state_dictionary(weights_file(dictionary, {"7": [1, 2, 3, 4, 5, 6]}), "a.pt")


def test_a_tensor_with_a_negative_stride_is_refused():
    dictionary = OrderedDict(weight=_Tensor(_Storage("7", 6), 0, (2, 3), (-3, 1)))
    with pytest.raises(ModelError, match="stride"):
        torch_tensors.read_state_dictionary(weights_file(dictionary, {"7": [1, 2, 3, 4, 5, 6]}), "a.pt")


def test_a_cut_file_is_refused():
    dictionary = OrderedDict(weight=_Tensor(_Storage("7", 6), 0, (2, 3), (3, 1)))
    whole = weights_file(dictionary, {"7": [1, 2, 3, 4, 5, 6]}).getvalue()
    for length in (0, 5, len(whole) // 2, len(whole) - 4):
        with pytest.raises(ModelError, match="a.pt cannot be read"):
            torch_tensors.read_state_dictionary(io.BytesIO(whole[:length]), "a.pt")


class _Malicious:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def test_a_pickle_that_runs_a_command_is_refused_and_runs_nothing(tmp_path):
    mark = tmp_path / "ran"
    with pytest.raises(ModelError, match="posix.system"):
        torch_tensors.read_state_dictionary(io.BytesIO(pickle.dumps(_Malicious(mark))), "a.pt")
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Malicious(mark)))
    assert mark.exists(), "the file would have run its command in an open unpickler"


@pytest.mark.parametrize("name", ["builtins eval", "torch load", "collections deque", "torch._utils _rebuild_parameter"])
def test_names_beside_the_admitted_ones_are_refused(name):
    module, attribute = name.split()
    with pytest.raises(ModelError, match="refused"):
        torch_tensors.TensorUnpickler(io.BytesIO(f"c{module}\n{attribute}\n.".encode())).load()
