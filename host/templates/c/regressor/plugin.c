/* @ID@: a regressor in C. Change the method in `fit`; what stands around it can stay.
 *
 * The method it comes with: one component of powered partial least squares, shrunk.
 *
 *   c = X'y, scaled so that the largest |c_j| is 1       how well each column goes with y
 *   w_j = sign(c_j) |c_j|^power                          power > 1: the best columns count more
 *   b = t'y / t't / (1 + alpha), with t = Xw             least squares on one column, shrunk towards 0
 *   prediction: X_new (b w)
 *
 * What the host has done before: X and X_new are centred and scaled on the training rows, y is centred. Fit no intercept, rescale nothing.
 */
#include "ocean_plugin.h"
#include "params.h"

/* ---------------------------------------------------------------------------------------------------------------- what belongs to this plugin */

/* What one regressor was told, made by `create`. It never changes, so several threads may use it at once. */
typedef struct {
  double power;
} regressor;

/* What `fit` learned. It keeps no pointer into X or y: those are the host's, and end with the call. */
typedef struct {
  size_t n_features;
  double coef[];
} model;

/* Before any status but OCEAN_OK: one message, exactly once. */
static ocean_status failed(const ocean_call *call, ocean_status status, const char *why) {
  call->fail(call->ctx, why, strlen(why));
  return status;
}

static double largest(const double *values, size_t n) {
  double most = 0;
  for (size_t i = 0; i < n; i++)
    if (fabs(values[i]) > most) most = fabs(values[i]);
  return most;
}

/* Column j of a matrix. Without OCEAN_FLAG_STRIDED in the descriptor every matrix comes column by column, without gaps. */
static const double *column(const ocean_mat *x, size_t j) { return x->data + j * x->rows; }

/* Fills m->coef, which is 0 everywhere. Everything is divided by its largest value first, so that nothing overflows on the way. */
static ocean_status learn(const regressor *self, model *m, const ocean_mat *x, const double *y, double alpha, const ocean_call *call) {
  double most_y = largest(y, x->rows), most_c, most_t, ty = 0, tt = 0;
  double *t;
  if (most_y == 0) return OCEAN_OK;
  for (size_t j = 0; j < x->cols; j++) {
    if (call->cancelled(call->ctx)) return failed(call, OCEAN_CANCELLED, "cancelled");
    for (size_t i = 0; i < x->rows; i++) m->coef[j] += column(x, j)[i] * (y[i] / most_y);
  }
  most_c = largest(m->coef, x->cols);
  if (most_c == 0) return OCEAN_OK; /* no column goes with y */
  t = calloc(x->rows, sizeof *t);
  if (!t) return failed(call, OCEAN_OOM, "no memory for one column");
  for (size_t j = 0; j < x->cols; j++) {
    m->coef[j] = copysign(pow(fabs(m->coef[j] / most_c), self->power), m->coef[j]);
    for (size_t i = 0; i < x->rows; i++) t[i] += column(x, j)[i] * m->coef[j];
  }
  most_t = largest(t, x->rows);
  for (size_t i = 0; i < x->rows && most_t > 0; i++) {
    ty += t[i] / most_t * y[i];
    tt += t[i] / most_t * (t[i] / most_t);
  }
  for (size_t j = 0; j < x->cols; j++) m->coef[j] = tt > 0 ? ty / tt / (1 + alpha) / most_t * m->coef[j] : 0;
  free(t);
  return OCEAN_OK;
}

/* ------------------------------------------------------------------------------------------------------------------- "ocean.regressor/1" */

static ocean_status create(ocean_str params_json, const ocean_call *call, ocean_regressor **out) {
  char why[200];
  regressor *self;
  /* As in the schema below. The penalty comes with every fit; what is said of it here is only checked. */
  param params[] = {{"power", 1, 8, 0, 1}, {"alpha", 0, 1e6, 0, 1}};
  if (!read_params(params_json, params, 2, why, sizeof why)) return failed(call, OCEAN_PARAM, why);
  self = malloc(sizeof *self);
  if (!self) return failed(call, OCEAN_OOM, "no memory for a regressor");
  self->power = params[0].value;
  *out = (ocean_regressor *)self; /* a handle: the host gives it back and never looks inside */
  return OCEAN_OK;
}

static void destroy(ocean_regressor *self) { free(self); }

