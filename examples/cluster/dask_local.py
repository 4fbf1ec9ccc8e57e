"""One raster by Dask workers of this machine: ``python examples/cluster/dask_local.py RASTER OUTPUT``.

What starts the workers may be anything of Dask's: dask-jobqueue for SLURM, PBS and LSF, dask-kubernetes, or
``dask scheduler`` and ``dask worker --nthreads 1`` by hand. The rest stays as it is.
"""

from __future__ import annotations

import sys

from distributed import Client, LocalCluster

import geoseg

if __name__ == "__main__":
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        executor = client.get_executor(pure=False)
        print(geoseg.predict(sys.argv[1], sys.argv[2], executor=executor))
