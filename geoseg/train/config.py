"""The typed configuration of a training; one YAML file, every key documented in ``configs/``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from geoseg.errors import UsageError
from geoseg.files.parse import ParseError, parse_yaml
from geoseg.models.weights import Architecture

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if low > high:
        raise ValueError(f"the smaller pixel size comes first: [{high:g}, {low:g}]")
    return value


def _file_name(value: str) -> str:
    if not value or any(sign in value for sign in "/\\"):
        raise ValueError("it becomes a file's name, so it must not be empty or hold / or \\")
    return value


def _model_files(value: object) -> object:
    several = value if isinstance(value, list) else [value]
    if value is not None and not (several and all(_is_path(one) for one in several)):
        raise ValueError("it takes a model file, default, or a list of such, and null for none")
    return value


def _is_path(value: object) -> bool:
    return isinstance(value, str | Path) and str(value) not in {"", "."}


TeacherViews = Literal[1, 4]
PixelSizes = Annotated[tuple[PositiveFloat, PositiveFloat], AfterValidator(_rising)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """Where the scenes are and how crops are drawn from them."""

    scenes: Path
    """Packed data set, a folder of scenes."""
    crop_px: PositiveInt = 256
    """Side of a training crop, a multiple of the network's stride."""
    gsd_m: PixelSizes = (0.22, 0.62)
    """Range of pixel sizes that crops are resampled to, drawn evenly on a log scale."""
    upsample: PositiveFloat = 2.2
    """Crops are never finer than their scene's pixel size divided by this."""
    place_weights: dict[str, NonNegativeFloat] = {}
    """How often a place is drawn; places not named have weight 1, a weight of 0 leaves it out."""
    contact_px: PositiveInt = 4
    """Width of the line between close neighbours that the contact head learns."""
    workers: int = Field(default=1, ge=0)
    """Processes that prepare crops."""


class AugmentConfig(_Section):
    """Probability of each group of random changes; flips and quarter turns are always on."""

    tilt: float = Field(default=0.3, ge=0, le=1)
    light: float = Field(default=0.6, ge=0, le=1)
    tint: float = Field(default=0.5, ge=0, le=1)
    blur: float = Field(default=0.3, ge=0, le=1)
    noise: float = Field(default=0.3, ge=0, le=1)
    haze: float = Field(default=0.1, ge=0, le=1)
    paste: float = Field(default=0.0, ge=0, le=1)
    """Buildings of another crop of the same place, pasted into gaps with their labels."""
    colour_range: float = Field(default=1.0, ge=0, le=1.5)
    """Scales how far ``light`` and ``tint`` go; 1 is what the built-in model learns from."""


class MaskRcnnConfig(_Section):
    """A Mask R-CNN in place of the dense network."""

    version: Literal["v1", "v2"] = "v2"
    """Torchvision's first or second version, which has deeper heads and more batch norms."""
    backbone: str = "resnet18"
    """A ResNet of torchvision."""
    channels: PositiveInt = 256
    """Width of the pyramid and the heads; fewer are faster."""
    anchor_sizes: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt, PositiveInt] = (
        16,
        32,
        64,
        128,
        256,
    )
    """Sizes of buildings that the five levels look for, pixels."""
    boxes: PositiveInt = 128
    """Boxes per crop that the heads learn from, a quarter of them on buildings."""
    score_threshold: float = Field(default=0.5, ge=0, le=1)
    """Instances with a lower score are left out of predictions."""


class LossConfig(_Section):
    """Weights of the heads; each is binary cross-entropy plus ``dice`` times the Dice loss."""

    body: float = Field(default=1.0, ge=0)
    contact: float = Field(default=0.8, ge=0)
    edge: float = Field(default=0.8, ge=0)
    dice: float = Field(default=1.0, ge=0)
    small_buildings: int = Field(default=1, ge=1, le=5)
    """Pixels of buildings below 600 px count up to so many times, by the root of the area. 1: all
    pixels count alike."""
    shift_px: int = Field(default=0, ge=0, le=5)
    """Labels may lie this far off: in every step each building's label moves by up to so many rows
    and columns to where the network sees it best. 0: labels are taken as they are."""
    consistency: float = Field(default=0, ge=0)
    """Weight of the squared difference between the probabilities of a crop and of the same crop
    resampled. 0: no second view, and half the time per step."""
    teacher: Annotated[Path | list[Path] | None, BeforeValidator(_model_files)] = None
    """A model file, or ``default``, or several, whose maps are learnt beside the labels; each costs a
    quarter more time per step."""
    teacher_views: TeacherViews = 1
    """4: what teachers say to four views of a crop, each at another place of the lattice, shared out
    among them; together as dear as four teachers."""
    teacher_weight: float = Field(default=1.0, ge=0)
    """Weight of the teacher's cross-entropy, head by head beside the labels' losses."""

    @property
    def teachers(self) -> list[Path]:
        """All of them."""
        if self.teacher is None:
            return []
        return self.teacher if isinstance(self.teacher, list) else [self.teacher]

    @model_validator(mode="after")
    def _learns_something(self) -> Self:
        if not (self.body or self.contact or self.edge):
            raise ValueError("body, contact and edge are all 0, so nothing would be learnt")
        return self

    @model_validator(mode="after")
    def _shows_views_to_someone(self) -> Self:
        if self.teacher_views > 1 and not self.teachers:
            raise ValueError("teacher_views are for a teacher; name one, or leave them out")
        return self


