#!/usr/bin/env bash
# lightning 2.6.6 with torch 2.13.0: checkpoints by the clock are written in the middle of an accumulation round, and a
# training that goes on from one silently loses the gradients of the round's batches so far.
#
# A good engineer guesses that a training that was killed and goes on from its last checkpoint ends where one that was never
# stopped ends; the trainer saves loops, optimizers and progress for that. With accumulate_grad_batches a step of the
# optimizer takes several batches; ModelCheckpoint(train_time_interval=...) looks at the clock after every one (as max_time
# does, which ends a training there). The checkpoint says how many batches are done, but holds no gradients. Resumed, the
# trainer goes on with the next batch, and the round's step is made of what is left of it, divided as if it were whole.
#
# Here every batch has the gradient 1 and the rate is 1, so that a round takes 1 from a weight that begins at 0. Forty batches
# in two rounds end at -2; resumed from a checkpoint after n batches of the second they end at -2 + n / 20. A line
# of the log speaks of a dataloader that is not resumable, none of gradients.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check lightning==2.6.6 torch==2.13.0 numpy==2.4.6
cat > "$folder/round.py" <<'PY'
import logging
import sys
import time
import warnings
from datetime import timedelta

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

warnings.simplefilter("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
BATCHES, ROUND = 40, 20


class Counting(L.LightningModule):
    def __init__(self, pause_s):
        super().__init__()
        self.weight, self.pause_s = torch.nn.Parameter(torch.zeros(())), pause_s

    def training_step(self, batch, index):
        time.sleep(self.pause_s)
        return self.weight * batch.sum()  # batches of a single 1

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


def train(folder, pause_s, resumed=None):
    module = Counting(pause_s)
    kept = ModelCheckpoint(folder, filename="kept", train_time_interval=timedelta(seconds=2.8))
    trainer = L.Trainer(
        max_epochs=1, accumulate_grad_batches=ROUND, accelerator="cpu", logger=False, callbacks=[kept],
        enable_progress_bar=False, enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(torch.ones(BATCHES, 1)), ckpt_path=resumed, weights_only=False)
    return float(module.weight.detach()), trainer.global_step


folder = sys.argv[1]
whole, steps = train(folder, 0.1)
path = f"{folder}/kept.ckpt"
loop = torch.load(path, weights_only=False)["loops"]["fit_loop"]
done = loop["epoch_loop.batch_progress"]["total"]["ready"]
ended, after = train(f"{folder}/again", 0.0, path)
lost = done % ROUND
print(f"never stopped: {steps} steps, weight {whole:.2f}")
print(f"its checkpoint: after {done} batches, {lost} of a round of {ROUND}")
print(f"resumed from there: {after} steps in all, weight {ended:.2f}; without their gradients {whole + lost / ROUND:.2f}")
assert steps == 2 and abs(whole + 2) < 1e-5
assert lost, "checkpoints wait for a round to end now"
assert after == 2 and abs(ended - (whole + lost / ROUND)) < 1e-5, "gradients of a stopped round are kept now"
PY
"$folder/env/bin/python" "$folder/round.py" "$folder"
