"""@ID@: a regressor in Python. Change the method in `fit`; what stands around it can stay. Run `make` after every change.

The method it comes with: one component of powered partial least squares, shrunk.

    c = X'y, scaled so that the largest |c_j| is 1       how well each column goes with y
    w_j = sign(c_j) |c_j|^power                          power > 1: the best columns count more
    b = t'y / t't / (1 + alpha), with t = Xw             least squares on one column, shrunk towards 0
    prediction: X_new (b w)

What the host has done before: X and X_new are centred and scaled on the training rows, y is centred. Fit no intercept, rescale nothing.
"""

import numpy as np

# INFO and PARAMS are literals: they are read when the library is built, without running this file.
INFO = {
    "kind": "regressor",
    "id": "@ID@",               # what plugins.toml calls it
    "name": "@TITLE@",          # what a report calls it
    "version": "0.1.0",
    "vendor": "",               # you
    "license": "",              # an SPDX expression: MIT, GPL-3.0-or-later, ...
    "url": "",
    "description": "One component of powered partial least squares, shrunk.",
    "family": "pls",            # "ridge", "lasso" and "elastic-net" promise those objectives; else any word
}

# "tunable": "alpha" makes alpha the penalty: the host takes a grid from min to max and chooses inside every training set. "tunable": True lets the
# user list values of power, among which the host chooses in the same way.
PARAMS = {
    "power": {"type": "number", "default": 1.0, "min": 1, "max": 8, "tunable": True,
              "help": "1 weighs columns by their covariance with y; larger leaves the best ones."},
    "alpha": {"type": "number", "default": 1.0, "min": 0.01, "max": 100, "scale": "log", "tunable": "alpha",
              "help": "Shrinks predictions by 1 / (1 + alpha)."},
}


def largest(values):
    return np.max(np.abs(values), initial=0.0)


class Plugin:
    def __init__(self, params, call):
        """params: a dict, checked against PARAMS, defaults filled in. ValueError means: the user must change them."""
        self.power = params["power"]

    def fit(self, x, y, alpha, call):
        """x: n x p, y: n values, both read-only and the host's: they end with the call, keep copies. Returns a model, any object.

        For randomness: np.random.default_rng(call.seed), and nothing else.
        """
        call.check_cancelled()
        most_y = largest(y)
        if most_y == 0:
            return np.zeros(x.shape[1])
        # Everything is divided by its largest value first, so that nothing overflows on the way.
        c = x.T @ (y / most_y)
        if largest(c) == 0:
            return np.zeros(x.shape[1])  # no column goes with y
        c = c / largest(c)
        w = np.copysign(np.abs(c) ** self.power, c)
        t = x @ w
        most_t = largest(t)
        if most_t == 0:
            return np.zeros(x.shape[1])
        t = t / most_t
        return (t @ y) / (t @ t) / (1 + alpha) / most_t * w

    def predict(self, model, x_new, call):
        """x_new: n_new x p. Returns n_new values, in units of y, without its mean."""
        return x_new @ model

    # Optional methods; the library offers an interface for each that is here.

    def coef(self, model):
        """Only for methods that have coefficients: one a column."""
        return model

    def fit_predict(self, x, x_new, y, alphas, call):
        """Many targets at once, which is what makes permutations fast: y is n x t, alphas g x t, own penalties for every target.

        Returns g x n_new x t. It must say what fit and predict say, one by one.
        """
        models = [self.fit(x, y[:, j], 0.0, call) for j in range(y.shape[1])]
        unshrunk = x_new @ np.stack(models, axis=1)
        return unshrunk[np.newaxis] / (1 + alphas[:, np.newaxis, :])
