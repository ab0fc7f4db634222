"""Broken files of every kind, made from a seed: whole ones with bytes flipped, cut, doubled or replaced, and odd forms."""

from __future__ import annotations

import io
import json
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import scipy.io
import tifffile
import torch
from PIL import Image

MARKER = "FUZZ_WAS_RUN"


class Bomb:
    """A pickle that would make a file when it is opened as code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ.get(MARKER, "was-run"),)


def broken(data: bytes, random: Random) -> bytes:
    """`data` with one to eight changes of a kind."""
    out = bytearray(data)
    for _ in range(random.randint(1, 8)):
        place = random.randrange(max(1, len(out)))
        kind = random.randrange(7)
        if kind == 0 and out:
            out[place] ^= 1 << random.randrange(8)
        elif kind == 1:
            del out[place:]
        elif kind == 2:
            del out[place : place + random.randint(1, 64)]
        elif kind == 3:
            out[place:place] = random.randbytes(random.randint(1, 64))
        elif kind == 4:
            out[place : place + 4] = random.choice(
                (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\x80")
            )
        elif kind == 5:
            out[place:place] = out[: random.randint(1, 256)]
        else:
            out[place : place + 1] = random.choice((b"[", b"{", b'"', b"\n", b"-", b"9" * 40, b"[/x]", b"\xc3\x28"))
    return bytes(out)


def image(random: Random) -> tuple[str, bytes]:
    """A picture file under its own or another ending."""
    values = np.frombuffer(random.randbytes(9 * 7 * 3 * 2), np.uint16).reshape(9, 7, 3)
    kind = random.choice(
        ("png", "png16", "jpg", "bmp", "tif", "tif16", "float.tif", "webp", "ppm", "ppm16", "gray.png", "cmyk.jpg")
    )
    stream, small = io.BytesIO(), (values >> 8).astype(np.uint8)
    if kind == "png16":
        import cv2

        stream.write(cv2.imencode(".png", values)[1].tobytes())
    elif kind in ("tif16", "float.tif"):
        kept = values if kind == "tif16" else (values / 65535).astype(np.float32)
        tifffile.imwrite(stream, kept, photometric="rgb", compression=random.choice((None, "zlib")))
    elif kind == "ppm16":
        stream.write(b"P6\n7 9\n65535\n" + values.astype(">u2").tobytes())
    else:
        mode = {"gray.png": "L", "cmyk.jpg": "CMYK"}.get(kind, "RGB")
        form = {"jpg": "JPEG", "tif": "TIFF"}.get(kind.split(".")[-1], kind.split(".")[-1].upper())
        Image.fromarray(small).convert(mode).save(stream, form)
    ending = kind.split(".")[-1].removesuffix("16")
    return f"a.{ending if random.random() < 0.9 else random.choice(('png', 'tif', 'ppm'))}", stream.getvalue()


def archive(random: Random) -> tuple[str, bytes]:
    """A zip or tar archive, some with members that would do harm."""
    hostile = random.random() < 0.6
    names = ["a/b.png", "input/1.png", "c", "d/e/f", "g h", "[x]", ".downloads"]
    names += ["../out", "/abs", "a/../../b", "c:\\x", "", ".", "..", "x" * 300, "a\0b", "\udcff"] if hostile else []
    stream, body = io.BytesIO(), random.randbytes(200)
    if random.random() < 0.5:
        with zipfile.ZipFile(stream, "w", random.choice((0, 8, 12, 14))) as packed:
            for _ in range(3):
                info = zipfile.ZipInfo(random.choice([name for name in names if name.isprintable()]))
                info.external_attr = (
                    random.choice((0, 0o120777, 0o020666, 0o100644, 0o040755) if hostile else (0,)) << 16
                )
                packed.writestr(info, body)
        return "a.zip", stream.getvalue()
    mode: Any = random.choice(("w", "w:gz", "w:bz2", "w:xz"))
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for _ in range(3):
            member = tarfile.TarInfo(random.choice(names))
            member.type = random.choice((b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"S") if hostile else (b"0",))
            member.linkname = random.choice(("", "../x", "/etc/passwd", "a"))
            member.size = len(body) if member.type == b"0" else 0
            tar.addfile(member, io.BytesIO(body) if member.type == b"0" else None)
    return "a.tar", stream.getvalue()


def matrix(random: Random) -> tuple[str, bytes]:
    """A MATLAB file of blocks."""
    stream = io.BytesIO()
    shape = random.choice(((1, 2, 4, 4, 3), (1, 1, 1, 1, 3), (0, 1, 2, 2, 3), (3, 3)))
    kind = random.choice(("uint8", "float32", "float64", "int16", "complex64"))
    scipy.io.savemat(
        stream, {random.choice(("Idenoised", "x")): np.ones(shape, kind)}, do_compression=random.random() < 0.5
    )
    return "a.mat", stream.getvalue()


def checkpoint(random: Random) -> tuple[str, bytes]:
    """A checkpoint of an odd or of a usual form, or a safetensors file."""
    one, cyclic = torch.ones(3), {}  # type: tuple[torch.Tensor, dict[str, Any]]
    cyclic["state_dict"] = cyclic
    forms: list[Any] = [
        {"a": one},
        {"state_dict": {"module.a": one}, "epoch": 3},
        cyclic,
        [one],
        one,
        None,
        {0: one},
        {"a": Bomb()},
        {"a": one.to_sparse()},
        {"a": torch.zeros(1).expand(10**10)},
        {"a": one.to(torch.float8_e5m2)},
        {"params": {"params": {"params": {"a": one}}}},
        {"a": np.ones(2), "b": np.float64(3)},
    ]
    held, stream = random.choice(forms), io.BytesIO()
    kind = random.randrange(4)
    if kind == 0:
        return "a.pkl", pickle.dumps(held if not isinstance(held, dict) or "a" not in held else {"a": 1, "b": Bomb()})
    if kind == 1:
        from safetensors.torch import save

        return "a.safetensors", save({"a": torch.ones(4, 4), "a::scale": torch.ones(random.choice((4, 1, 3)))})
    torch.save(held, stream, _use_new_zipfile_serialization=kind == 2)
    return "a.pth", stream.getvalue()


def jsonish(random: Random, depth: int = 0) -> Any:
    """A value that JSON can hold, now and then an odd one."""
    simple = (None, True, -1, 0, 1.5, 10**400, "x", "[/x]", "../..", "\ud800", float("nan"), float("inf"), "a" * 300)
    if depth > 2 or random.random() < 0.6:
        return random.choice(simple)
    if random.random() < 0.5:
        return [jsonish(random, depth + 1) for _ in range(random.randint(0, 3))]
    return {str(jsonish(random, 3))[:20]: jsonish(random, depth + 1) for _ in range(random.randint(0, 3))}


def changed(form: dict[str, Any], random: Random) -> bytes:
    """A JSON object with some keys of other values, or something that is no object at all."""
    if random.random() < 0.1:
        return random.choice((b"[" * 50_000, b"", b"null", b"[]", b"3", b"\xff\xfe{", b'{"a":' * 20_000))
    made = dict(form)
    for _ in range(random.randint(1, 4)):
        made[random.choice([*form, "other"])] = jsonish(random)
    return json.dumps(made).encode("utf-8", "backslashreplace")


CARD: dict[str, Any] = {
    "method": "prenet",
    "title": "PReNet",
    "task": "deraining",
    "scale": "paper",
    "sha256": "0" * 64,
    "bytes": 3,
    "seconds": 1.0,
    "seed": 0,
    "iterations": 5,
    "imported_from": [{"file": "a", "sha256": ""}],
    "wrapper": [],
    "stored": "as trained",
}
PASSPORT = b"""\
title = "Our haze"
task = "dehazing"
protocol = "rgb"
counts = [2]
scene = '^(a)'
[[layouts]]
id = "x"
kind = "pairs"
degraded = ["input/*"]
clean = ["target/*"]
[[downloads]]
url = "https://example.org/a.zip"
"""


def network(random: Random) -> tuple[str, bytes]:
    """An ONNX file of an odd graph."""
    from onnx import TensorProto

    kind = random.choice(
        (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.STRING, TensorProto.DOUBLE)
    )
    shape = random.choice(([1, 3, "h", "w"], [1, 1, 8, 8], [], ["n"], [0, 3, 2, 2]))
    operator = random.choice(("Identity", "Relu", "Neg", "NoSuchOperator", "Sqrt"))
    return "a.onnx", model(operator, shape, kind, random.choice((9, 13, 17, 99)))


def model(operator: str, shape: list[Any], kind: int = 1, opset: int = 17) -> bytes:
    """An ONNX graph of one operator from `x` to `y`."""
    from onnx import helper

    given = helper.make_tensor_value_info("x", kind, shape)
    result = helper.make_tensor_value_info("y", kind, shape)
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "g", [given], [result])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    held: bytes = made.SerializeToString()
    return held


Maker = Callable[[Random], tuple[str, bytes]]
MAKERS: dict[str, Maker] = {
    "images": image,
    "archives": archive,
    "matrices": matrix,
    "checkpoints": checkpoint,
    "cards": lambda random: ("a.json", changed(CARD, random)),
    "networks": network,
}
"""How a file of a kind is made up: its name and its bytes."""
