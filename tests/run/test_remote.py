"""Rasters on a server: secrets, other bytes under the same address, faults of the network."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import painted
import pytest
import rasterio
from painted import PaintedModel, paint_town
from rasterio.env import get_gdal_config
from stopped_runs import (
    OPTIONS,
    SECRET,
    SIGNED,
    Served,
    StoppedModel,
    content,
    holders_of,
    interrupted,
    rows,
)
from tries import first

import geoseg
from geoseg.errors import (
    GeosegError,
    ResumeError,
    UnreachableRasterError,
    UnreadableRasterError,
)
from geoseg.raster import remote
from geoseg.raster.identity import FileIdentity

pytestmark = pytest.mark.usefixtures("quick")


COMMAND = """
import sys
sys.path.insert(0, sys.argv.pop(1))
stop = int(sys.argv.pop(1))
from painted import PaintedModel
import geoseg.models.choice
from geoseg.models.traits import Traits

class Model(PaintedModel):
    traits = Traits.of(PaintedModel())
    def predict_maps(self, images):
        if self.calls == stop:
            raise KeyboardInterrupt
        return super().predict_maps(images)

geoseg.models.choice.load_model = lambda *_, **__: Model()
sys.argv[0] = "geoseg"
from geoseg.cli import main
main()
"""


def command(*arguments: object, stop: int = -1) -> subprocess.CompletedProcess[str]:
    folder = str(Path(painted.__file__).parent)
    return subprocess.run(
        [sys.executable, "-c", COMMAND, folder, str(stop), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.thorough
@pytest.mark.parametrize("user", ["", f"me:{SECRET}@"])
def test_a_signed_address_leaves_no_secret_anywhere_and_a_fresh_one_goes_on(
    town: Served, tmp_path: Path, user: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    options = ["--tile", 48, "--shape", "raw", "-vv", "--json"]
    town.server.order(heads=403, drop=0.1)
    stopped = command("predict", town.address(SIGNED, user), out / "b.gpkg", *options, stop=12)
    assert stopped.returncode == 130, stopped.stderr
    assert holders_of("127.0.0.1", out) == ["manifest.json"]
    assert holders_of(SECRET, out) == []
    done = command("predict", town.address("?sig=an0ther"), out / "b.gpkg", *options, "--resume")
    assert done.returncode == 0, done.stderr
    assert "resumed after " in done.stderr
    assert set(gpd.read_file(out / "b.gpkg", layer="buildings").source) == {"town.tif"}
    told = json.loads(done.stdout)["record"]
    assert told["sources"][0]["path"] == town.address()
    assert told["command"].startswith(f"geoseg predict {town.address()} ")
    for secret in (SECRET, "an0ther", "X-Amz"):
        assert holders_of(secret, out) == []
        assert secret not in stopped.stdout + stopped.stderr + done.stdout + done.stderr
    geoseg.predict(town.path, out / "local.gpkg", model=PaintedModel(), **OPTIONS)
    assert content(out / "b.gpkg").equals(content(out / "local.gpkg"))


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_the_status_is_told_and_no_secret(
    town: Served, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    town.server.order(status=status)
    with caplog.at_level(logging.DEBUG), pytest.raises(UnreachableRasterError) as caught:
        geoseg.predict(town.address(SIGNED), model=PaintedModel(), **OPTIONS)
    assert f"{town.address()} cannot be opened: the server answers {status} " in str(caught.value)
    assert caught.value.__suppress_context__
    assert SECRET not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("fault", "told"),
    first(
        1,
        [
            ({"status": 403}, "answers 403 Forbidden"),
            ({"status": 503}, "answers 503 Service Unavailable"),
            ({"drop": 1.0}, "gives no answer"),
        ],
    ),
)
@pytest.mark.parametrize("skip_errors", first(1, [True, False]))
def test_a_fault_half_way_fails_the_run_which_goes_on(
    town: Served, tmp_path: Path, fault: dict[str, Any], told: str, skip_errors: bool
) -> None:
    output, options = tmp_path / "b.gpkg", OPTIONS | {"skip_errors": skip_errors}
    model = StoppedModel(lambda: town.server.order(**fault))
    with pytest.raises(UnreadableRasterError) as caught:
        geoseg.predict(town.address(SIGNED), output, model=model, **options)
    message = str(caught.value)
    assert told in message or "signed address has expired" in message
    assert "--resume" in message
    assert SECRET not in message
    assert not output.exists()
    town.server.order()
    model = PaintedModel()
    summary = geoseg.predict(town.address(), output, model=model, resume=True, **options)
    assert model.calls < summary.tiles.done
    assert summary.tiles.failed == 0
    whole = geoseg.predict(town.path, model=PaintedModel(), **OPTIONS)
    assert content(output).equals(rows(whole))


@pytest.mark.thorough  # it waits
def test_a_hanging_server_is_given_up(town: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "OPTIONS", dict(remote.OPTIONS) | {"GDAL_HTTP_MAX_RETRY": "0"})
    town.server.order(hang=True)
    with pytest.raises(UnreachableRasterError, match="gives no answer"):
        geoseg.predict(town.address(), model=PaintedModel(), **OPTIONS)


def test_dropped_connections_fail_nothing(town: Served) -> None:
    town.server.order(drop=0.1)
    found = geoseg.predict(town.address(), model=PaintedModel(), readers=2, **OPTIONS)
    here = geoseg.predict(town.path, model=PaintedModel(), **OPTIONS)
    assert found.to_wkb().equals(here.to_wkb())


def test_a_server_without_ranges_is_told(town: Served) -> None:
    town.server.order(ranges=False)
    with pytest.raises(GeosegError, match="Range downloading not supported"):
        geoseg.predict(town.address(), model=PaintedModel(), **OPTIONS)


def test_few_requests_are_no_data(town: Served) -> None:
    town.server.order()
    geoseg.predict(town.address(SIGNED), model=PaintedModel(), **OPTIONS)
    asked = [request for request in town.server.requests() if request[2] in (None, "bytes=0-0")]
    rows = 700 // 48 + 2
    # One look before each row is kept, and little besides.
    assert len(asked) <= rows + 10
    assert {path.partition("?")[0] for _, path, _ in asked} == {"/" + town._name}


@pytest.mark.thorough
@pytest.mark.parametrize("stated", first(1, ["etag", "modified"]))
def test_other_bytes_under_the_same_address_and_size_are_noticed(
    town: Served, tmp_path: Path, stated: str
) -> None:
    before, after = ({"etag": None, stated: value} for value in ('"1"', '"2"'))
    output = tmp_path / "b.gpkg"
    town.server.order(**before)
    interrupted(town.address(), output)
    town.server.order(**after)
    with pytest.raises(ResumeError, match=r"town\.tif was changed since"):
        geoseg.predict(town.address(), output, model=PaintedModel(), resume=True, **OPTIONS)
    town.server.order(**before)
    assert geoseg.predict(
        town.address(), output, model=PaintedModel(), resume=True, **OPTIONS
    ).buildings
    model = StoppedModel(lambda: town.server.order(**after))
    with pytest.raises(UnreadableRasterError, match=r"town\.tif was changed or removed while"):
        geoseg.predict(town.address(), model=model, **OPTIONS)


@pytest.mark.thorough
def test_a_server_that_states_no_version_is_told_and_not_gone_on_with(
    town: Served, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "b.gpkg"
    town.server.order(etag=None)
    interrupted(town.address(SIGNED), output)
    assert "this run cannot be resumed: the server of " in caplog.text
    assert SECRET not in caplog.text
    with pytest.raises(ResumeError, match="states neither ETag nor Last-Modified"):
        geoseg.predict(town.address(), output, model=PaintedModel(), resume=True, **OPTIONS)
    summary = geoseg.predict(
        town.address(), output, model=PaintedModel(), overwrite=True, **OPTIONS
    )
    assert summary.buildings


def test_options_of_the_caller_win(town: Served) -> None:
    with rasterio.Env(GDAL_HTTP_MAX_RETRY="7"):
        remote._tell_gdal(town.address())
        assert str(get_gdal_config("GDAL_HTTP_MAX_RETRY")) == "7"
    assert str(get_gdal_config("GDAL_HTTP_RETRY_CODES")) == remote.OPTIONS["GDAL_HTTP_RETRY_CODES"]
    with remote.opening(town.address()):
        assert get_gdal_config("GDAL_DISABLE_READDIR_ON_OPEN") == "EMPTY_DIR"
    assert get_gdal_config("GDAL_DISABLE_READDIR_ON_OPEN") is None


@pytest.mark.parametrize(
    ("status", "asked", "told"),
    [
        (404, 1, []),
        (403, 1, []),
        (503, 5, ["answers 503 Service Unavailable; trying again in"] * 4),
    ],
)
def test_only_what_may_pass_is_tried_again_and_in_plain_words(
    town: Served, caplog: pytest.LogCaptureFixture, status: int, asked: int, told: list[str]
) -> None:
    town.server.order(status=status)
    with pytest.raises(UnreachableRasterError, match=f"answers {status} "):
        geoseg.info(town.address())
    assert sum(method == "HEAD" for method, *_ in town.server.requests()) == asked
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(told)
    assert all(
        words in line and "CPLE" not in line for words, line in zip(told, lines, strict=True)
    )


def test_a_server_is_asked_with_what_gdal_sends(town: Served) -> None:
    town.server.order(authorization="Basic bWU6cHc=")
    assert FileIdentity.of(town.address()).unknown
    assert FileIdentity.of(town.address(user="me:pw@")).tag == '"1"'
    with rasterio.Env(GDAL_HTTP_USERPWD="me:pw"):
        assert FileIdentity.of(f"/vsicurl/{town.address()}").tag == '"1"'
    with rasterio.Env(GDAL_HTTP_HEADERS="X-A: b,Authorization: Basic bWU6cHc="):
        identity = FileIdentity.of(town.address(SIGNED))
    assert identity == FileIdentity(
        path=town.address(), size_bytes=town.path.stat().st_size, tag='"1"'
    )


def test_the_same_size_and_time_with_other_content_is_noticed(
    make_raster: Any, tmp_path: Path
) -> None:
    source = make_raster("town.tif", paint_town(700, 120)[0])
    output, times = tmp_path / "b.gpkg", source.stat()
    interrupted(str(source), output)
    flipped = np.flip(paint_town(700, 120)[0], axis=2)
    make_raster("town.tif", flipped)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert source.stat().st_size == times.st_size
    with pytest.raises(ResumeError, match=r"town\.tif was changed since"):
        geoseg.predict(source, output, model=PaintedModel(), resume=True, **OPTIONS)
