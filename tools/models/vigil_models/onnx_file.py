"""Reads the weights and layers of an ONNX file: the few fields of its protocol buffers that a finished network needs.

Files are read only after their hash was checked; what does not parse is refused all the same.
"""
import struct
from dataclasses import dataclass

import numpy as np

from .errors import ModelError

NUMBER_TYPES = {1: np.float32, 3: np.int8, 7: np.int64}


@dataclass(frozen=True)
class Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed; `weights` by name, whether or not they are listed as inputs too."""

    nodes: tuple[Node, ...]
    weights: dict


def read_graph(data, path):
    try:
        model = _fields(data)
        graph = _fields(_only(model, 7))
        weights = dict(_tensor(tensor) for tensor in graph.get(5, []))
        return Graph(tuple(_node(node) for node in graph.get(1, [])), weights)
    except (IndexError, KeyError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read as an ONNX network: {error}") from error


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def _fields(data):
    """{field number: [values]}; a value is an integer, 4 or 8 raw bytes, or the bytes of a text or message."""
    fields, at, view = {}, 0, memoryview(data)
    while at < len(view):
        key, at = _varint(view, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(view, at)
        else:
            if kind == 2:
                size, at = _varint(view, at)
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
            else:
                raise ValueError(f"a field of the unknown kind {kind}")
            if at + size > len(view):
                raise ValueError("it ends early")
            value, at = view[at : at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _only(fields, number):
    (value,) = fields[number]
    return value


def _text(value):
    return bytes(value).decode()


def _integers(values):
    """Repeated integers, packed or one a field."""
    numbers = []
    for value in values:
        if isinstance(value, int):
            numbers.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            numbers.append(_signed(number))
    return numbers


def _floats(values):
    return np.frombuffer(b"".join(bytes(value) for value in values), "<f4")


def _tensor(data):
    fields = _fields(data)
    number_type = NUMBER_TYPES[_only(fields, 2)]
    if 9 in fields:
        values = np.frombuffer(bytes(_only(fields, 9)), np.dtype(number_type).newbyteorder("<"))
    elif number_type is np.float32:
        values = _floats(fields.get(4, []))
    else:
        values = np.array(_integers(fields.get(7 if number_type is np.int64 else 5, [])), number_type)
    return _text(fields.get(8, [b""])[0]), values.astype(number_type).reshape(_integers(fields.get(1, [])))


def _attribute(data):
    fields = _fields(data)
    readers = {
        2: lambda values: float(_floats(values)[0]),
        3: lambda values: _signed(values[0]),
        4: lambda values: _text(values[0]),
        7: lambda values: _floats(values).tolist(),
        8: _integers,
    }
    value = next((read(fields[number]) for number, read in readers.items() if number in fields), None)
    return _text(_only(fields, 1)), value


def _node(data):
    fields = _fields(data)
    names = [tuple(map(_text, fields.get(number, []))) for number in (1, 2)]
    return Node(_text(_only(fields, 4)), *names, dict(map(_attribute, fields.get(5, []))))
