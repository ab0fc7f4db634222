"""The fast forms of the networks: the same functions of the same weights, in fewer or better laid out operations.

A network's own file follows its paper, operation by operation: that is what is counted, exported and read. Here each block
that can be computed faster is a subclass that overrides how, and `with fast_inference(network):` gives the blocks of a
network these classes, and takes them away again. Parameters, names and results (to rounding) stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from baselines.networks import deamnet, drsformer, prenet, rcdnet, restormer, uformer
from baselines.networks.fast import convolutions, transformers
from baselines.networks.shape import norm

Forms = Mapping[type[nn.Module], type[nn.Module]]

WITH_GRADIENTS: Forms = {
    norm.ChannelNorm: transformers.ChannelNorm,
    restormer.ChannelAttention: transformers.ChannelAttention,
    restormer.GatedFeedForward: transformers.GatedFeedForward,
    drsformer.SparseAttention: transformers.SparseAttention,
    drsformer.MixedScaleFeedForward: transformers.MixedScaleFeedForward,
    drsformer.Experts: transformers.Experts,
    uformer.WindowAttention: transformers.WindowAttentionWithGradients,
}
INFERENCE: Forms = {
    **WITH_GRADIENTS,
    restormer.GatedFeedForward: transformers.InPlaceGatedFeedForward,
    drsformer.DRSformer: transformers.DRSformer,
    drsformer.SparseAttention: transformers.ExactSparseAttention,
    uformer.WindowAttention: transformers.WindowAttention,
    prenet.PReNet: convolutions.PReNet,
    rcdnet.ResidualBlock: convolutions.ResidualBlock,
    rcdnet.RCDNet: convolutions.RCDNet,
    deamnet.Blend: convolutions.Blend,
    deamnet.Up: convolutions.Up,
}


def quicken(network: nn.Module, forms: Forms = INFERENCE) -> dict[nn.Module, type[nn.Module]]:
    """Gives the blocks of `network` their fast forms, for good; what they were is returned.

    `WITH_GRADIENTS` holds those that a network in training may have too.
    """
    before = {module: type(module) for module in network.modules() if type(module) in forms}
    for module, kind in before.items():
        module.__class__ = forms[kind]
    return before


@contextmanager
def fast_inference(network: nn.Module, forms: Forms = INFERENCE) -> Iterator[nn.Module]:
    """`network` with its fast forms inside the context, and as it was after it."""
    before = quicken(network, forms)
    try:
        yield network
    finally:
        for module, kind in before.items():
            module.__class__ = kind