class ScheduleConfig(_Section):
    """How long and how fast."""

    batch: PositiveInt = 16
    accumulate: PositiveInt = 1
    """Batches whose gradients are summed before a step."""
    max_steps: PositiveInt = 20_000
    """Steps of the optimiser after which training ends."""
    max_minutes: PositiveFloat | None = None
    """Wall-clock budget; the learning rate falls with whichever of steps and minutes is farther.
    A run bounded by steps alone can be repeated exactly."""
    steps_per_round: PositiveInt = 200
    """A checkpoint is written after each round."""
    rounds_per_validation: PositiveInt = 3
    learning_rate: PositiveFloat = 1e-3
    encoder_rate: PositiveFloat = 0.5
    """Learning rate of the encoder as a share of the rest's."""
    warmup_steps: int = Field(default=100, ge=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    ema_decay: float = Field(default=0.998, ge=0, lt=1)
    patience: PositiveInt | None = None
    """Validations without a better score after which training stops; none: never."""


class ComputeConfig(_Section):
    """The machine."""

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = "auto"
    devices: PositiveInt | Literal["auto"] = 1
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    """auto: bf16 where the processor multiplies it, else 32 bits."""
    threads: PositiveInt | None = None
    """Threads of torch on the CPU; none: all."""


class TrainConfig(_Section):
    """A whole training."""

    output: Path
    """Folder for checkpoints, logs and the weights."""
    start: Literal["imagenet", "default", "scratch"] | Path = "imagenet"
    """ImageNet encoder, the built-in model, nothing, or a .safetensors file; for Mask R-CNN nothing
    or a file, which may also hold a ResNet of torchvision alone."""
    name: Annotated[str, AfterValidator(_file_name)] = "custom"
    """Name of the model in its file."""
    seed: int = Field(default=0, ge=0)
    architecture: Architecture | None = None
    """None: that of the file to start from, else the built-in model's."""
    fine_tune: bool | Literal["norms"] = True
    """Where the start is a model of maps: its batch norms keep their statistics, and what is handed
    out is the start, the trained weights or their mean, whichever is best on ground that was not
    learnt. Without a scene held out, half of the time goes to two further networks, which learn from
    one half of the ground each and are judged on the other. "norms": they keep their statistics, and what
    was trained is handed out as it is. False: a long training goes its own way."""
    maskrcnn: MaskRcnnConfig | None = None
    """Train a Mask R-CNN, not the dense network; ``architecture`` and ``loss`` are not used then."""
    model_gsd_m: PixelSizes = (0.25, 0.6)
    """Range of pixel sizes that the finished model declares; finer and coarser rasters are
    resampled to its nearer end."""
    data: DataConfig
    augment: AugmentConfig = AugmentConfig()
    loss: LossConfig = LossConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    compute: ComputeConfig = ComputeConfig()
    tensorboard: bool = False
    """Also log for TensorBoard."""

    @property
    def fine_tunes(self) -> bool:
        """Whether a model of maps is at hand that the training must not make worse."""
        return self.fine_tune is True and self.keeps_norms

    @property
    def keeps_norms(self) -> bool:
        """Whether batch norms keep the statistics of a model that the training starts from."""
        fresh = self.start in {"imagenet", "scratch"}
        return bool(self.fine_tune) and self.maskrcnn is None and not fresh


def changed_config(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Another configuration with other values, those of sections as mappings; None changes nothing.

    Raises:
        UsageError: a value is not allowed.
    """
    raw = config.model_dump()
    for name, value in changes.items():
        if isinstance(value, Mapping):
            raw[name] |= {key: one for key, one in value.items() if one is not None}
        elif value is not None:
            raw[name] = value
    try:
        return TrainConfig.model_validate(raw)
    except ValidationError as error:
        raise UsageError(_sentences(error)) from error


def read_config(path: Path) -> TrainConfig:
    """Read and check a YAML file; relative paths in it are relative to the current folder."""
    try:
        raw = parse_yaml(path.read_bytes())
        return TrainConfig.model_validate(raw)
    except OSError as error:
        raise UsageError(f"cannot read the configuration {path}: {error.strerror}") from error
    except ParseError as error:
        raise UsageError(f"{path}: {error}; geoseg train --init writes one that is") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {_sentences(error)}") from error


def _sentences(error: ValidationError) -> str:
    return "; ".join(_sentence(item) for item in error.errors())


def _sentence(item: ErrorDetails) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "the file"
    if item["type"] == "model_type":
        return f"{where} must hold keys with values, as those do that geoseg train --init writes"
    if item["type"] != "extra_forbidden":
        return f"{where}: {item['msg'].removeprefix('Value error, ')}"
    *parents, given = (str(part) for part in item["loc"])
    known = _keys(parents)
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{where}: no such key; {advice}"


def _keys(parents: Iterable[str]) -> list[str]:
    """The keys of a section."""
    section: type[BaseModel] = TrainConfig
    for name in parents:
        inner = section.model_fields[name].annotation
        kinds = (inner, *get_args(inner))  # a section may be optional
        section = next(k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel))
    return list(section.model_fields)
