#!/usr/bin/env python3
"""Cases of examples/peer_cases in torch, on CUDA (or --device cpu, to try the script): the same inputs, the same JSON lines.

Needs torch and numpy. `ms` is a call and a wait, `device_ms` the time between two events around a call, `of_32_ms` a call
of 32 with one wait; medians.
"""
import argparse
import json
import time

import numpy as np
import torch
import torch.nn.functional as F

TABLES, ROWS, BATCH = 8, 200_000, 2048
BUSY, ENOUGH = 0.5, 1.0


def zipf(n):
    """Ids below ROWS by Zipf's law with exponent 1.05, spread by a multiplication."""
    cdf = np.cumsum(np.arange(1, ROWS + 1, dtype=np.float64) ** -1.05)
    cdf /= cdf[-1]
    rank = np.searchsorted(cdf, np.random.default_rng(7).random(n), side="right").astype(np.uint64)
    return ((rank * 2_654_435_761 + 12_345) % ROWS).astype(np.int64)


def hashed(n, tag):
    values = (np.arange(n, dtype=np.uint64) * 2_654_435_761 + tag * 40_503) & 0xFFFF_FFFF
    return ((values >> 8).astype(np.float64) / 16_777_216 - 0.5).astype(np.float32)


class Peer:
    def __init__(self, device):
        self.cuda = device == "cuda"
        self.device = torch.device(device)
        kind = torch.cuda.get_device_name() if self.cuda else "cpu"
        self.name = f"torch {torch.__version__} {kind}"

    def here(self, values):
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize()

    def wall(self, run, calls=1):
        self.wait()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        self.wait()
        return (time.perf_counter() - start) / calls

    def on_device(self, run):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        self.wait()
        return begin.elapsed_time(end) / 1e3

    def case(self, name, run, checksum):
        sums = checksum(run())
        start = time.perf_counter()
        while time.perf_counter() - start < BUSY:
            self.wall(run)

        def times(measure):
            start, all_times = time.perf_counter(), []
            while len(all_times) < 7 or (time.perf_counter() - start < ENOUGH and len(all_times) < 60):
                all_times.append(measure())
            return sorted(all_times)

        wall = times(lambda: self.wall(run))
        ms = lambda values: round(float(np.median(values)) * 1e3, 4)
        line = {"case": name, "peer": self.name, "ms": ms(wall), "ms_min": ms(wall[:1]), "ms_max": ms(wall[-1:])}
        if self.cuda:
            line["device_ms"] = ms(times(lambda: self.on_device(run)))
            line["of_32_ms"] = ms(times(lambda: self.wall(run, 32)))
        line |= {"runs": len(wall), "checksum": sums[0], "checksum_abs": sums[1]}
        print(json.dumps(line), flush=True)


def sums_of(tensor):
    values = tensor.detach().double()
    return float(values.sum()), float(values.abs().sum())


def tables(peer, dim):
    return peer.here(np.concatenate([hashed(ROWS * dim, t) for t in range(TABLES)]).reshape(TABLES * ROWS, dim))


def bag_ids(peer, length):
    ids = zipf(TABLES * BATCH * length).reshape(TABLES, -1) + np.arange(TABLES)[:, None] * ROWS
    return peer.here(ids.reshape(-1)), peer.here(np.arange(TABLES * BATCH, dtype=np.int64) * length)


def forward(peer, tag, dim, length):
    weight, (ids, offsets) = tables(peer, dim), bag_ids(peer, length)
    run = lambda: F.embedding_bag(ids, weight, offsets, mode="sum")
    peer.case(f"{tag}_fwd_fp32_T{TABLES}_R{ROWS}_D{dim}_B{BATCH}_L{length}", run, sums_of)


def step(peer, name, optimizer):
    dim, length = 64, 20
    weight = torch.nn.Parameter(tables(peer, dim))
    ids, offsets = bag_ids(peer, length)
    grad = hashed(BATCH * TABLES * dim, 1000).reshape(BATCH, TABLES, dim).transpose(1, 0, 2)
    grad = peer.here(grad.reshape(TABLES * BATCH, dim))
    optimizer = optimizer([weight])

    def run():
        optimizer.zero_grad(set_to_none=True)
        F.embedding_bag(ids, weight, offsets, mode="sum", sparse=True).backward(grad)
        optimizer.step()
        return weight

    peer.case(f"E3_step_{name}_T{TABLES}_R{ROWS}_D{dim}_B{BATCH}_L{length}", run, sums_of)


def gather(peer):
    weight, ids = peer.here(hashed(ROWS * 64, 0).reshape(ROWS, 64)), peer.here(zipf(40_960))
    peer.case("B1_gather_200kx64_40960", lambda: F.embedding(ids, weight), sums_of)


def product(peer):
    # f32 as such, as embag computes
    torch.backends.cuda.matmul.allow_tf32 = False
    a, b = peer.here(hashed(512 * 1024, 1).reshape(512, 1024)), peer.here(hashed(1024 * 1024, 2).reshape(1024, 1024))
    peer.case("B3_matmul_512x1024x1024", lambda: a @ b, sums_of)


def sort(peer, count):
    keys = (np.arange(count, dtype=np.uint64) * 2_654_435_761 & 0xFFFF_FFFF) >> (32 - 21)
    keys = peer.here(keys.astype(np.int32))
    places = torch.arange(1, count + 1, device=peer.device) % 16
    weighed = lambda values: float((values.long() * places).sum())
    run = lambda: torch.sort(keys, stable=True)
    peer.case(f"P1_sort_pairs_{count}", run, lambda sorted_: (weighed(sorted_[0]), weighed(sorted_[1])))


CASES = {
    "E1": lambda peer: forward(peer, "E1", 64, 20),
    "E2": lambda peer: [forward(peer, "E2", 128, length) for length in (1, 50)],
    "E3_step_sgd": lambda peer: step(peer, "sgd", lambda all_: torch.optim.SGD(all_, lr=0.01)),
    "E3_step_adagrad": lambda peer: step(peer, "adagrad", lambda all_: torch.optim.Adagrad(all_, lr=0.01, eps=1e-8)),
    "B1": gather,
    "B3": product,
    "P1": lambda peer: [sort(peer, 1 << bits) for bits in (16, 20, 24)],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--only", default="", help=f"prefixes of {', '.join(CASES)}, separated by commas")
    args = parser.parse_args()
    wanted = [only for only in args.only.split(",") if only]
    peer = Peer(args.device)
    for name, case in CASES.items():
        if not wanted or any(name.startswith(only) for only in wanted):
            case(peer)


if __name__ == "__main__":
    main()
