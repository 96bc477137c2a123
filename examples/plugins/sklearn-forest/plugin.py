"""sklearn-forest: scikit-learn's random forest as a regressor of ocean-host.

A forest finds what is not linear in an embedding, and interactions. It has no penalty: what is tuned is the size of the leaves, if a list of sizes is
given. Every target and every permutation is a forest of its own: `RandomForestRegressor` would take many targets at once, but chooses its splits for all
of them together, which is another model.
"""

import numpy as np

INFO = {
    "kind": "regressor",
    "id": "sklearn-forest",
    "name": "Random forest (scikit-learn)",
    "version": "0.1.0",
    "vendor": "The ocean-host authors",
    "license": "MIT OR Apache-2.0",
    "url": "https://scikit-learn.org/stable/modules/ensemble.html#random-forests",
    "description": "Breiman's random forest: the mean of trees on bootstrap samples.",
    "family": "forest",
}

PARAMS = {
    "n_trees": {"type": "integer", "default": 100, "min": 1, "max": 10000,
                "help": "Trees. More cost time and never harm."},
    "max_features": {"type": "number", "default": 0.3333333333333333, "min": 0.0, "max": 1.0,
                     "help": "Share of columns that a split may choose from, at least one column."},
    "min_samples_leaf": {"type": "integer", "default": 5, "min": 1, "max": 10000, "tunable": True,
                         "help": "Rows in a leaf, at least. A list is tuned inside every training set."},
}


class Plugin:
    def __init__(self, params, call):
        self.params = params

    def fit(self, x, y, alpha, call):
        # Imported here: whoever only lists parameters does not wait for scikit-learn.
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(
            n_estimators=self.params["n_trees"],
            max_features=max(1, int(round(self.params["max_features"] * x.shape[1]))),
            min_samples_leaf=self.params["min_samples_leaf"],
            n_jobs=1,  # the host has its own threads
            # All that is random follows from the seed of the study.
            random_state=np.random.RandomState(call.seed % 2**32),
        )
        # Trees are grown in single precision. In units of its largest value y loses nothing there, and small or large units change nothing.
        scale = np.max(np.abs(y)) or 1.0
        forest.fit(x, y / scale)
        return scale, forest

    def predict(self, model, x_new, call):
        scale, forest = model
        return scale * forest.predict(x_new)
