// @ID@: a regressor in C++. Change the method in `fit`; what stands around it can stay.
//
// The method it comes with: one component of powered partial least squares, shrunk.
//
//   c = X'y, scaled so that the largest |c_j| is 1       how well each column goes with y
//   w_j = sign(c_j) |c_j|^power                          power > 1: the best columns count more
//   b = t'y / t't / (1 + alpha), with t = Xw             least squares on one column, shrunk towards 0
//   prediction: X_new (b w)
//
// What the host has done before: X and X_new are centred and scaled on the training rows, y is centred. Fit no intercept, rescale nothing.
#include "ocean_plugin.hpp"

#include <algorithm>

namespace {

double largest(const double *values, std::size_t n) {
  double most = 0;
  for (std::size_t i = 0; i < n; i++) most = std::max(most, std::fabs(values[i]));
  return most;
}

struct regressor {
  static constexpr ocean::about about = {
    "@ID@",      // what plugins.toml calls it
    "@TITLE@",   // what a report calls it
    "0.1.0",     // its version
    "",          // vendor: you
    "",          // licence, an SPDX expression: MIT, GPL-3.0-or-later, …
    "",          // where to read more
    "One component of powered partial least squares, shrunk.",
    "pls",       // family: "ridge", "lasso" and "elastic-net" promise those objectives; else any word
    // "tunable": "alpha" makes alpha the penalty: the host takes a grid from min to max and chooses inside every training set. "tunable": true lets the
    // user list values of power, among which the host chooses in the same way.
    R"({"power": {"type": "number", "default": 1, "min": 1, "max": 8, "tunable": true,)"
    R"( "help": "1 weighs columns by their covariance with y; larger leaves the best ones."},)"
    R"( "alpha": {"type": "number", "default": 1, "min": 0.01, "max": 100, "scale": "log", "tunable": "alpha",)"
    R"( "help": "Shrinks predictions by 1 / (1 + alpha)."}})",
    OCEAN_FLAG_THREAD_SAFE, // const members may run at the same time: they share nothing that changes
  };

  // What `fit` learned. It keeps no pointer into X or y: those are the host's, and end with the call.
  struct model {
    std::vector<double> coef;
  };

  double power;

  // Names, defaults and ranges as in the schema above: the host has checked them, other hosts may not have.
  regressor(ocean::params &params, const ocean::call &) : power(params.number("power", 1, 1, 8)) {
    params.number("alpha", 1, 0, 1e6); // the penalty comes with every fit; what is said of it here is only checked
  }

  // Everything is divided by its largest value first, so that nothing overflows on the way.
  model fit(ocean::matrix x, const double *y, double alpha, const ocean::call &call) const {
    model fitted{std::vector<double>(x.cols(), 0.0)};
    std::vector<double> &coef = fitted.coef;
    const double most_y = largest(y, x.rows());
    if (most_y == 0) return fitted;
    for (std::size_t j = 0; j < x.cols(); j++) {
      call.check_cancelled();
      for (std::size_t i = 0; i < x.rows(); i++) coef[j] += x(i, j) * (y[i] / most_y);
    }
    const double most_c = largest(coef.data(), coef.size());
    if (most_c == 0) return fitted; // no column goes with y
    std::vector<double> t(x.rows(), 0.0);
    for (std::size_t j = 0; j < x.cols(); j++) {
      coef[j] = std::copysign(std::pow(std::fabs(coef[j] / most_c), power), coef[j]);
      for (std::size_t i = 0; i < x.rows(); i++) t[i] += x(i, j) * coef[j];
    }
    const double most_t = largest(t.data(), t.size());
    double ty = 0, tt = 0;
    for (std::size_t i = 0; i < x.rows() && most_t > 0; i++) {
      ty += t[i] / most_t * y[i];
      tt += t[i] / most_t * (t[i] / most_t);
    }
    for (double &c : coef) c = tt > 0 ? ty / tt / (1 + alpha) / most_t * c : 0;
    return fitted;
  }

  void predict(const model &fitted, ocean::matrix x_new, double *y_hat, const ocean::call &) const {
    if (x_new.cols() != fitted.coef.size()) throw ocean::error(OCEAN_SHAPE, "X has another number of columns than the model was fitted on");
    std::fill_n(y_hat, x_new.rows(), 0.0);
    for (std::size_t j = 0; j < x_new.cols(); j++)
      for (std::size_t i = 0; i < x_new.rows(); i++) y_hat[i] += x_new(i, j) * fitted.coef[j];
  }

  // Optional: only for methods that have coefficients. Without it the library does not offer "ocean.regressor.linear/1".
  const std::vector<double> &coef(const model &fitted) const { return fitted.coef; }
};

} // namespace

OCEAN_EXPORT_REGRESSOR(regressor)
