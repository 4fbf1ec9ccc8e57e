"""A finished network teaches another what it sees."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_training import ARCHITECTURE, first_logged, labels_loss, small_training

from geoseg.attributes.confidence import Rating
from geoseg.errors import ModelError, UsageError
from geoseg.models.card import render_card
from geoseg.models.network import build_network
from geoseg.models.records import Calibration, Curve
from geoseg.models.weights import (
    Architecture,
    DataSource,
    Decoding,
    Metadata,
    load_weights,
    read_metadata,
    save_weights,
)
from geoseg.train.distil import Teacher, Teachers, distance
from geoseg.train.fitting import make_learner
from geoseg.train.module import SegmentationModule
from geoseg.train.run import train

pytestmark = pytest.mark.thorough


def write_model(
    path: Path, source: str, heads: tuple[str, ...] = ("body", "contact", "edge")
) -> Path:
    """A network with random weights that says it has learnt from ``source``."""
    architecture = Architecture.model_validate({**ARCHITECTURE, "heads": heads})
    torch.manual_seed(3)
    sources = (DataSource(name=source, licence="ODbL"),)
    record = Metadata(name="t", architecture=architecture, halo_px=64, sources=sources)
    save_weights(build_network(architecture).state_dict(), record, path)
    return path


def test_the_distance_is_least_at_the_teachers_own_answers(tmp_path: Path) -> None:
    teacher = Teacher(write_model(tmp_path / "teacher.safetensors", "elsewhere"))
    images = torch.rand(2, 3, 48, 48) * 2 - 1
    answers = teacher.answers(images)
    same = torch.logit(answers)
    for moved in (same + 0.5, same - 0.5, -same):
        assert (distance(same, answers) < distance(moved, answers)).all()


def test_the_teacher_answers_as_its_file_says(tmp_path: Path) -> None:
    path = write_model(tmp_path / "teacher.safetensors", "elsewhere")
    state, record = load_weights(path)
    plain = build_network(record.architecture)
    plain.load_state_dict(state)
    images = torch.rand(1, 3, 48, 48) * 2 - 1
    with torch.no_grad():
        wanted = torch.sigmoid(plain.eval()(images))
    torch.testing.assert_close(Teacher(path).answers(images), wanted, atol=1e-5, rtol=0)


def test_views_are_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = Teacher(write_model(tmp_path / "teacher.safetensors", "elsewhere"))
    monkeypatch.setattr(teacher, "_network", torch.nn.Conv2d(3, 3, 1))
    images = torch.rand(2, 3, 48, 64)
    for flips in ((), (2,), (3,), (2, 3)):
        for seed in range(3):
            lot = torch.Generator().manual_seed(seed)
            torch.testing.assert_close(teacher.seen(images, flips, lot), teacher.answers(images))


def test_several_teachers_are_learnt_from_as_one(tmp_path: Path) -> None:
    paths = [write_model(tmp_path / f"{name}.safetensors", name) for name in "ab"]
    state, record = load_weights(paths[1])
    save_weights({name: 0.5 * each for name, each in state.items()}, record, paths[1])
    one, other = (Teacher(path) for path in paths)
    images = torch.rand(1, 3, 48, 48)
    mean = (one.answers(images) + other.answers(images)) / 2
    torch.testing.assert_close(Teachers(paths).answers(images), mean)
    lots = [torch.Generator().manual_seed(seed) for seed in (1, 1, 2)]
    first, same, another = (Teachers(paths, 4).answers(images, lot) for lot in lots)
    assert torch.equal(first, same)
    assert not torch.equal(first, another)
    assert ((first - mean).abs() < 0.1).all()
    with pytest.raises(ModelError, match="there is no model file"):
        Teachers([*paths, tmp_path / "none.safetensors"])


@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_its_answers_are_part_of_the_loss_and_its_weights_of_nothing(tmp_path: Path) -> None:
    path = write_model(tmp_path / "teacher.safetensors", "elsewhere")
    config = small_training(tmp_path, {"teacher": [path, path], "teacher_weight": 3.0})
    alone = small_training(tmp_path, {})
    taught = SegmentationModule(config, [])
    assert set(taught.state_dict()) == set(SegmentationModule(alone, []).state_dict())
    train(config)
    row = first_logged(config)
    assert row["unlike"] > 0
    assert row["loss"] == pytest.approx(labels_loss(config) + 3 * row["unlike"], rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_the_file_names_what_start_and_teacher_have_learnt_from(tmp_path: Path) -> None:
    teacher = write_model(tmp_path / "teacher.safetensors", "elsewhere")
    start = write_model(tmp_path / "start.safetensors", "before")
    config = small_training(tmp_path, {"teacher": teacher}, start=start, fine_tune=False)
    sources = read_metadata(train(config).path).sources
    assert [source.name for source in sources] == ["before", "elsewhere", "town"]
    assert [source.licence for source in sources][:2] == ["ODbL", "ODbL"]


@pytest.mark.filterwarnings("ignore")
def test_the_file_decodes_as_the_start_does_and_says_so(tmp_path: Path) -> None:
    start = write_model(tmp_path / "start.safetensors", "before")
    state, record = load_weights(start)
    chosen = Decoding(body_threshold=0.37, seed_threshold=0.71, join_threshold=0.5)
    calibration = Calibration(
        intercept=-1.0, curves={"mean_body": Curve(at=(0.0, 1.0), adds=(0.0, 1.0))}
    )
    decoded = {"decoding": chosen, "tta": True, "calibration": calibration}
    save_weights(state, record.model_copy(update=decoded), start)
    path = train(small_training(tmp_path, {}, start=start)).path
    ours = read_metadata(path)
    assert (ours.decoding, ours.tta) == (chosen, True)
    assert ours.calibration == calibration.model_copy(update={"inherited": True})
    assert Rating(ours.calibration).meaning.endswith("geoseg tune fits it to this one")
    assert "calibrated for the model that the training started from" in render_card(path)


def test_a_teacher_of_other_maps_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "teacher.safetensors", "elsewhere", heads=("body",))
    with pytest.raises(ModelError, match="predicts body; it must predict body, contact, edge"):
        Teacher(path)
    with pytest.raises(ModelError, match="there is no model file"):
        Teacher(tmp_path / "none.safetensors")


@pytest.mark.parametrize(("crop_px", "views"), [(40, 1), (16, 4)])
def test_crops_suit_the_teachers(tmp_path: Path, crop_px: int, views: int) -> None:
    path = write_model(tmp_path / "teacher.safetensors", "elsewhere")
    stride_px = read_metadata(path).architecture.stride_px
    config = small_training(tmp_path, {"teacher": path, "teacher_views": views})
    data = config.data.model_copy(update={"crop_px": crop_px * stride_px // 16})
    with pytest.raises(
        UsageError, match=r"crop_px .* must be a multiple of the (network's )?stride"
    ):
        make_learner(config.model_copy(update={"data": data}), [])


def test_the_network_is_the_starts(tmp_path: Path) -> None:
    start = write_model(tmp_path / "start.safetensors", "before")
    config = small_training(tmp_path, {}, start=start, architecture=None)
    own, record = load_weights(start)
    learner = SegmentationModule(config, [])
    assert learner.architecture == record.architecture
    assert all(torch.equal(own[name], now) for name, now in learner.network.state_dict().items())
    other = small_training(tmp_path, {}, start=start, architecture={"encoder": "resnet18"})
    with pytest.raises(UsageError, match="another architecture"):
        SegmentationModule(other, [])
