#!/usr/bin/env python3
"""Tables from torch.nn.EmbeddingBag to embag, one step there, and back: compared with the same step in torch.

Needs torch, numpy and safetensors, and cargo. From the checkout's root:

    python3 scripts/torch_round_trip.py
"""
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

LR = 0.5
SHAPES = {"user_bag": (100, 16), "movie_bag": (5000, 12)}


def main():
    torch.manual_seed(1)
    model = torch.nn.ModuleDict({name: torch.nn.EmbeddingBag(*shape, mode="mean") for name, shape in SHAPES.items()})
    with tempfile.TemporaryDirectory() as folder:
        given, back = Path(folder) / "model.safetensors", Path(folder) / "trained.safetensors"
        save_file(model.state_dict(), given)
        subprocess.run(["cargo", "run", "--quiet", "--example", "torch_tables", "--", given, back, "--lr", str(LR)], check=True)

        # the same step: for each table the bags [first, last] and [last], loss = the sum of all squares / 2
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        outputs = [model[name](torch.tensor([0, rows - 1, rows - 1]), torch.tensor([0, 2])) for name, (rows, _) in SHAPES.items()]
        sum((out.square().sum() / 2 for out in outputs)).backward()
        optimizer.step()

        trained = load_file(back)
        assert set(trained) == set(model.state_dict()), sorted(trained)
        for name, expected in model.state_dict().items():
            difference = (trained[name] - expected).abs().max().item()
            changed = (trained[name] != load_file(given)[name]).any(1).nonzero().flatten().tolist()
            assert difference < 1e-6 and changed == [0, len(expected) - 1], (name, difference, changed)
            print(f"{name}: rows {changed} stepped, largest difference to torch {difference:.1e}")
        model.load_state_dict(trained)
    print("torch has them back")


if __name__ == "__main__":
    main()
