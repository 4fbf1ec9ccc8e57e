"""Runs by a Dask cluster: the same bytes, and what it may lack in one sentence."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import exit_code, invoke
from conftest import RasterMaker
from painted import PaintedModel, paint_town
from spread_runs import OF_HOUSES, OPTIONS, Cut, CutAll, Houses, Once, digest

import geoseg
from geoseg.errors import UsageError, WorkerError

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's own making: ports, clocks, sockets
MODEL = "painted:PaintedModel"


@pytest.fixture(scope="module", autouse=True)
def silence() -> Iterator[None]:
    """What Dask says comes when streams of a test are closed already."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three workers of one thread in this process; they listen on the loopback alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running = distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=False, dashboard_address=None,
            protocol="tcp", host="127.0.0.1",
        )  # fmt: skip
        yield running
        running.close()


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    return make_raster("town.tif", paint_town(330, 240)[0])


@pytest.mark.thorough
def test_a_cluster_gives_the_bytes_of_one_process(cluster: Any, town: Path, tmp_path: Path) -> None:
    address = cluster.scheduler_address
    for model, options in ((PaintedModel(), OPTIONS), (Houses(), OF_HOUSES)):
        alone = geoseg.predict(town, model=model, **options)
        assert digest(geoseg.predict(town, model=model, cluster=address, **options)) == digest(
            alone
        )
    with distributed.Client(address, set_as_default=False) as client:
        found = geoseg.predict(
            town, model=PaintedModel(), executor=client.get_executor(), **OPTIONS
        )
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": address}), encoding="utf-8")
    told = invoke("predict", town, tmp_path / "b.gpkg", "--model", MODEL, "--cluster", file, "--json",
                  "--tile", 48, "--shape", "raw")  # fmt: skip
    workers = json.loads(told.stdout)["record"]["workers"]
    pixels = 330 * 240
    assert 0 < workers["bytes_received"] < pixels * 3 * 0.7
    geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert digest(tmp_path / "b.gpkg") == digest(tmp_path / "w.gpkg")


def test_what_a_cluster_may_lack(town: Path, tmp_path: Path, capsys: Any) -> None:
    def refused(error: type[Exception], message: str, **options: Any) -> None:
        with pytest.raises(error, match=message):
            geoseg.predict(town, model=PaintedModel(), **{**OPTIONS, **options})

    refused(UsageError, "neither an address, such as tcp://host:8786, nor", cluster="nowhere.json")
    refused(
        UsageError, "give seconds, more than 0; got 0", cluster="tcp://a:1", cluster_timeout_s=0
    )
    refused(UsageError, "give one", cluster="tcp://a:1", workers=2)
    refused(
        WorkerError,
        "no scheduler answers at tcp://127.0.0.1:9 ",
        cluster="tcp://127.0.0.1:9",
        cluster_timeout_s=0.5,
    )
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1"
    ) as empty:
        code = exit_code(
            "predict", town, tmp_path / "b.gpkg", "--model", MODEL, "--cluster",
            empty.scheduler_address, "--cluster-timeout", 0.5,
        )  # fmt: skip
    said = capsys.readouterr().err
    assert code == 1
    assert "has no workers yet; waiting for one, 0.5 s at most" in said
    assert "has had no worker for 0.5 s; start some" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["town.tif"]


@pytest.mark.thorough
def test_a_stopped_home_goes_on_with_a_cluster(cluster: Any, town: Path, tmp_path: Path) -> None:
    output, reports = tmp_path / "b.gpkg", []

    def stop(report: object) -> None:
        reports.append(report)
        if len(reports) == 3:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"cluster": cluster.scheduler_address, **OPTIONS}
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(town, output, model=PaintedModel(), progress=stop, **options)
    assert not output.exists()
    told = geoseg.predict(town, output, model=PaintedModel(), resume=True, **options)
    whole = geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert told.tiles == whole.tiles
    assert digest(output) == digest(tmp_path / "w.gpkg")


