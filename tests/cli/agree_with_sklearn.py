# Run by the test of the wheel: p of permutation_test_score beside scikit-learn's own, on the same folds.
import time
import warnings

import numpy as np
import ocean_host
from scipy.stats import fisher_exact, ks_2samp
from sklearn import config_context, model_selection
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ALPHA, OURS, THEIRS = 10.0, 1999, 199
# A chance of a false alarm in each comparison; what is drawn is drawn from fixed seeds.
UNLIKELY = 1e-4


class QuickRidge(RegressorMixin, BaseEstimator):
    """make_pipeline(StandardScaler(), Ridge(ALPHA)) in a line, since it is fitted thousands of times."""

    def fit(self, X, y):
        self.mean_, self.sd_, self.intercept_ = X.mean(0), X.std(0), y.mean()
        Z = (X - self.mean_) / self.sd_
        self.coef_ = np.linalg.solve(Z.T @ Z + ALPHA * np.eye(Z.shape[1]), Z.T @ (y - self.intercept_))
        return self

    def predict(self, X):
        return (X - self.mean_) / self.sd_ @ self.coef_ + self.intercept_


def same_statistic(y, r2):
    """A scorer whose mean over folds is at least 0 exactly where r2 of all out-of-fold predictions, against the training means, is at least `r2`.

    r2 = 1 - SSE/SST reaches the observed one where (1 - r2) SST - SSE >= 0, which is a sum over folds. The mean of the training rows follows from
    that of all rows, which no permutation moves.
    """

    def score(model, X_test, y_test):
        baseline = (y.sum() - y_test.sum()) / (len(y) - len(y_test))
        return (1 - r2) * ((y_test - baseline) ** 2).sum() - ((y_test - model.predict(X_test)) ** 2).sum()

    return score


def pooled_r2(model, X, y, folds):
    predicted, baseline = np.empty_like(y), np.empty_like(y)
    for train, test in folds:
        predicted[test] = model.fit(X[train], y[train]).predict(X[test])
        baseline[test] = y[train].mean()
    return 1 - ((y - predicted) ** 2).sum() / ((y - baseline) ** 2).sum()


for seed, (n, effect) in enumerate([(40, 0.0), (53, 0.5), (45, 0.9)]):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6)) * [1, 10, 0.1, 1, 1, 1]
    y = effect * X[:, 0] + rng.normal(size=n) + 5
    cv = model_selection.KFold(4, shuffle=True, random_state=seed) if seed % 2 else model_selection.KFold(4)
    began = time.perf_counter()
    ours = ocean_host.permutation_test_score({"plugin": "ridge", "alphas": [ALPHA]}, X, y, cv=cv, n_permutations=OURS, random_state=seed)
    middle = time.perf_counter()
    folds = list(cv.split(X))
    for model in (make_pipeline(StandardScaler(), Ridge(alpha=ALPHA)), QuickRidge()):
        assert abs(ours.score - pooled_r2(model, X, y, folds)) < 1e-10  # another order of sums, another solver
    assert ours.pvalue == (1 + (ours.permutation_scores >= ours.score).sum()) / (1 + OURS)
    # Their observed score is 0 by construction and would be a tie with itself only; a hair below it keeps rounding out of the count.
    with warnings.catch_warnings(), config_context(skip_parameter_validation=True):
        warnings.simplefilter("error")
        _, theirs, _ = model_selection.permutation_test_score(
            model, X, y, cv=cv, n_permutations=THEIRS, random_state=seed + 100, scoring=same_statistic(y, ours.score - 1e-9)
        )
    reach = (ours.permutation_scores >= ours.score).sum(), (theirs >= 0).sum()
    # Monte-Carlo error: given their sum, both counts come from one urn, so how far they may differ is hypergeometric.
    agreement = fisher_exact([[reach[0], OURS - reach[0]], [reach[1], THEIRS - reach[1]]]).pvalue
    # And not the count alone: r2 of permuted targets, drawn by both, has one distribution.
    shuffled = [pooled_r2(model, X, rng.permutation(y), folds) for _ in range(200)]
    whole = ks_2samp(ours.permutation_scores, shuffled).pvalue
    p = [ours.pvalue, (1 + reach[1]) / (1 + THEIRS)]
    print(f"n {n} effect {effect}: r2 {ours.score:.3f}, p {p[0]:.4f} and {p[1]:.4f}, agreement {agreement:.3f}, {whole:.3f}, "
          f"{middle - began:.1f} s and {time.perf_counter() - middle:.1f} s")
    assert agreement > UNLIKELY and whole > UNLIKELY, (seed, agreement, whole)

# Within groups: only values of one group are exchanged, in both.
groups = np.repeat(np.arange(20), 2)
y = np.where(groups % 2, 10.0, 0.0) + np.tile([0.0, 0.1], 20)
X = np.column_stack([y, np.sin(np.arange(40.0))])
cv = model_selection.GroupKFold(4)
within = ocean_host.permutation_test_score({"plugin": "ridge", "alphas": [1.0]}, X, y, groups=groups, cv=cv, n_permutations=99)
assert within.permutation_scores.min() > 0.9, within.permutation_scores.min()  # free exchange would leave nothing
