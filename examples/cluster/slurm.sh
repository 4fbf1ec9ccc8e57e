#!/bin/bash
# One raster by a job array of SLURM, which needs no connection between jobs:
#
#   jobs=$(sbatch --parsable --array=0-63 examples/cluster/slurm.sh maps ortho.tif run)
#   sbatch --dependency=afterok:$jobs examples/cluster/slurm.sh predict ortho.tif run buildings.gpkg
#
# ortho.tif and run lie where every node sees them. A job that failed is submitted again by its number
# (--array=17); what it had stored is kept. The first job also compiles for half a minute.
#SBATCH --job-name=geoseg
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
set -euo pipefail

case "$1" in
maps)
    # The part is that of this job: SLURM_ARRAY_TASK_ID of SLURM_ARRAY_TASK_COUNT. With one job alone
    # submitted again the count is 1: say how many there were, as in PARTS=64.
    geoseg maps "$2" "$3" ${PARTS:+--part "$SLURM_ARRAY_TASK_ID/$PARTS"} --quiet
    ;;
predict)
    geoseg predict "$2" "$4" --maps "$3" --workers "${SLURM_CPUS_PER_TASK:-1}" --resume --quiet
    ;;
*)
    echo "give maps RASTER FOLDER, or predict RASTER FOLDER OUTPUT" >&2
    exit 2
    ;;
esac