@pytest.mark.thorough
def test_a_lost_connection_is_made_up_for(town: Path, tmp_path: Path) -> None:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None,
        protocol="tcp", host="127.0.0.1",
    ) as two:  # fmt: skip
        found = geoseg.predict(
            town, model=Cut(tmp_path / "mark"), cluster=two.scheduler_address, **OPTIONS
        )
        assert len(two.scheduler.workers) == 1
    assert (tmp_path / "mark").exists()
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))


@pytest.mark.thorough
def test_a_result_that_comes_while_its_worker_is_lost_counts(
    cluster: Any, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = distributed.Client._gather_remote

    async def and_lose(client: Any, *given: Any) -> Any:
        response = await gather(client, *given)
        for key in set(response.get("data", ())) & set(client.futures):
            client.futures[key].lose()  # as by a message of the scheduler's that came in between
        return response

    monkeypatch.setattr(distributed.Client, "_gather_remote", and_lose)
    address = cluster.scheduler_address
    alone = digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))
    assert digest(geoseg.predict(town, model=PaintedModel(), cluster=address, **OPTIONS)) == alone
    with distributed.Client(address, set_as_default=False) as client:
        executor = client.get_executor()
        found = geoseg.predict(town, model=PaintedModel(), executor=executor, **OPTIONS)
        with pytest.raises(UsageError, match="give seconds, more than 0; got 0"):
            geoseg.predict(town, model=PaintedModel(), executor=executor, cluster_timeout_s=0)
    assert digest(found) == alone


@pytest.mark.thorough
def test_a_cluster_that_lost_all_workers_is_not_waited_for_for_ever(
    town: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("geoseg.run.spread.cluster.COUNT_EVERY_S", 0.1)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None,
        protocol="tcp", host="127.0.0.1",
    ) as two:  # fmt: skip
        with pytest.raises(WorkerError, match=r"workers of the cluster are gone, and for 1 s none"):
            geoseg.predict(
                town, model=CutAll(), cluster=two.scheduler_address, cluster_timeout_s=1, **OPTIONS
            )
        assert not two.scheduler.workers
    assert "no worker of the cluster is left; waiting for one, 1 s at most" in caplog.text


@pytest.mark.thorough
def test_dasks_own_settings_of_tls_hold(town: Path) -> None:
    """Keys made here, and without them."""
    pytest.importorskip("cryptography")
    import dask

    keys = distributed.Security.temporary()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
        protocol="tls", host="127.0.0.1", security=keys,
    ) as closed:  # fmt: skip
        address = closed.scheduler_address
        assert address.startswith("tls://127.0.0.1:")
        file = town.with_name("scheduler.json")
        file.write_text(json.dumps({"address": address}), encoding="utf-8")
        for name in (address, file):
            with pytest.raises(UsageError, match=r"TLS, .* Dask's own settings .*\(none are set\)"):
                geoseg.predict(town, model=MODEL, cluster=name, **OPTIONS)
        gone = {"distributed.comm.tls.ca-file": "gone.pem"}
        with dask.config.set(gone), pytest.raises(UsageError, match="speaks TLS"):
            geoseg.predict(town, model=MODEL, cluster=address, **OPTIONS)
        known = {
            "distributed.comm.tls.ca-file": keys.tls_ca_file,
            "distributed.comm.tls.client.cert": keys.tls_client_cert,
            "distributed.comm.tls.client.key": keys.tls_client_key,
        }
        with dask.config.set(known):
            found = geoseg.predict(town, model=MODEL, cluster=address, **OPTIONS)
    assert digest(found) == digest(geoseg.predict(town, model=MODEL, **OPTIONS))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3, 4])
def test_a_lost_worker_of_a_cluster_is_made_up_for(
    town: Path, tmp_path: Path, workers: int
) -> None:
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as processes:
        found = geoseg.predict(
            town, model=Once(tmp_path / "mark"), cluster=processes.scheduler_address, **OPTIONS
        )
    assert (tmp_path / "mark").exists()
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))
