"""In how few bits trained weights can be stored without harm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmark.methods.weights import coding
from benchmark.training.validation import mean_psnr

STORAGE_COST = 0.01  # dB on the validation pairs that storing in fewer bits may cost


def smallest_form(
    network: nn.Module, state: dict[str, Tensor], pairs: Sequence[tuple[Tensor, Tensor]]
) -> tuple[str, dict[str, float]]:
    """The smallest form of storage that changes the PSNR on the pairs by less than `STORAGE_COST`, and what forms cost.

    The costs are in dB, by form, from the smallest to the one that is taken; a form that cannot hold the weights has
    none. `network` holds `state` afterwards, on the CPU.
    """
    network.to("cpu")
    costs: dict[str, float] = {}
    network.load_state_dict(state)
    if not pairs:
        return "as trained", costs
    whole = mean_psnr(network, pairs, torch.device("cpu"))
    for form in coding.FORMS[:-1]:
        stored = coding.decode(coding.encode(state, form))
        if all(bool(torch.isfinite(value).all()) for value in stored.values()):
            network.load_state_dict(stored)
            costs[form] = round(whole - mean_psnr(network, pairs, torch.device("cpu")), 5)
            if abs(costs[form]) < STORAGE_COST:
                break
    network.load_state_dict(state)
    fitting = [form for form, cost in costs.items() if abs(cost) < STORAGE_COST]
    return (fitting[0] if fitting else "as trained"), costs
