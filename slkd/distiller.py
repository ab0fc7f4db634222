"""The dual-teacher distiller: Degradation Removal Learning and Image Reconstruction Learning at once (Figure 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from baselines.networks.shape.features import Features
from slkd import losses
from slkd.brisque import natural_distributions, natural_map
from slkd.mscn import mscn
from slkd.piqe import texture_map
from slkd.readings import Reading, get_reading
from slkd.scale import ScaleConversion


@runtime_checkable
class EncoderDecoder(Protocol):
    """A network that gives its features: what a teacher and a student have to be."""

    def features(self, image: Tensor) -> Features:
        """The restored image and the features of one pass over (N, 3, H, W) in [0, 1]."""
        ...


class Guidance(NamedTuple):
    """What the teachers give for a batch (N, 3, H, W): A's image and encoder features, B's image and decoder features."""

    restored_a: Tensor
    encoder: tuple[Tensor, ...]
    restored_b: Tensor
    decoder: tuple[Tensor, ...]


class SLKD(nn.Module):
    """Simultaneous Learning Knowledge Distillation of `teacher` into `student` (Equation 6).

    `SLKD(teacher, student)(degraded, clean)`, both (N, 3, H, W) in [0, 1], gives the terms `pixel`, `kl`, `nc` and
    `et` (Equations 5, 4, 2 and 3); `total(terms)` is L_all. Both networks are encoder-decoders with `features(image)`
    (restored, encoder, decoder), `encoder_widths` and `decoder_widths`; widths and numbers of levels may differ, and a
    network without these gets them from `slkd.with_features`. Teachers are frozen here and run in eval mode without
    gradients, both in one batched pass where they share weights; Teacher B runs once a batch.

    teacher_b: another network for the clean image. Paper: does not say whether B has weights of its own. / Here: A's
    weights.
    pixel_target: "teacher" (Equation 5) or "clean", the ground truth, which the paper never shows the student.
    decoder_source: what Teacher B sees, "clean" or "degraded" (Table IV's Source).
    natural_colour, edge_texture: whether L_NC and L_ET count (Table IV's five rows).
    alpha1, alpha2: the weights of `kl`, and of `nc` and `et`, .5 and .1 in the paper.
    reading: a name of slkd.readings or a Reading.
    Raises ValueError for an unknown option, one module as both teacher and student, networks without widths or
    features, no level in common and, on a batch, levels of different strides.
    """

    balance_reference = "pixel"  # the term whose gradient the others' are compared with

    def __init__(
        self,
        teacher: nn.Module,
        student: nn.Module,
        teacher_b: nn.Module | None = None,
        reading: str | Reading = "recommended",
        pixel_target: str = "teacher",
        decoder_source: str = "clean",
        natural_colour: bool = True,
        edge_texture: bool = True,
        alpha1: float = 0.5,
        alpha2: float = 0.1,
    ) -> None:
        super().__init__()
        _one_of("pixel_target", pixel_target, ("teacher", "clean"))
        _one_of("decoder_source", decoder_source, ("clean", "degraded"))
        if any(_share_weights(student, network) for network in (teacher, teacher_b) if network is not None):
            raise ValueError("expected two networks; found one module as teacher and student. Copy it with deepcopy.")
        self.student = student
        self.teacher = teacher
        self.teacher_b = teacher_b
        self.reading = get_reading(reading)
        self.pixel_target = pixel_target
        self.decoder_source = decoder_source
        self.weights = {"pixel": 1.0, "kl": alpha1, "nc": alpha2, "et": alpha2}
        for network in self._teachers():
            network.eval().requires_grad_(False)
        self.encoder_scale = self._scale(teacher, "encoder_widths") if natural_colour else None
        self.decoder_scale = self._scale(teacher_b or teacher, "decoder_widths") if edge_texture else None

    def train(self, mode: bool = True) -> SLKD:
        """Training mode for the student and the scale conversion; the teachers stay in eval mode."""
        super().train(mode)
        for network in self._teachers():
            network.eval()
        return self

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The unweighted terms of a batch (N, 3, H, W) in [0, 1], scalars in float32 or better.

        Raises ValueError for a network without features, and for levels of different strides.
        """
        guidance = self.guide(degraded, clean)
        student = _features(self.student, degraded)
        target = guidance.restored_b if self.pixel_target == "teacher" else clean
        with torch.autocast(degraded.device.type, enabled=False):
            terms = {
                "pixel": losses.pixel_loss(student.restored, target),
                "kl": losses.IMAGE_DIVERGENCES[self.reading.image](student.restored, guidance.restored_a),
            }
        if self.encoder_scale is not None:
            terms["nc"] = natural_colour_loss(self.encoder_scale(student.encoder, guidance.encoder), self.reading)
        if self.decoder_scale is not None:
            terms["et"] = edge_texture_loss(self.decoder_scale(student.decoder, guidance.decoder), self.reading)
        return terms

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """L_all, Equation 6: the sum of the terms of one call, each times its weight."""
        return losses.total(terms, self.weights)

    @torch.no_grad()
    def guide(self, degraded: Tensor, clean: Tensor) -> Guidance:
        """Both teachers' guidance for a batch (N, 3, H, W) in [0, 1], computed once and without gradients."""
        source = clean if self.decoder_source == "clean" else degraded
        if self.teacher_b is not None:
            a, b = _features(self.teacher, degraded), _features(self.teacher_b, source)
            return Guidance(a.restored, a.encoder, b.restored, b.decoder)
        if source is degraded:
            a = _features(self.teacher, degraded)
            return Guidance(a.restored, a.encoder, a.restored, a.decoder)
        features_of_both = getattr(self.teacher, "features_of_both", None)
        if features_of_both is not None:  # a teacher that other objectives ask about the same batch
            a, b = features_of_both(degraded, source)
            return Guidance(a.restored, a.encoder, b.restored, b.decoder)
        count = len(degraded)
        both = _features(self.teacher, torch.cat([degraded, source]))
        encoder = tuple(level[:count] for level in both.encoder)
        decoder = tuple(level[count:] for level in both.decoder)
        return Guidance(both.restored[:count], encoder, both.restored[count:], decoder)

    def _teachers(self) -> list[nn.Module]:
        return [self.teacher] if self.teacher_b is None else [self.teacher, self.teacher_b]

    def _scale(self, teacher: nn.Module, widths: str) -> ScaleConversion:
        ours, theirs = _widths(self.student, widths), _widths(teacher, widths)
        return ScaleConversion(ours, theirs, self.reading.scale, self.reading.normalise)


def natural_colour_loss(pairs: Sequence[tuple[Tensor, Tensor]], reading: Reading) -> Tensor:
    """L_NC, Equation 2, summed over levels: `pairs` are (student, teacher) encoder features, two (N, C, H, W) a level.

    They come from a ScaleConversion, stride 1 first. Zero, with zero gradient, where they are equal, in every reading
    but the literal ones. Raises ValueError for a level with a side below 2.
    """
    terms = []
    for student, teacher in pairs:
        with torch.autocast(student.device.type, enabled=False):
            ours = mscn(student, reading.mscn_constant)
            with torch.no_grad():
                theirs = mscn(teacher, reading.mscn_constant)
            terms.append(_natural_divergence(ours, theirs, reading))
    return torch.stack(terms).sum()


def edge_texture_loss(pairs: Sequence[tuple[Tensor, Tensor]], reading: Reading) -> Tensor:
    """L_ET, Equation 3, summed over levels: `pairs` are (student, teacher) decoder features, two (N, C, H, W) a level.

    They come from a ScaleConversion, stride 1 first. Zero, with zero gradient, where they are equal, in every reading
    but the literal ones.
    """
    divergence = losses.DIVERGENCES[reading.texture]
    terms = []
    for level, (student, teacher) in enumerate(pairs):
        with torch.autocast(student.device.type, enabled=False):
            ours = texture_map(mscn(student, reading.mscn_constant), level, reading.masks, reading.logarithms)
            with torch.no_grad():
                theirs = texture_map(mscn(teacher, reading.mscn_constant), level, reading.masks, reading.logarithms)
            terms.append(divergence(ours, theirs, reading.reduction))
    return torch.stack(terms).sum()


def _natural_divergence(student: Tensor, teacher: Tensor, reading: Reading) -> Tensor:
    if reading.natural == "fitted":
        with torch.no_grad():
            target = natural_distributions(teacher, reading.local)
        return losses.fitted_divergence(natural_distributions(student, reading.local), target, reading.reduction)
    ours = natural_map(student, reading.shape, reading.local, reading.logarithms)
    with torch.no_grad():
        theirs = natural_map(teacher, reading.shape, reading.local, reading.logarithms)
    return losses.DIVERGENCES[reading.natural](ours, theirs, reading.reduction)


def _features(network: nn.Module, image: Tensor) -> Features:
    if not isinstance(network, EncoderDecoder):
        raise ValueError(
            f"expected an encoder-decoder with features(image); found {type(network).__name__}. Give it that method,"
            " or wrap it: slkd.with_features(network, encoder=[...], decoder=[...])."
        )
    return network.features(image)


def _widths(network: nn.Module, side: str) -> tuple[int, ...]:
    if not getattr(network, side, ()):
        raise ValueError(
            f"expected a network with {side}, one width a level; found {type(network).__name__} without."
            " Give it that attribute, or wrap it: slkd.with_features(network, encoder=[...], decoder=[...])."
        )
    return tuple(getattr(network, side))


def _share_weights(first: nn.Module, second: nn.Module) -> bool:
    """Whether freezing one would freeze a part of the other."""
    return first is second or not {id(p) for p in first.parameters()}.isdisjoint(id(p) for p in second.parameters())


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"expected {option} to be {' or '.join(known)}; found '{value}'. Choose one of them.")
