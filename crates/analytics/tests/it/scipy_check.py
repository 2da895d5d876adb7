"""Computes again with scipy and numpy what the Rust test prints, and compares."""
import json
import sys

import numpy as np
from scipy import special, stats
from scipy.spatial import distance


def fisher(args):
    a, b, first, second = args
    h = stats.hypergeom(first + second, a + b, first)
    return min(1.0, 2 * min(h.sf(a - 1), h.cdf(a)))


def sprt(args):
    """Risks by carrying the binomial probabilities of all numbers of events."""
    p0, p1, lower, upper, p = args
    one, zero = np.log(p1 / p0), np.log((1 - p1) / (1 - p0))
    left, accept, reject, mean = np.array([1.0]), 0.0, 0.0, 0.0
    for n in range(1, 20001):
        mean += left.sum()
        left = np.convolve(left, [1 - p, p])
        k = np.arange(n + 1)
        ratio = k * one + (n - k) * zero
        accept += left[ratio <= lower].sum()
        reject += left[ratio >= upper].sum()
        left[(ratio <= lower) | (ratio >= upper)] = 0
        if left.sum() < 1e-15:
            break
    return [accept, reject, mean]


def run_length(args):
    """Average run length of a CUSUM on a lattice: +up with probability p, else -1, from 0 to h."""
    up, h, p = args
    q = np.zeros((h, h))
    for s in range(h):
        q[s, max(0, s - 1)] += 1 - p
        if s + up < h:
            q[s, s + up] += p
    return np.linalg.solve(np.eye(h) - q, np.ones(h))[0]


FUNCTIONS = {
    "chi2": lambda a: stats.chi2.sf(*a),
    "ks_exact": lambda a: list(stats.ks_2samp(*a, method="exact"))[:2],
    "ks_limit": lambda a: list(stats.ks_2samp(*a, method="asymp"))[:2],
    "jsd": lambda a: distance.jensenshannon(*a, base=2) ** 2,
    "g": lambda a: stats.chi2_contingency(a, lambda_="log-likelihood", correction=False)[0],
    "fisher": fisher,
    "evidence": lambda a: special.betaln(a[1] + 0.5, a[0] - a[1] + 0.5)
    - special.betaln(0.5, 0.5)
    - special.xlogy(a[1], a[2])
    - special.xlog1py(a[0] - a[1], -a[2]),
    "binomial": lambda a: np.exp(stats.binom.logpmf(np.arange(a[0] + 1), *a[:2]) + a[2]).sum(),
    "sprt": sprt,
    "run_length": run_length,
}

bad = 0
for case in json.load(sys.stdin):
    theirs = np.atleast_1d(FUNCTIONS[case["what"]](case["args"])).astype(float)
    ours = np.atleast_1d(case["ours"]).astype(float)
    if not np.allclose(ours, theirs, rtol=case["rtol"], atol=1e-300):
        bad += 1
        print(case["what"], str(case["args"])[:120], "ours", ours, "scipy", theirs)
print("checked")
sys.exit(1 if bad else 0)
