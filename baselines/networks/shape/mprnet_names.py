"""The names of MPRNet's weights in its authors' checkpoints."""

from __future__ import annotations

import re

_NAMES = (  # the authors count from 1: every number that is caught becomes one less
    (r"shallow_feat(\d)\.0\.", "shallow.{}.conv."),
    (r"shallow_feat(\d)\.1\.", "shallow.{}.block."),
    (r"stage(\d)_encoder\.encoder_level(\d)\.", "encoder.{}.levels.{}."),
    (r"stage(\d)_encoder\.down(\d)\d\.down\.1\.", "encoder.{}.down.{}."),
    (r"stage(\d)_encoder\.csff_enc(\d)\.", "encoder.{}.from_encoder.{}."),
    (r"stage(\d)_encoder\.csff_dec(\d)\.", "encoder.{}.from_decoder.{}."),
    (r"stage(\d)_decoder\.decoder_level(\d)\.", "decoder.{}.levels.{}."),
    (r"stage(\d)_decoder\.skip_attn(\d)\.", "decoder.{}.skip.{}."),
    (r"stage(\d)_decoder\.up\d(\d)\.up\.1\.", "decoder.{}.up.{}."),
    (r"stage3_orsnet\.orb(\d)\.body\.\d+\.(?=weight)", "orsnet.blocks.{}.conv."),
    (r"stage3_orsnet\.orb(\d)\.body\.", "orsnet.blocks.{}.blocks."),
    (r"stage3_orsnet\.up_enc1\.up\.1\.", "orsnet.from_encoder.1.0."),
    (r"stage3_orsnet\.up_dec1\.up\.1\.", "orsnet.from_decoder.1.0."),
    (r"stage3_orsnet\.up_enc2\.", "orsnet.from_encoder.2."),
    (r"stage3_orsnet\.up_dec2\.", "orsnet.from_decoder.2."),
    (r"stage3_orsnet\.conv_enc(\d)\.", "orsnet.from_encoder.{0}.{0}."),
    (r"stage3_orsnet\.conv_dec(\d)\.", "orsnet.from_decoder.{0}.{0}."),
    (r"sam(\d)\d\.conv1\.", "attention.{}.features."),
    (r"sam(\d)\d\.conv2\.", "attention.{}.image."),
    (r"sam(\d)\d\.conv3\.", "attention.{}.gate."),
    (r"concat(\d)\d\.", "merge.{}."),
    (r"tail\.", "tail."),
)
_INSIDE = (
    (".CA.conv_du.0.", ".squeeze."),
    (".CA.conv_du.2.", ".excite."),
    (".body.0.", ".conv1."),
    (".body.2.", ".conv2."),
    (".up.1.", "."),
)


def our_name(key: str) -> str:
    """The key of MPRNet that an authors' key is here. Raises ValueError for one that is none of theirs."""
    for pattern, name in _NAMES:
        if found := re.match(pattern, key):
            rest = f".{key[found.end() :]}"
            for theirs, ours in _INSIDE:
                rest = rest.replace(theirs, ours)
            return name.format(*(int(number) - 1 for number in found.groups())).removesuffix(".") + rest
    raise ValueError(f"expected the authors' keys of MPRNet; found {key}; is it another network's checkpoint?")
