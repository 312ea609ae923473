#!/usr/bin/env python3
"""Cases I2 (and the dot product of I1) of examples/peer_cases in torch: the same inputs, the same JSON lines.

Needs torch and numpy. Stacked interactions as one would write them in torch, without compiling.
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F

from torch_cuda import Peer, hashed, sums_of

BATCH, TOKENS, DIM = 2048, 27, 64
WIDTH = TOKENS * DIM
PAIRS = torch.tril_indices(TOKENS, TOKENS, -1)


class Parameters(list):
    """Parameters in the order of embag's, which hashed values are numbered by."""

    def __init__(self, peer):
        super().__init__()
        self.peer = peer
        # what copies of some of them are trained as
        self.copies = []

    def make(self, *shape):
        cols = shape[-1]
        values = hashed(int(np.prod(shape)), 10 + len(self)) / np.float32(np.sqrt(cols))
        self.append(torch.nn.Parameter(self.peer.here(values.reshape(shape))))
        return self[-1]

    def affine(self):
        self.append(torch.nn.Parameter(torch.stack([torch.ones(DIM), torch.zeros(DIM)]).to(self.peer.device)))
        return self[-1]

    def set(self, target, *shape):
        with torch.no_grad():
            target.copy_(self.make(*shape).reshape(target.shape))


def linear(parameters):
    weight = parameters.make(TOKENS, TOKENS)
    return lambda x: weight @ x


def dot(parameters):
    weight, bias = parameters.make(WIDTH, PAIRS.shape[1]), parameters.make(WIDTH)

    def forward(x):
        products = torch.bmm(x, x.transpose(1, 2))[:, PAIRS[0], PAIRS[1]]
        return F.linear(products, weight, bias).view(-1, TOKENS, DIM)

    return forward


def attention(parameters, heads=2, ff=128):
    layer = torch.nn.TransformerEncoderLayer(DIM, heads, ff, dropout=0.0, batch_first=True).to(parameters.peer.device)
    parameters.set(layer.self_attn.in_proj_weight, 3 * DIM, DIM)
    parameters.set(layer.self_attn.in_proj_bias, 3 * DIM)
    parameters.set(layer.self_attn.out_proj.weight, DIM, DIM)
    parameters.set(layer.self_attn.out_proj.bias, DIM)
    for part, shape in ((layer.linear1, (ff, DIM)), (layer.linear2, (DIM, ff))):
        parameters.set(part.weight, *shape)
        parameters.set(part.bias, shape[0])
    parameters.affine()
    parameters.affine()
    weight = parameters.make(TOKENS, TOKENS)
    parameters.copies += layer.parameters()
    return lambda x: weight @ layer(x)


def net(peer, case, modules, layers=1, steps=False):
    parameters = Parameters(peer)
    made = []
    for _ in range(layers):
        made.append(([module(parameters) for module in modules], parameters.affine()))
    head, bias = parameters.make(1, WIDTH), parameters.make(1)
    x = peer.here(hashed(BATCH * WIDTH, 1).reshape(BATCH, TOKENS, DIM)).requires_grad_()
    dlogits = peer.here(hashed(BATCH, 1000).reshape(BATCH, 1))
    optimizer = torch.optim.Adagrad(parameters, lr=0.01) if steps else None

    def run():
        x.grad = None
        for parameter in parameters + parameters.copies:
            parameter.grad = None
        y = x
        for blocks, (gain, shift) in made:
            total = y
            for block in blocks:
                total = total + block(y)
            y = F.layer_norm(total, (DIM,), gain, shift)
        F.linear(y.flatten(1), head, bias).backward(dlogits)
        if optimizer:
            optimizer.step()
        return x.grad

    peer.case(f"{case}_B{BATCH}_F{TOKENS}_D{DIM}", run, sums_of)


def dots(peer):
    x = peer.here(hashed(BATCH * WIDTH, 1).reshape(BATCH, TOKENS, DIM)).requires_grad_()
    dout = peer.here(hashed(BATCH * PAIRS.shape[1], 1000).reshape(BATCH, -1))

    def run():
        x.grad = None
        torch.bmm(x, x.transpose(1, 2))[:, PAIRS[0], PAIRS[1]].backward(dout)
        return x.grad

    peer.case(f"I1_dot_fwdbwd_B{BATCH}_F{TOKENS}_D{DIM}", run, sums_of)


def norm_of_sum(peer):
    affine = Parameters(peer).affine()
    x = peer.here(hashed(BATCH * WIDTH, 1).reshape(BATCH, TOKENS, DIM)).requires_grad_()
    # copies, as what modules make would be
    parts = hashed(2 * BATCH * WIDTH, 2).reshape(BATCH, 2, TOKENS, DIM)
    parts = [peer.here(parts[:, i]).requires_grad_() for i in range(2)]
    dout = peer.here(hashed(BATCH * WIDTH, 1000).reshape(BATCH, TOKENS, DIM))

    def run():
        for tensor in (x, *parts, affine):
            tensor.grad = None
        F.layer_norm(x + parts[0] + parts[1], (DIM,), *affine).backward(dout)
        return x.grad

    peer.case(f"I2_norm_of_sum_fwdbwd_B{BATCH}_F{TOKENS}_D{DIM}", run, sums_of)


CASES = {
    "I1_dot": dots,
    "I2_dot": lambda peer: net(peer, "I2_dot_fwdbwd", [dot]),
    "I2_norm_of_sum": norm_of_sum,
    "I2_linear": lambda peer: net(peer, "I2_linear_fwdbwd", [linear]),
    "I2_attention": lambda peer: net(peer, "I2_attention_fwdbwd", [attention]),
    "I2_step": lambda peer: net(peer, "I2_step_adagrad_3_layers", [dot, linear], layers=3, steps=True),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help=f"prefixes of {', '.join(CASES)}, separated by commas")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    wanted = [only for only in args.only.split(",") if only]
    peer = Peer(args.device)
    for name, case in CASES.items():
        if not wanted or any(name.startswith(only) for only in wanted):
            case(peer)


if __name__ == "__main__":
    main()
