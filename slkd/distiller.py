"""The dual-teacher distiller: Degradation Removal Learning and Image Reconstruction Learning at once (Figure 2)."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from baselines.distillation.spec import DistillerSpec
from baselines.networks.shape.features import Features
from baselines.objective import Objective, freeze, share_weights
from slkd import losses
from slkd.readings import Reading, get_reading
from slkd.scale import ScaleConversion
from slkd.terms import EdgeTexture, NaturalColour

LONGEST_WARM_UP = 1000


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


class SLKD(Objective):
    """Simultaneous Learning Knowledge Distillation of `teacher` into `student` (Equation 6).

    `SLKD(teacher, student)(degraded, clean)`, both (N, 3, H, W) in [0, 1], gives the terms `pixel`, `kl`, `nc` and
    `et` (Equations 5, 4, 2 and 3); `total(terms)` is L_all. Both networks are encoder-decoders with `features(image)`
    (restored, encoder, decoder), `encoder_widths` and `decoder_widths`; widths and numbers of levels may differ, and a
    network without these gets them from `slkd.with_features`. Teachers are frozen here and run in eval mode without
    gradients, both in one batched pass where they share weights; Teacher B runs once a batch.

    Args:
        teacher: Teacher A, which sees the degraded image.
        student: what learns.
        teacher_b: another network for the clean image. Paper: does not say whether B has weights of its own. / Here: A's
            weights.
        reading: a name of slkd.readings or a Reading.
        pixel_target: "teacher" (Equation 5) or "clean", the ground truth, which the paper never shows the student.
        decoder_source: what Teacher B sees, "clean" or "degraded" (Table IV's Source).
        natural_colour: whether L_NC counts (Table IV).
        edge_texture: whether L_ET counts (Table IV).
        alpha1: the weight of `kl`, .5 in the paper.
        alpha2: the weight of `nc` and `et`, .1 in the paper.
        warm_up: the share of a training, of 1,000 steps at most, in which `nc` and `et` reach the scale conversion alone; over
            twice as many steps their gradient on the student then grows to its whole. Paper: nothing. / Here: .05, as a
            projection that fits nothing yet pulls the student some 20 times as hard as L_pixel; 0 is as printed.

    Raises ValueError for an unknown option, one module as both teacher and student, networks without widths or
    features, no level in common and, on a batch, levels of different strides or too small for the reading.
    """

    version = 4
    balance_reference = "pixel"
    teacher: nn.Module
    reach: Tensor

    def __init__(  # noqa: PLR0913
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
        warm_up: float = 0.05,
    ) -> None:
        _one_of("pixel_target", pixel_target, ("teacher", "clean"))
        _one_of("decoder_source", decoder_source, ("clean", "degraded"))
        super().__init__(student, teacher, {"pixel": 1.0, "kl": alpha1, "nc": alpha2, "et": alpha2})
        if teacher_b is not None and share_weights(student, teacher_b):
            raise ValueError("expected two networks; found one module as teacher and student. Copy it with deepcopy.")
        self.teacher_b = teacher_b
        self.reading = get_reading(reading)
        self.pixel_target = pixel_target
        self.decoder_source = decoder_source
        self.warm_up = warm_up
        self.register_buffer("reach", torch.ones(()))
        for network in self.frozen():
            freeze(network)
        self.encoder_scale: ScaleConversion | None = None
        self.decoder_scale: ScaleConversion | None = None
        if natural_colour:
            ours, theirs = self._widths("encoder_widths", teacher)
            self.encoder_scale = ScaleConversion(ours, theirs, self.reading.scale, self.reading.normalise)
            self.natural_colour = NaturalColour(self.reading, self.encoder_scale.widths)
        if edge_texture:
            ours, theirs = self._widths("decoder_widths", teacher_b or teacher)
            self.decoder_scale = ScaleConversion(ours, theirs, self.reading.scale, self.reading.normalise)
            self.edge_texture = EdgeTexture(self.reading, self.decoder_scale.widths)

    def frozen(self) -> list[nn.Module]:
        """Teacher A, and Teacher B where it is another network."""
        second = getattr(self, "teacher_b", None)
        return [self.teacher] if second is None else [self.teacher, second]

    def settled_at(self, total: int) -> int:
        """The first step of `total` at which every term has its whole gradient."""
        return 3 * self._alone(total)

    def before_step(self, step: int, total: int, degraded: Tensor, clean: Tensor) -> None:
        """How much of the gradient of `nc` and `et` reaches the student in this step: `warm_up`."""
        alone = self._alone(total)
        self.reach.fill_(min(max((step - alone) / (2 * alone), 0.0), 1.0) if alone else 1.0)

    def forward(self, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """The unweighted terms of a batch (N, 3, H, W) in [0, 1], scalars in float32 or better.

        Raises ValueError for a network without features, and for levels of different strides or too small.
        """
        guidance = self.guide(degraded, clean)
        student = _features(self.student, degraded)
        target = guidance.restored_b if self.pixel_target == "teacher" else clean
        reduction = self.reading.reduction
        with torch.autocast(degraded.device.type, enabled=False):
            divergence = losses.IMAGE_DIVERGENCES[self.reading.image]
            terms = {
                "pixel": losses.pixel_loss(student.restored, target, reduction),
                "kl": divergence(student.restored, guidance.restored_a, reduction),
            }
        if self.encoder_scale is not None:
            terms["nc"] = self.natural_colour(self.encoder_scale(self._reached(student.encoder), guidance.encoder))
        if self.decoder_scale is not None:
            terms["et"] = self.edge_texture(self.decoder_scale(self._reached(student.decoder), guidance.decoder))
        return terms

    @torch.no_grad()
    def guide(self, degraded: Tensor, clean: Tensor) -> Guidance:
        """Both teachers' guidance for a batch (N, 3, H, W) in [0, 1], computed once and without gradients.

        A's decoder features and B's encoder features are let go.
        """
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

    def _alone(self, total: int) -> int:
        return min(round(self.warm_up * total), LONGEST_WARM_UP)

    def _reached(self, levels: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The same features, which pass on `reach` of their gradient."""
        return tuple(level.detach() + self.reach.to(level.dtype) * (level - level.detach()) for level in levels)

    def _widths(self, side: str, teacher: nn.Module) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The widths of the student's and the teacher's levels that are compared."""
        ours, theirs = _widths(self.student, side), _widths(teacher, side)
        if side == "encoder_widths" and self.reading.bottleneck == "out":
            ours, theirs = ours[:-1], theirs[:-1]
            if not ours or not theirs:
                raise ValueError(
                    "expected an encoder of two levels or more, of which the last, the bottleneck, does not count; found"
                    " one. Name more levels, or give the reading bottleneck, which counts it."
                )
        return ours, theirs


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


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"expected {option} to be {' or '.join(known)}; found '{value}'. Choose one of them.")


SPEC = DistillerSpec(
    id="slkd",
    title="SLKD, simultaneous learning",
    citation="Zhang and Yan, 2025",
    target="slkd.distiller:SLKD",
    row="SLKD",
    licence="code: none found",
    options={
        "alpha1": 0.5,
        "alpha2": 0.1,
        "decoder_source": "clean",
        "edge_texture": True,
        "natural_colour": True,
        "pixel_target": "teacher",
        "reading": "recommended",
        "warm_up": 0.05,
    },
    choices={"decoder_source": ("clean", "degraded"), "pixel_target": ("teacher", "clean")},
    readings="slkd.readings:READINGS",
    probe="slkd.probe:SLKDProbe",
)
