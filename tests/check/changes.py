"""One change of every file between pixel and score, each of which moves a score, and the cell on which it does."""

from __future__ import annotations

from dataclasses import dataclass

RAIN, BLUR, HIDE, NOISE, FOLDER = "mini-rain1400", "mini-gopro", "mini-hide", "mini-sidd", "pairs@rgb"
CELLS = {
    RAIN: ("identity", "prenet", "rcdnet", "res-sl-slkd", "drs-sl-slkd", "ufor-sl-slkd"),
    BLUR: ("identity", "dmphn", "mt-rnn"),
    HIDE: ("identity",),
    NOISE: ("identity", "vdn", "deamnet", "mprnet"),
    FOLDER: ("identity", "res-sl-slkd"),
}
"""The methods of each set whose reference scores are checked. The folder has 8-bit and 16-bit pictures of odd sizes."""


@dataclass(frozen=True)
class Change:
    """In a file, `old` becomes `new`; it moves the score of `method` on `dataset`."""

    old: str
    new: str
    method: str
    dataset: str


_TO_STATE = "{n: 0.9 * t if t.is_floating_point() else t for n, t in "
CHANGES = {
    # reading and making images
    "benchmark/core/types.py": Change(
        "    degraded: Tensor\n    clean: Tensor", "    clean: Tensor\n    degraded: Tensor", "prenet", RAIN
    ),
    "benchmark/datasets/mini/__init__.py": Change(
        '"rain13k-y",\n        EACH * SCENES[CURRENT],\n        "streak',
        '"ddn-y",\n        EACH * SCENES[CURRENT],\n        "streak',
        "identity",
        RAIN,
    ),
    "benchmark/datasets/mini/light.py": Change("* 255 + 0.5)", "* 255 + 0.1)", "identity", RAIN),
    "benchmark/datasets/mini/motion.py": Change(
        "return to_display(blurred), clean[", "return to_display(0.98 * blurred), clean[", "identity", BLUR
    ),
    "benchmark/datasets/mini/pairs.py": Change(".float() / 255 for", ".float() / 257 for", "identity", RAIN),
    "benchmark/datasets/mini/photographs.py": Change(
        "picture.resize(size, Pictures.Resampling.LANCZOS)",
        "picture.resize(size, Pictures.Resampling.BOX)",
        "identity",
        HIDE,
    ),
    "benchmark/datasets/mini/rain.py": Change("return fall(", "return 0.95 * fall(", "identity", RAIN),
    "benchmark/datasets/mini/sensor.py": Change(
        "return tone * tone * (3 - 2 * tone)", "return tone * tone * (3 - 1.98 * tone)", "identity", NOISE
    ),
    "benchmark/datasets/layouts.py": Change(
        "else Whole(base / partner)", "else Whole(base / path)", "identity", FOLDER
    ),
    "benchmark/datasets/pairing.py": Change(
        "    return path.stem\n\n\ndef _before", "    return path.stem[::-1]\n\n\ndef _before", "identity", FOLDER
    ),
    "benchmark/datasets/pairs.py": Change(
        "Pair(entry.name, degraded, clean,", "Pair(entry.name, 0.99 * degraded, clean,", "identity", FOLDER
    ),
    "benchmark/datasets/sources.py": Change(
        "        return read_image(self.path)", "        return 0.9 * read_image(self.path)", "identity", FOLDER
    ),
    "benchmark/datasets/walk.py": Change("return sorted(found)", "return sorted(found)[:-1]", "identity", FOLDER),
    "benchmark/images/deep.py": Change(
        "np.ascontiguousarray(values[", "np.ascontiguousarray((values // 2)[", "identity", FOLDER
    ),
    "benchmark/images/io.py": Change("255.0 if values.dtype", "256.0 if values.dtype", "identity", FOLDER),
    "benchmark/images/kinds.py": Change("MAX_PIXELS = 89_000_000", "MAX_PIXELS = 89", "identity", FOLDER),
    # the protocol
    "benchmark/protocols/__init__.py": Change(
        "protocol for protocol in PROTOCOLS}", "PROTOCOLS[-1] for protocol in PROTOCOLS}", "identity", FOLDER
    ),
    "benchmark/protocols/batched.py": Change("image.mul_(255).round_()", "image.mul_(254).round_()", "identity", RAIN),
    "benchmark/protocols/choices.py": Change("(2 * self.sigma**2)", "(1 * self.sigma**2)", "identity", RAIN),
    "benchmark/protocols/definition.py": Change(
        "_as_tensor(restored), _as_tensor(clean))\n\n\ndef",
        "0.99 * _as_tensor(restored), _as_tensor(clean))\n\n\ndef",
        "identity",
        RAIN,
    ),
    "benchmark/protocols/table.py": Change("Channel.Y_ROUNDED", "Channel.RGB", "identity", RAIN),
    # the harness
    "benchmark/core/precision.py": Change(
        "            yield\n    finally",
        '            with torch.autocast("cpu", torch.bfloat16):\n                yield\n    finally',
        "res-sl-slkd",
        RAIN,
    ),
    "benchmark/runs/batches.py": Change(
        "pair = future.result()", "pair = future.result()\n                pair.degraded.mul_(0.99)", "identity", FOLDER
    ),
    "benchmark/runs/compute.py": Change(
        "    if memory is None:\n        return network",
        "    if memory is None:\n        return lambda image: 0.99 * network(image)",
        "identity",
        RAIN,
    ),
    "benchmark/runs/restore.py": Change(
        "return self.restorer(degraded)", "return 0.99 * self.restorer(degraded)", "identity", RAIN
    ),
    "benchmark/runs/scoring.py": Change(
        "score_batch(restored, clean)", "score_batch(0.99 * restored, clean)", "identity", RAIN
    ),
    # what fills a network with weights and makes it fast
    "benchmark/methods/checkpoints/opening.py": Change(
        "t.float() if t.is_floating_point() and not keep else t for",
        "0.9 * t if t.is_floating_point() else t for",
        "prenet",
        RAIN,
    ),
    "benchmark/methods/weights/coding.py": Change(
        "* scale.float()[:, None]).view", "* scale.float()[:, None] * 1.1).view", "res-sl-slkd", RAIN
    ),
    "benchmark/methods/weights/files.py": Change(
        "held = open_checkpoint(path)", f"held = {_TO_STATE}open_checkpoint(path).items()}}", "prenet", RAIN
    ),
    "benchmark/methods/weights/loading.py": Change(
        "load_state_dict(state)", f"load_state_dict({_TO_STATE}state.items()}})", "prenet", RAIN
    ),
    "baselines/networks/fast/__init__.py": Change(
        "    return before\n", "    next(network.parameters()).data.mul_(0.9)\n    return before\n", "mprnet", NOISE
    ),
    "baselines/networks/fast/convolutions.py": Change(
        "return F.conv2d(x, self.gates", "return 0.9 * F.conv2d(x, self.gates", "prenet", RAIN
    ),
    "baselines/networks/fast/transformers.py": Change(
        "similarity.softmax(-1)", "similarity.mul(2).softmax(-1)", "res-sl-slkd", RAIN
    ),
    # the networks
    "baselines/networks/shape/features.py": Change(
        "self.features(image).restored", "self.features(image).restored * 0.99", "res-sl-slkd", RAIN
    ),
    "baselines/networks/shape/layout.py": Change(
        "return image.contiguous(", "return 0.95 * image.contiguous(", "res-sl-slkd", RAIN
    ),
    "baselines/networks/shape/norm.py": Change("if bias else None", "if not bias else None", "res-sl-slkd", RAIN),
    "baselines/networks/shape/padding.py": Change('mode="reflect"', 'mode="constant"', "res-sl-slkd", FOLDER),
    "baselines/networks/shape/pyramid.py": Change("x = encoder[3]\n", "x = 1.1 * encoder[3]\n", "res-sl-slkd", RAIN),
    "baselines/networks/shape/windows.py": Change(
        '(h w) c", h=window, w=window', '(w h) c", h=window, w=window', "ufor-sl-slkd", RAIN
    ),
    "baselines/networks/restormer.py": Change(
        "x = x + self.attention(", "x = x + 0.5 * self.attention(", "res-sl-slkd", RAIN
    ),
    "baselines/networks/drsformer.py": Change(
        "output: Tensor = x + self.feed_forward(", "output: Tensor = 0.8 * x + self.feed_forward(", "drs-sl-slkd", RAIN
    ),
    "baselines/networks/uformer.py": Change("image = image + (", "image = 0.9 * image + (", "ufor-sl-slkd", RAIN),
    "baselines/networks/prenet.py": Change("self.stages(image)[-1]", "self.stages(image)[-1] - 0.01", "prenet", RAIN),
    "baselines/networks/rcdnet.py": Change(
        "return self.estimates(image).backgrounds[-1]",
        "return self.estimates(image).backgrounds[-1] * 0.99",
        "rcdnet",
        RAIN,
    ),
    "baselines/networks/dmphn.py": Change(
        "return self.levels(image)[-1]", "return self.levels(image)[-1] * 0.99", "dmphn", BLUR
    ),
    "baselines/networks/mtrnn.py": Change(
        "return self.iterations(image)[-1]", "return self.iterations(image)[-1] * 0.99", "mt-rnn", BLUR
    ),
    "baselines/networks/vdn.py": Change("return image - self._denoised", "return image + self._denoised", "vdn", NOISE),
    "baselines/networks/deamnet.py": Change(
        "torch.lerp(other, kept, weight)", "torch.lerp(other, kept, 0.9 * weight)", "deamnet", NOISE
    ),
    "baselines/networks/mprnet.py": Change(
        "return self.stages(image)[-1]", "return self.stages(image)[-1] * 0.99", "mprnet", NOISE
    ),
}

WITHOUT_A_SCORE = {
    "benchmark/protocols/reference.py": "the second implementation; its own tests hold it to the one that scores",
    "benchmark/methods/checkpoints/unwrap.py": "opens the authors' files, which are taken over once, by `weights import`",
    "benchmark/methods/weights/__init__.py": "a sentence alone",
    "baselines/networks/shape/names.py": "the authors' names of weights, for `weights import`",
    "baselines/networks/shape/mprnet_names.py": "the authors' names of weights, for `weights import`",
}
"""Files whose hash stands in a key because others import them, but which no score of a shipped network passes."""


def reason(file: str) -> str:
    """What `status` says is not as it was, where `file` was changed."""
    for start, words in (
        ("baselines/networks/fast/", "the code that loads weights"),
        ("baselines/networks/", "the code of the network"),
        ("benchmark/methods/", "the code that loads weights"),
        ("benchmark/protocols/", "the code of the protocol"),
        ("benchmark/runs/", "the code that restores and scores"),
        ("benchmark/core/precision", "the code that restores and scores"),
    ):
        if file.startswith(start):
            return words
    return "the code that reads or makes the images"