static ocean_status fit(const ocean_regressor *self, const ocean_mat *x, const double *y, double alpha, const ocean_call *call, ocean_model **out) {
  model *m = calloc(1, sizeof *m + x->cols * sizeof(double));
  ocean_status status;
  if (!m) return failed(call, OCEAN_OOM, "no memory for a model");
  m->n_features = x->cols;
  status = learn((const regressor *)self, m, x, y, alpha, call);
  if (status != OCEAN_OK) {
    free(m); /* a handle that a failed call would have made is not made */
    return status;
  }
  *out = (ocean_model *)m;
  return OCEAN_OK;
}

static ocean_status predict(const ocean_regressor *self, const ocean_model *fitted, const ocean_mat *x_new, double *y_hat, const ocean_call *call) {
  const model *m = (const model *)fitted;
  (void)self;
  if (x_new->cols != m->n_features) return failed(call, OCEAN_SHAPE, "X has another number of columns than the model was fitted on");
  for (size_t i = 0; i < x_new->rows; i++) y_hat[i] = 0;
  for (size_t j = 0; j < x_new->cols; j++)
    for (size_t i = 0; i < x_new->rows; i++) y_hat[i] += column(x_new, j)[i] * m->coef[j];
  return OCEAN_OK;
}

static void destroy_model(ocean_model *fitted) { free(fitted); }

/* ------------------------------------------------------- "ocean.regressor.linear/1": optional, and only for methods that have coefficients */

static ocean_status coef(const ocean_regressor *self, const ocean_model *fitted, double *out, const ocean_call *call) {
  const model *m = (const model *)fitted;
  (void)self, (void)call;
  memcpy(out, m->coef, m->n_features * sizeof *out);
  return OCEAN_OK;
}

/* --------------------------------------------------------------------------------------------------------- what the library says of itself */

static const ocean_regressor_v1 regressor_table = {sizeof regressor_table, create, destroy, fit, predict, destroy_model};
static const ocean_linear_v1 linear_table = {sizeof linear_table, coef};

static const ocean_descriptor me = {
  .struct_size = sizeof me,
  .id = OCEAN_STR("@ID@"),                   /* what plugins.toml calls it */
  .name = OCEAN_STR("@TITLE@"),              /* what a report calls it */
  .version = OCEAN_STR("0.1.0"),
  .vendor = OCEAN_STR(""),                   /* you */
  .license = OCEAN_STR(""),                  /* an SPDX expression: MIT, GPL-3.0-or-later, … */
  .url = OCEAN_STR(""),
  .description = OCEAN_STR("One component of powered partial least squares, shrunk."),
  .family = OCEAN_STR("pls"),                /* "ridge", "lasso" and "elastic-net" promise those objectives; else any word */
  /* "tunable": "alpha" makes alpha the penalty: the host takes a grid from min to max and chooses inside every training set. "tunable": true lets the
   * user list values of power, among which the host chooses in the same way. */
  .params_schema_json = OCEAN_STR(
    "{\"power\": {\"type\": \"number\", \"default\": 1, \"min\": 1, \"max\": 8, \"tunable\": true,"
    " \"help\": \"1 weighs columns by their covariance with y; larger leaves the best ones.\"},"
    " \"alpha\": {\"type\": \"number\", \"default\": 1, \"min\": 0.01, \"max\": 100, \"scale\": \"log\", \"tunable\": \"alpha\","
    " \"help\": \"Shrinks predictions by 1 / (1 + alpha).\"}}"),
  .kind = OCEAN_KIND_REGRESSOR,
  .flags = OCEAN_FLAG_THREAD_SAFE,           /* functions tagged [concurrent] in the header may run at the same time: they share nothing that changes */
};

static int is(ocean_str id, const char *name) { return id.len == strlen(name) && memcmp(id.ptr, name, id.len) == 0; }

static uint32_t count(void) { return 1; }

static const ocean_descriptor *descriptor(uint32_t index) { return index == 0 ? &me : NULL; }

/* NULL for every id that is not known: that is how the ABI grows without breaking anybody. */
static const void *interface_(uint32_t index, ocean_str id) {
  if (index != 0) return NULL;
  if (is(id, OCEAN_ID_REGRESSOR)) return &regressor_table;
  if (is(id, OCEAN_ID_LINEAR)) return &linear_table;
  return NULL;
}

static const ocean_entry entry = {OCEAN_MAGIC, OCEAN_ABI_MAJOR, OCEAN_ABI_MINOR, sizeof entry, OCEAN_STR("C99"), count, descriptor, interface_};

/* The one symbol that the host looks for. */
const ocean_entry *ocean_plugin_entry_v1(void) { return &entry; }
