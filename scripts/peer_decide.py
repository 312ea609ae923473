#!/usr/bin/env python3
"""The cases of examples/peer_decide in numpy: the same inputs and steps, and how long either side takes.

Needs numpy, and cargo. From the checkout's root:

    python3 scripts/peer_decide.py                 # a table; exit code 1 if the sides do not agree
    python3 scripts/peer_decide.py --alone         # also numpy with an instance at a time
    python3 scripts/peer_decide.py --scan          # embag alone, from 1,024 to 65,536 instances
    python3 scripts/peer_decide.py --plant ucpd    # numpy with a mistake in that case, which must be found

numpy's arrays have the instances in their last axis, as embag's matrices have, and all instances step at
once. Either side makes its inputs before it is timed, and may use two threads (numpy divides nothing but
products of matrices among them). Rounds of embag and numpy take turns, so that what else the machine does
falls on both; a time is the median over the rounds of the median over the steps.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "LP_NUM_THREADS"]
# glibc keeps the memory of arrays that are gone: to ask the system for it in every step can double numpy's time
MEMORY = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"]
SETTINGS = {name: "2" for name in THREADS} | {name: str(1 << 30) for name in MEMORY}
if __name__ == "__main__" and not SETTINGS.items() <= os.environ.items():
    # both are read when a program starts
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | SETTINGS)

import numpy as np  # noqa: E402, after the settings

F = np.float32
UNTIMED = 8
HORIZON = 1000
# as in examples/peer_decide/inputs.rs
SETS = 8
WEIGHTS, LOSSES, COSTS, BUDGETS, PATH, RIVAL_PATH, REWARDS, STATES, NEXT = range(9)
# what both sides agree to; what is aimed at, beside numpy, and beside numpy with an instance at a time
TOLERANCE = 1e-3
AIM, AIM_ALONE = 0.33, 0.02
# how many instances are run one at a time
ALONE = 100
SCAN = [1024, 4096, 16384, 65536]


def mix(h):
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    return h ^ (h >> np.uint32(16))


def words(of, which, rows, columns):
    row = np.arange(rows, dtype=np.uint32)[:, None]
    return mix(mix(mix(np.full((1, 1), of * SETS + which, np.uint32)) ^ row) ^ columns)


def unit(of, which, rows, columns):
    return (words(of, which, rows, columns) >> np.uint32(8)).astype(F) / F(1 << 24)


def path(of, which, pairs, columns):
    """Of every layer state * actions + action."""
    limits = np.array(pairs, np.uint32)[:, None]
    return (words(of, which, len(pairs), columns) % limits).astype(np.intp)


def sets(make):
    return [make(which) for which in range(SETS)]


def flat(values):
    """States and actions in one axis: pairs."""
    return values.reshape(-1, *values.shape[2:])


class Ucpd:
    """UcPd: a process with a budget. Its moves are states x actions x next states x instances."""

    START = 0.25
    SIZES, ACTIONS, RESIDUAL, SWEEPS = (1, 4, 4, 1), 4, 1e-5, 512

    def __init__(self, columns, planted):
        s, a, n = self.SIZES, self.ACTIONS, len(columns)
        self.layers = layers = range(len(s) - 1)
        pairs = [s[k] * a for k in layers]

        def table(of, which):
            parts = np.split(unit(of, which, sum(pairs), columns), np.cumsum(pairs)[:-1])
            return [part.reshape(-1, a, n) for part in parts]

        self.episodes = sets(
            lambda which: (path(PATH, which, pairs, columns), table(LOSSES, which), table(COSTS, which))
        )
        self.budget = F(1) + F(0.5) * unit(BUDGETS, 0, 1, columns)[0]
        self.prior = F(0.5 if planted else 1)
        # V / alpha, and 1 / alpha
        self.loss_rate, self.cost_rate = F(HORIZON**-0.5), F(1 / (len(layers) * HORIZON))
        self.mix = F(1 / HORIZON)
        self.instances = np.arange(n)
        self.model = [np.full((s[k], a, s[k + 1], n), 1 / s[k + 1], F) for k in layers]
        self.flow = [np.full((s[k], a, n), 1 / (s[k] * a), F) for k in layers]
        self.policy = self.flow
        self.price, self.visits, self.begun = ([np.zeros((s[k], a, n), F) for k in layers] for _ in range(3))
        self.moves = [np.zeros_like(model) for model in self.model]
        self.potentials = [np.zeros((states, n), F) for states in s]
        self.costs, self.due, self.queue = self.price, F(0), np.zeros(n, F)

    def learned(self):
        return np.concatenate([flat(policy) for policy in self.policy])

    def step(self, number):
        self.decide()
        self.observe(*self.episodes[number % SETS])

    def decide(self):
        base = []
        for price, flow, model in zip(self.price, self.flow, self.model):
            # the anchor over the model
            sums = ((F(1) - self.mix) * flow)[:, :, None] * model
            sums += self.mix / F(model[..., 0].size)
            sums /= model
            np.log(sums, out=sums)
            base.append(price + np.einsum("sazi,sazi->sai", sums, model))
        self.solve(base)
        self.flow = [weigh(base, self.model, self.potentials, k) for k in self.layers]
        spent = sum(np.einsum("sai,sai->i", costs, flow) for costs, flow in zip(self.costs, self.flow))
        self.queue = np.maximum(self.queue + spent - self.due, F(0))
        self.policy = [flow / flow.sum(1, keepdims=True) for flow in self.flow]

    def solve(self, base):
        """Iterative scaling until every instance is done. Once half of them are, the others go on alone."""
        model, potentials, who = self.model, self.potentials, None
        for _ in range(self.SWEEPS):
            residual = F(0)
            for k in self.layers[1:]:
                inflow = np.einsum("sai,sazi->zi", weigh(base, model, potentials, k - 1), model[k - 1])
                outflow = weigh(base, model, potentials, k).sum(1)
                residual = np.maximum(residual, np.abs(inflow - outflow).max(0))
                potentials[k] += F(0.5) * np.log(outflow / inflow)
            active = np.flatnonzero(residual > F(self.RESIDUAL))
            is_done = len(active) == 0
            if is_done or 2 * len(active) < len(residual):
                if who is not None:
                    for whole, part in zip(self.potentials, potentials):
                        whole[:, who] = part
                if is_done:
                    return
                who = active if who is None else who[active]
                base, model, potentials = ([part[..., active] for part in of] for of in (base, model, potentials))

    def observe(self, path, losses, costs):
        self.price = [
            -(self.loss_rate * loss + (self.cost_rate * self.queue) * cost) for loss, cost in zip(losses, costs)
        ]
        self.costs, self.due = costs, self.budget
        doubled = False
        for k in self.layers:
            visits, begun = flat(self.visits[k]), flat(self.begun[k])[path[k], self.instances]
            visits[path[k], self.instances] += 1
            to = path[k + 1] // self.ACTIONS if k + 1 < len(path) else 0
            flat(self.moves[k])[path[k], to, self.instances] += 1
            doubled |= visits[path[k], self.instances] - begun >= np.maximum(begun, F(1))
        who = np.flatnonzero(doubled)
        for k in self.layers if len(who) else ():
            visits = self.visits[k][..., who]
            self.begun[k][..., who] = visits
            seen = self.moves[k][..., who] + self.prior
            self.model[k][..., who] = seen / (visits + self.prior * F(self.SIZES[k + 1]))[:, :, None]


def weigh(base, model, potentials, k):
    """How often each pair of a layer is expected."""
    weights = base[k] - potentials[k][:, None]
    if k + 1 < len(model):
        weights += np.einsum("sazi,zi->sai", model[k], potentials[k + 1])
    weights -= weights.max((0, 1))
    np.exp(weights, out=weights)
    weights /= weights.sum((0, 1))
    return weights


class Side:
    """A side of a game: policies, and what it knows of its moves."""

    def __init__(self, sizes, actions, instances):
        layers = range(len(sizes) - 1)
        self.actions, self.instances = actions, np.arange(instances)
        self.policy = [np.full((sizes[k], actions, instances), 1 / actions, F) for k in layers]
        self.logs, self.visits = ([np.zeros_like(policy) for policy in self.policy] for _ in range(2))
        # the last layer's are not asked for
        shapes = [(sizes[k], actions, sizes[k + 1], instances) for k in layers[:-1]]
        self.model = [np.full(shape, 1 / shape[2], F) for shape in shapes]
        self.moves = [np.zeros(shape, F) for shape in shapes]

    def reach(self):
        reached, all_pairs = np.ones((1, len(self.instances)), F), []
        for k, policy in enumerate(self.policy):
            all_pairs.append(reached[:, None] * policy)
            if k < len(self.model):
                reached = np.einsum("sai,sazi->zi", all_pairs[k], self.model[k])
        return all_pairs

    def step(self, payoff, rate, bonus):
        later = None
        for k in reversed(range(len(self.policy))):
            worth = payoff[k]
            if k < len(self.model):
                worth = worth + np.einsum("sazi,zi->sai", self.model[k], later)
                worth += bonus * np.sqrt(F(self.model[k].shape[2]) / np.maximum(self.visits[k], F(1)))
                np.clip(worth, F(0), F(len(self.policy) - k), out=worth)
            later = np.einsum("sai,sai->si", self.policy[k], worth)
            logs = self.logs[k]
            logs += rate * worth
            logs -= logs.max(1, keepdims=True)
            policy = np.exp(logs)
            policy /= policy.sum(1, keepdims=True)
            self.policy[k] = policy

    def count(self, path):
        for k, moves in enumerate(self.moves):
            at = (path[k], self.instances)
            visits, moves = flat(self.visits[k]), flat(moves)
            visits[at] += 1
            moves[path[k], path[k + 1] // self.actions, self.instances] += 1
            flat(self.model[k])[path[k], :, self.instances] = (
                moves[path[k], :, self.instances] / visits[at][:, None]
            )


class FictitiousPlay:
    """FictitiousPlay: two sides with states of their own."""

    START = 0.5
    SIZES, ACTIONS, BONUS = (1, 2, 2, 1), 2, 0.1

    def __init__(self, columns, planted):
        s, a, n = self.SIZES, self.ACTIONS, len(columns)
        pairs = [states * a for states in s[:-1]]
        self.bouts = sets(lambda which: (
            [path(of, which, pairs, columns) for of in (PATH, RIVAL_PATH)],
            unit(REWARDS, which, len(pairs), columns),
        ))
        log = np.log(HORIZON)
        self.rate = F(2 * np.sqrt(np.log(a) / HORIZON) / len(pairs))
        self.reward_bonus = F(self.BONUS * np.sqrt(log))
        self.move_bonus = F(self.BONUS * len(pairs) * np.sqrt(2 * log))
        # the second side hopes for little
        self.sign = F(1 if planted else -1)
        self.sides = [Side(s, a, n) for _ in range(2)]
        self.counts, self.means = ([np.zeros((count, count, n), F) for count in pairs] for _ in range(2))
        self.instances = np.arange(n)

    def learned(self):
        return np.concatenate([flat(policy) for side in self.sides for policy in side.policy])

    def step(self, number):
        first, second = self.sides
        reached, rival = ([flat(pairs) for pairs in side.reach()] for side in self.sides)
        payoffs = [], []
        for k, means in enumerate(self.means):
            bonus = self.reward_bonus / np.sqrt(np.maximum(self.counts[k], F(1)))
            own = np.einsum("pqi,qi->pi", means + bonus, rival[k])
            other = np.einsum("pqi,pi->qi", means + self.sign * bonus, reached[k])
            for payoff, values in zip(payoffs, (own, other)):
                np.clip(values, F(0), F(1), out=values)
                payoff.append(values.reshape(-1, self.ACTIONS, values.shape[1]))
        first.step(payoffs[0], self.rate, self.move_bonus)
        second.step(payoffs[1], -self.rate, self.sign * self.move_bonus)
        (path, rival_path), rewards = self.bouts[number % SETS]
        first.count(path)
        second.count(rival_path)
        for k, reward in enumerate(rewards):
            at = (path[k], rival_path[k], self.instances)
            self.counts[k][at] += 1
            self.means[k][at] += (reward - self.means[k][at]) / self.counts[k][at]


class MirrorProx:
    """MirrorProx: a mix under floors, which are the same in all instances."""

    START = 0.05
    ENTRIES = 20
    FLOORS = [((0, 1, 2, 3), 0.3), ((4, 5, 6, 7), 0.2), ((8, 9), 0.2)]

    def __init__(self, columns, planted):
        n = len(columns)
        self.losses = sets(lambda which: unit(LOSSES, which, self.ENTRIES, columns))
        self.normals = np.zeros((len(self.FLOORS), self.ENTRIES), F)
        for normal, (entries, _) in zip(self.normals, self.FLOORS):
            normal[list(entries)] = -1
        self.bounds = np.array([[-least] for _, least in self.FLOORS], F)
        self.steep = F(1 if planted else len(self.FLOORS))
        self.mix = F(1 / HORIZON)
        self.point, self.anchor = (np.full((self.ENTRIES, n), 1 / self.ENTRIES, F) for _ in range(2))
        self.last = np.zeros_like(self.point)
        self.queues = np.zeros((len(self.FLOORS), n), F)
        self.guess, self.seen = np.ones(n, F), np.zeros(n, F)
        self.weight, self.pull = self.rates(self.guess)

    def learned(self):
        return self.point

    def rates(self, guess):
        root = np.sqrt(guess + F(1))
        return np.sqrt(root), (F(3) * self.steep + F(1)) * root

    def descend(self, gradient, prices):
        slope = gradient + self.normals.T @ prices
        logs = np.log(self.anchor * (F(1) - self.mix) + self.mix / F(self.ENTRIES))
        logs -= slope / self.pull
        logs -= logs.max(0)
        np.exp(logs, out=logs)
        logs /= logs.sum(0)
        return logs

    def step(self, number):
        weighted = self.weight * (self.normals @ self.point - self.bounds)
        self.queues = np.maximum(-weighted, self.queues + weighted)
        prices = self.weight * (self.queues + weighted)
        self.point = self.descend(self.last, prices)
        gradient = self.losses[number % SETS]
        self.anchor = self.descend(gradient, prices)
        difference = gradient - self.last
        self.seen += (difference * difference).max(0)
        self.last = gradient
        who = np.flatnonzero(self.seen > self.guess)
        if len(who):
            self.guess[who] = F(2) * self.seen[who]
            weight, pull = self.rates(self.guess[who])
            self.queues[:, who] *= self.weight[who] / weight
            self.weight[who], self.pull[who] = weight, np.maximum(pull, self.pull[who])


class Td:
    """ValueNet: linear, with variance reduced."""

    START = 0
    FEATURES, RIDGE = 43, F(0.05)
    OFFSET, PRIMAL, DUAL = 400, 0.1, 0.4

    def __init__(self, columns, planted):
        shape = (self.FEATURES, len(columns))

        def states(of, which):
            return F(0.5) * unit(of, which, self.FEATURES, columns) - F(0.25)

        self.transitions = sets(
            lambda which: (states(STATES, which), states(NEXT, which), unit(REWARDS, which, 1, columns)[0])
        )
        self.discount = F(0.89 if planted else 0.9)
        self.theta, self.omega = np.zeros(shape, F), np.zeros(shape, F)

    def learned(self):
        return self.theta

    def gradients(self, theta, omega, x, change, reward):
        along = np.einsum("fi,fi->i", omega, x)
        error = reward + np.einsum("fi,fi->i", theta, change) - along
        return change * along, error * x - self.RIDGE * omega

    def step(self, number):
        x, y, reward = self.transitions[number % SETS]
        told = x, self.discount * y - x, reward
        if number == 0:
            self.means = self.gradients(self.theta, self.omega, *told)
            return
        nu = (number - 1 + self.OFFSET) ** (-1 / 3)
        keep = F(1 - nu * nu)
        before = self.gradients(self.theta, self.omega, *told)
        self.theta = self.theta - F(nu * self.PRIMAL) * self.means[0]
        self.omega = self.omega + F(nu * self.DUAL) * self.means[1]
        now = self.gradients(self.theta, self.omega, *told)
        self.means = [new + keep * (mean - old) for new, mean, old in zip(now, self.means, before)]


CASES = {"ucpd": Ucpd, "fictitious_play": FictitiousPlay, "mirror_prox": MirrorProx, "td": Td}


def numpy_run(case, args):
    """Seconds of a step, and the checksum of examples/peer_decide."""
    columns = np.arange(args.instances, dtype=np.uint32)
    run, times = CASES[case](columns, args.plant == case), []
    for number in range(UNTIMED + args.steps):
        begin = time.perf_counter()
        run.step(number)
        times.append(time.perf_counter() - begin)
    learned = run.learned()
    weights = unit(WEIGHTS, 0, len(learned), columns)
    checksum = float(np.sum(weights * (learned.astype(np.float64) - run.START) ** 2))
    return statistics.median(times[UNTIMED:]), checksum


def alone_run(case, args):
    """Seconds of a step of all instances, one after another, by those of some."""
    seconds, steps = 0.0, 10
    for instance in range(ALONE):
        run = CASES[case](np.array([instance], np.uint32), False)
        run.step(0)
        begin = time.perf_counter()
        for number in range(1, steps + 1):
            run.step(number)
        seconds += time.perf_counter() - begin
    return seconds / (ALONE * steps) * args.instances


def build():
    """Builds embag's side once: what is edited meanwhile must not change it between rounds."""
    command = ["cargo", "build", "--release", "--features", "decide", "--example", "peer_decide"]
    built = subprocess.run([*command, "--message-format", "json"], check=True, stdout=subprocess.PIPE, text=True)
    messages = (json.loads(line) for line in built.stdout.splitlines())
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == "peer_decide"]
    return programs[-1]


def embag_run(program, args, instances):
    command = [program, "--instances", str(instances), "--steps", str(args.steps), "--untimed", str(UNTIMED)]
    command += ["--device", args.device, "--only", ",".join(args.only)]
    environment = {name: value for name, value in os.environ.items() if name not in MEMORY}
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    return {line["case"]: (line["seconds_per_step"], line["checksum"]) for line in lines}


def table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join(cells).rstrip())


def scan(program, args):
    seconds = {}
    for _ in range(args.rounds):
        for instances in SCAN:
            for case, (time_of_step, _) in embag_run(program, args, instances).items():
                seconds.setdefault((case, instances), []).append(time_of_step)
    rows = [["us per instance", *map(str, SCAN)]]
    for case in args.only:
        times = [statistics.median(seconds[case, instances]) / instances for instances in SCAN]
        rows.append([case, *(f"{time_of_one * 1e6:.3f}" for time_of_one in times)])
    table(rows)


def compare(program, args):
    ours, theirs, alone = {}, {}, {}
    for _ in range(args.rounds):
        for case, measured in embag_run(program, args, args.instances).items():
            ours.setdefault(case, []).append(measured)
        for case in args.only:
            theirs.setdefault(case, []).append(numpy_run(case, args))
            if args.alone:
                alone.setdefault(case, []).append(alone_run(case, args))
    rows = [["case", "numpy ms", "embag ms", "ratio", "aim", "difference"]]
    if args.alone:
        rows[0] += ["alone ms", "ratio", "aim"]
    good = True
    for case in args.only:
        numpy_s, embag_s = (statistics.median(seconds for seconds, _ in side[case]) for side in (theirs, ours))
        (_, expected), (_, got) = theirs[case][0], ours[case][0]
        difference = abs(got - expected) / abs(expected)
        # not NaN either
        good &= difference <= TOLERANCE

        def beside(seconds, aim):
            ratio = embag_s / seconds
            return [f"{ratio:.3f}", "met" if ratio <= aim else "missed"]

        times = [f"{numpy_s * 1e3:.3f}", f"{embag_s * 1e3:.3f}"]
        rows.append([case, *times, *beside(numpy_s, AIM), f"{difference:.1e}"])
        if args.alone:
            alone_s = statistics.median(alone[case])
            rows[-1] += [f"{alone_s * 1e3:.1f}", *beside(alone_s, AIM_ALONE)]
    table(rows)
    if not good:
        print(f"the sides do not agree to {TOLERANCE}", file=sys.stderr)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=40, help="timed steps of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--device", choices=["cpu", "gpu", "auto"], default="cpu", help="where embag runs")
    parser.add_argument("--alone", action="store_true", help="numpy with an instance at a time, too")
    parser.add_argument("--scan", action="store_true", help="embag alone, by the number of instances")
    parser.add_argument("--plant", choices=list(CASES), help="makes a mistake in numpy's side of a case: "
                        "half the prior, the sign of a bonus, the steepness of the floors, the discount")
    args = parser.parse_args()
    if unknown := set(args.only) - set(CASES):
        parser.error(f"--only: expected {', '.join(CASES)}, got {', '.join(sorted(unknown))}")
    program = build()
    if args.scan:
        scan(program, args)
    elif not compare(program, args):
        sys.exit(1)


if __name__ == "__main__":
    main()
