/* ocean_plugin.h: the contract between ocean-host and its plugins, major version 1.
 *
 * A plugin is a shared library that turns texts into vectors (an encoder) or vectors and targets into predictions (a regressor). This header is
 * all it needs: C99 or later, C++17 or later, no library behind it. Copy it into your project.
 *
 *
 * IN ONE MINUTE
 *
 *   1. Fill an `ocean_descriptor` (who am I) and a table of functions such as `ocean_regressor_v1` (what can I do), both static.
 *   2. Fill an `ocean_entry` that hands them out, and export one function, `ocean_plugin_entry_v1`, that returns its address.
 *   3. Build a shared library, libocean_plugin_NAME.so (.dylib, .dll), and put its path into plugins.toml.
 *
 *
 * THE RULES
 *
 * Version.      The major is in the name of the entry symbol. A published struct never changes. The ABI grows by new interface ids
 *               ("ocean.regressor.batch/2"); ids that begin with "ocean.draft." may vanish. A host supports every /N of its major for ever.
 *               Answer an interface id you do not know with NULL. `struct_size` is the sizeof of the side that made the struct.
 *
 * Ownership.    Nobody frees the other side's memory. Inputs are borrowed for the call unless a function says longer. Outputs go into the host's
 *               buffers, of the stated size and holding initialised numbers, or to `call->write`. Objects are opaque handles: the plugin makes them,
 *               the host gives each back to its `destroy` exactly once. A handle that a failed call would have made is not made: leave `*out`
 *               alone. Order of destruction: paths before the `prepared` they walk on and the regressor they began with, `prepared` before
 *               nothing, models in any order and also after their regressor. `destroy` of NULL does nothing.
 *
 * Text.         `ocean_str` is UTF-8, pointer and length, without a final zero. Texts in descriptors and entries live as long as the process.
 *
 * Matrices.     Element (i, j) is data[i * row_stride + j * col_stride]. Without OCEAN_FLAG_STRIDED the host passes every matrix column-major and
 *               contiguous (row_stride 1, col_stride = rows). Embeddings an encoder writes are row-major float, n x dim.
 *
 * Errors.       Return a status. Before any status but OCEAN_OK call `call->fail` exactly once, with one line: what happened, what was found, what
 *               to try. Do not call it before OCEAN_OK. What the output buffers then hold does not matter.
 *
 * Exceptions.   Nothing unwinds across the boundary: no exception, no panic, no longjmp. Catch at every function, `destroy` included, and return
 *               OCEAN_PANIC.
 *
 * Threads.      Every function has a tag.
 *                 [any]         from any thread, one call at a time per handle.
 *                 [concurrent]  with OCEAN_FLAG_THREAD_SAFE, several threads at once on the same handles (they are const for a reason); without
 *                               it the host makes one call at a time.
 *               A plugin starts at most `call->max_threads` threads, the calling one included, and joins them before it returns. The callbacks
 *               of an `ocean_call` may be called from any of them, until the call returns. `count`, `descriptor` and `interface_` are [concurrent]
 *               for every plugin.
 *
 * Determinism.  The same bytes, parameters and seed on one thread give the same bits. No clock, no environment variable, no locale, no global
 *               random generator, no network unless OCEAN_FLAG_NETWORK says so. Floating-point mode, locale, working directory, signal handlers and
 *               standard output stay as they were found. Do not link with -ffast-math: it changes the floating-point mode of the whole process
 *               when the library is opened, and the host refuses it by name.
 *
 * Statistics.   The host centres and scales, on the training rows alone. A regressor fits no intercept and does not rescale. The families pin
 *               their objectives: "ridge" |y - Xw|^2 + alpha |w|^2; "lasso" and "elastic-net"
 *               |y - Xw|^2 / (2n) + alpha rho |w|_1 + alpha (1 - rho) |w|^2 / 2. Held-out targets never cross the boundary; NaN and infinities never
 *               reach a plugin, except as `alpha` where stated.
 *
 * Loading.      First in a child process, then in the host with RTLD_NOW | RTLD_LOCAL; never unloaded. Do nothing in constructors.
 *
 *
 * PARAMETERS
 *
 * `params_schema_json` is one JSON object: a member per parameter, whose value is an object with
 *
 *   "type"      "number", "integer", "boolean", "string" or "strings" (a list of strings); required
 *   "default"   a value of that type, or null: absent unless the user says; without "default" the user must say
 *   "min" "max" numbers: the smallest and largest allowed value, themselves allowed
 *   "choices"   strings: the only values allowed
 *   "scale"     "log": steps of the parameter multiply; absent: they add
 *   "tunable"   "alpha": this is the penalty. The argument `alpha` and the matrix `alphas` bring it, not params_json; where neither the family nor a
 *               `grid` gives a grid, the host takes one from "min", "max" and "scale"
 *               true: the user may list values; the host makes one regressor a value and chooses among them
 *   "format"    "model": the host resolves a model name to an absolute folder; "path": the host makes a path absolute
 *   "help"      one sentence
 *
 * `params_json` given to `create` is one JSON object with a member for every parameter the user set or that has a default. The host has checked it
 * against the schema; check it again, since other hosts may not: an unknown member, a wrong type or a value out of range is OCEAN_PARAM.
 *
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef OCEAN_PLUGIN_H
#define OCEAN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  define OCEAN_VISIBLE __declspec(dllexport)
#elif defined(__GNUC__)
#  define OCEAN_VISIBLE __attribute__((visibility("default")))
#else
#  define OCEAN_VISIBLE
#endif
#ifdef __cplusplus
#  define OCEAN_EXPORT extern "C" OCEAN_VISIBLE
#else
#  define OCEAN_EXPORT OCEAN_VISIBLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------------------------------ numbers and names */

#define OCEAN_MAGIC UINT32_C(0x4F43454E) /* ocean_entry.magic */
#define OCEAN_ABI_MAJOR 1
#define OCEAN_ABI_MINOR 0

typedef int32_t ocean_status;
#define OCEAN_OK 0
#define OCEAN_PARAM 1       /* a parameter or argument is wrong, or saved bytes are damaged */
#define OCEAN_SHAPE 2       /* sizes do not fit together */
#define OCEAN_NUMERIC 3     /* a result is not finite, or a decomposition failed */
#define OCEAN_CANCELLED 4   /* `cancelled` said so, and the plugin stopped */
#define OCEAN_UNSUPPORTED 5 /* the plugin cannot do this */
#define OCEAN_PANIC 6       /* an exception or panic was caught at the boundary */
#define OCEAN_INTERNAL 7    /* anything else that is not the caller's fault */
#define OCEAN_OOM 8         /* out of memory */

/* Interface ids, and the table that `interface_` returns for each. */
#define OCEAN_ID_REGRESSOR "ocean.regressor/1"              /* ocean_regressor_v1     every regressor has it */
#define OCEAN_ID_LINEAR "ocean.regressor.linear/1"          /* ocean_linear_v1        */
#define OCEAN_ID_BATCH "ocean.regressor.batch/1"            /* ocean_batch_v1         */
#define OCEAN_ID_PATH "ocean.regressor.path/1"              /* ocean_path_v1          what the engine drives */
#define OCEAN_ID_MOMENTS "ocean.regressor.moments/1"        /* ocean_moments_v1       */
#define OCEAN_ID_STATE "ocean.state/1"                      /* ocean_state_v1         */
#define OCEAN_ID_ENCODER "ocean.encoder/1"                  /* ocean_encoder_v1       every encoder has it */
#define OCEAN_ID_ENCODER_INFO "ocean.encoder.info/1"        /* ocean_encoder_info_v1  */

/* ocean_descriptor.kind */
#define OCEAN_KIND_ENCODER 1
#define OCEAN_KIND_REGRESSOR 2

/* ocean_descriptor.flags, a sum of */
#define OCEAN_FLAG_THREAD_SAFE 1 /* functions tagged [concurrent] may run at the same time on one handle */
#define OCEAN_FLAG_STRIDED 2     /* matrices with any strides are welcome */
#define OCEAN_FLAG_NETWORK 4     /* talks to a network; results may depend on the answer */

/* ocean_fit_info */
#define OCEAN_FIT_UNCONVERGED 1               /* flags: the iteration ended before its tolerance */
#define OCEAN_UNKNOWN_NONZERO UINT32_MAX      /* n_nonzero: not known */

/* ocean_encoder_shape.pooling: how token vectors became one */
#define OCEAN_POOLING_OTHER 0
#define OCEAN_POOLING_MEAN 1
#define OCEAN_POOLING_CLS 2
#define OCEAN_POOLING_MAX 3

/* ocean_call.log: level */
#define OCEAN_LOG_ERROR 1
#define OCEAN_LOG_WARN 2
#define OCEAN_LOG_INFO 3
#define OCEAN_LOG_DEBUG 4

/* --------------------------------------------------------------------------------------------------------------------------------------- values */

typedef struct ocean_str {
  const char *ptr; /* UTF-8, not zero-terminated; may be NULL when len is 0 */
  size_t len;      /* bytes */
} ocean_str;

/* An ocean_str of a string literal, for use as an initialiser: `.id = OCEAN_STR("mean")`. */
#define OCEAN_STR(literal) { (literal), sizeof(literal) - 1 }

typedef struct ocean_mat {
  const double *data;    /* element (0, 0); may be NULL when the matrix is empty */
  size_t rows;
  size_t cols;
  ptrdiff_t row_stride;  /* elements from one row to the next: 1 when column-major and contiguous */
  ptrdiff_t col_stride;  /* elements from one column to the next: rows when column-major and contiguous */
} ocean_mat;

typedef struct ocean_mat_mut { /* passed by value: the struct is the host's, the data too */
  double *data;
  size_t rows;
  size_t cols;
  ptrdiff_t row_stride;
  ptrdiff_t col_stride;
} ocean_mat_mut;

typedef struct ocean_fit_info {
  double gap;         /* relative duality gap, or NaN where the method has none */
  uint32_t n_nonzero; /* coefficients that are not 0, or OCEAN_UNKNOWN_NONZERO */
  uint32_t flags;     /* OCEAN_FIT_UNCONVERGED or 0. Not an error: the best iterate's prediction is returned, and the host counts it */
} ocean_fit_info;

typedef struct ocean_text_info {
  uint32_t n_tokens; /* special tokens included, before cutting */
  uint32_t n_used;   /* after */
} ocean_text_info;

typedef struct ocean_encoder_shape {
  size_t struct_size;  /* set by the host */
  uint32_t dim;        /* numbers a text becomes, at least 1 */
  uint32_t max_tokens; /* longest text before it is cut, special tokens included; 0: none is cut */
  uint32_t pooling;    /* OCEAN_POOLING_... */
  uint32_t normalised; /* 1: every vector has length 1 */
  ocean_str cache_key; /* a hash of all a vector depends on besides its text: weights, tokenizer, effective settings. Lives as long as the encoder */
} ocean_encoder_shape;

/* Opaque objects: a plugin casts its own pointers to these and back. */
typedef struct ocean_regressor ocean_regressor;
typedef struct ocean_model ocean_model;
typedef struct ocean_prepared ocean_prepared;
typedef struct ocean_path ocean_path;
typedef struct ocean_encoder ocean_encoder;

/* ------------------------------------------------------------------------------------------------------------------------- what the host lends */

/* Borrowed for one call. Pass `ctx` first. Every pointer is set. From any thread until the call returns. */
typedef struct ocean_call {
  size_t struct_size;
  void *ctx;
  void (*fail)(void *ctx, const char *message, size_t len);               /* exactly once before a status other than OCEAN_OK; one line of UTF-8 */
  void (*log)(void *ctx, int32_t level, const char *message, size_t len); /* OCEAN_LOG_...; one line of UTF-8 */
  void (*progress)(void *ctx, double fraction);                           /* how much of this call is done: 0 to 1, never decreasing */
  int32_t (*cancelled)(void *ctx);                                        /* not 0: stop within a second and return OCEAN_CANCELLED. Cheap: ask often */
  int32_t (*write)(void *ctx, const void *bytes, size_t len);             /* takes the next bytes of `save`; not 0: give up with OCEAN_INTERNAL */
  const void *(*host_interface)(void *ctx, ocean_str id);                 /* a further table of the host's; NULL: it has none by that id */
  uint64_t seed;                                                          /* the one source of randomness */
  uint32_t max_threads;                                                   /* at least 1, the calling thread included */
  uint32_t reserved;                                                      /* 0 */
} ocean_call;

/* ------------------------------------------------------------------------------------------------------------------ what a library says of itself */

typedef struct ocean_descriptor {
  size_t struct_size;
  ocean_str id;                 /* what plugins.toml calls it: lower-case letters, digits, '-' */
  ocean_str name;               /* what a report calls it */
  ocean_str version;            /* its own */
  ocean_str vendor;
  ocean_str license;            /* an SPDX expression */
  ocean_str url;
  ocean_str description;        /* one sentence */
  ocean_str family;             /* "ridge", "lasso" and "elastic-net" pin the objective above and get the host's grid of penalties; else any word */
  ocean_str params_schema_json; /* PARAMETERS above; "{}" when there are none */
  uint32_t kind;                /* OCEAN_KIND_... */
  uint32_t flags;               /* OCEAN_FLAG_... */
} ocean_descriptor;

typedef struct ocean_entry {
  uint32_t magic;        /* OCEAN_MAGIC */
  uint16_t abi_major;    /* OCEAN_ABI_MAJOR */
  uint16_t abi_minor;    /* OCEAN_ABI_MINOR */
  size_t struct_size;    /* sizeof(ocean_entry) */
  ocean_str build_info;  /* compiler and version, free text */
  uint32_t (*count)(void);                                    /* plugins in this library */
  const ocean_descriptor *(*descriptor)(uint32_t index);      /* NULL past the last; the same pointer every time */
  const void *(*interface_)(uint32_t index, ocean_str id);    /* the table for an interface id, or NULL; the same pointer every time */
} ocean_entry;

/* The one symbol a plugin exports. A function, so that Python's cffi and Windows can define it too. */
OCEAN_EXPORT const ocean_entry *ocean_plugin_entry_v1(void);

/* -------------------------------------------------------------------------------------------------------------------------------------- regressors
 *
 * X is n x p: the training rows, columns centred and scaled. X_new is n_new x p: held-out rows in the same scaling; of all the folds this design
 * serves, stacked, and which row belongs to which fold the plugin never learns. y is n values or n x t, each column centred, none constant.
 * Predictions are in units of y, without its mean.
 */

/* "ocean.regressor/1": the easy way to exist. */
typedef struct ocean_regressor_v1 {
  size_t struct_size;

  /* [any] Makes a regressor. Wrong parameters: OCEAN_PARAM. */
  ocean_status (*create)(ocean_str params_json, const ocean_call *call, ocean_regressor **out);

  /* [any] */
  void (*destroy)(ocean_regressor *regressor);

  /* [concurrent] Fits y (x->rows values). `alpha` is the penalty, NaN if the schema has no parameter with "tunable": "alpha". The model keeps no
   * pointer into x or y. */
  ocean_status (*fit)(const ocean_regressor *regressor, const ocean_mat *x, const double *y, double alpha, const ocean_call *call, ocean_model **out);

  /* [concurrent] Fills y_hat (x_new->rows values). A row's prediction depends on that row and the model only. */
  ocean_status (*predict)(const ocean_regressor *regressor, const ocean_model *model, const ocean_mat *x_new, double *y_hat, const ocean_call *call);

  /* [any] */
  void (*destroy_model)(ocean_model *model);
} ocean_regressor_v1;

/* "ocean.regressor.linear/1": coefficients, for sparsity, reports and optimality checks. */
typedef struct ocean_linear_v1 {
  size_t struct_size;

  /* [concurrent] Fills coef (as many values as the fitted X had columns), on the scale of that X. */
  ocean_status (*coef)(const ocean_regressor *regressor, const ocean_model *model, double *coef, const ocean_call *call);
} ocean_linear_v1;

/* "ocean.regressor.batch/1": one design, many targets, nothing kept between calls. The easy way to be fast: a permuted target is one more column. */
typedef struct ocean_batch_v1 {
  size_t struct_size;
  uint32_t preferred_columns; /* columns of y at a time that suit the plugin; 0: no preference */
  uint32_t reserved;          /* 0 */

  /* [any] Takes a design. x and x_new stay valid and unchanged until destroy(prepared). */
  ocean_status (*prepare)(const ocean_regressor *regressor, const ocean_mat *x, const ocean_mat *x_new, const ocean_call *call, ocean_prepared **out);

  /* [concurrent] y: n x t. alphas: g x t, own penalties per column. y_hat: (g * n_new) x t, penalty k of a column at its rows k * n_new and on.
   * info: g x t values, column by column, or NULL. */
  ocean_status (*fit_predict)(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *y, const ocean_mat *alphas,
                              ocean_mat_mut y_hat, ocean_fit_info *info, const ocean_call *call);

  /* [any] */
  void (*destroy)(ocean_prepared *prepared);
} ocean_batch_v1;

/* "ocean.regressor.path/1": what the engine drives. All inner folds walk in step, from the strongest penalty to the weakest, and columns that
 * have found their best stop costing anything.
 *
 * `prepared` is shared by all threads; every thread begins its own paths over its own block of columns. A `prepared` made by one handle is used with
 * any other handle of the same descriptor whose parameters differ only in those marked "tunable"; these must not influence it. */
typedef struct ocean_path_v1 {
  size_t struct_size;
  uint32_t preferred_columns;
  uint32_t reserved;

  /* [any] Takes a design, and does once what all targets share. x and x_new stay valid and unchanged until destroy(prepared). */
  ocean_status (*prepare)(const ocean_regressor *regressor, const ocean_mat *x, const ocean_mat *x_new, const ocean_call *call, ocean_prepared **out);

  /* [concurrent] Fills alphas (g x t, one column per column of y): row 0 the strongest penalty, strictly decreasing, each row of the same meaning in
   * every design, such as a fraction of the smallest penalty that gives the empty model. min_ratio: weakest over strongest penalty where the
   * method has such a ratio. Not called when the user lists penalties. */
  ocean_status (*grid)(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *y, double min_ratio, ocean_mat_mut alphas,
                       const ocean_call *call);

  /* [concurrent] Begins a walk for the columns of y (n x t) along their alphas (g x t). Copies what it keeps of y and alphas. */
  ocean_status (*begin)(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *y, const ocean_mat *alphas,
                        const ocean_call *call, ocean_path **out);

  /* [any] For c = 0 .. n_columns - 1: y_hat column c (n_new values) and info[c] at row steps[c] of the alphas of column columns[c] of y. No column is
   * named twice in a call. Steps of a column only grow, and may jump: an iterative method walks the rows between, a closed form goes straight there.
   * Columns not named cost nothing and may come back later. What a column returns depends on its own y, alphas and steps only, up to the method's
   * tolerance; the same calls give the same bits. */
  ocean_status (*advance)(ocean_path *path, const uint32_t *columns, const uint32_t *steps, size_t n_columns, ocean_mat_mut y_hat,
                          ocean_fit_info *info, const ocean_call *call);

  /* [any] */
  void (*destroy_path)(ocean_path *path);

  /* [any] */
  void (*destroy)(ocean_prepared *prepared);
} ocean_path_v1;

/* "ocean.regressor.moments/1": the same walk from second moments, for linear models: folds add up to training sets, so nothing of n rows is done
 * once a design. The host scores from held-out moments, SSE = y'y - 2 w'X'y + w'X'Xw, and uses it where that is faster than path: for the families
 * "lasso" and "elastic-net" with twice as many rows as columns, for others with eight times as many. A plugin that has it has path, too. */
typedef struct ocean_moments_v1 {
  size_t struct_size;
  uint32_t preferred_columns;
  uint32_t reserved;

  /* [any] gram: p x p, X'X/n of the scaled training rows; valid and unchanged until destroy(prepared). */
  ocean_status (*prepare)(const ocean_regressor *regressor, const ocean_mat *gram, uint64_t n_samples, const ocean_call *call, ocean_prepared **out);

  /* [concurrent] xty: p x t, X'y/n. */
  ocean_status (*grid)(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *xty, double min_ratio, ocean_mat_mut alphas,
                       const ocean_call *call);

  /* [concurrent] y_sq: t values, y'y/n. */
  ocean_status (*begin)(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *xty, const double *y_sq,
                        const ocean_mat *alphas, const ocean_call *call, ocean_path **out);

  /* [any] coef: p x n_columns. */
  ocean_status (*advance)(ocean_path *path, const uint32_t *columns, const uint32_t *steps, size_t n_columns, ocean_mat_mut coef,
                          ocean_fit_info *info, const ocean_call *call);

  /* [any] */
  void (*destroy_path)(ocean_path *path);

  /* [any] */
  void (*destroy)(ocean_prepared *prepared);
} ocean_moments_v1;

/* "ocean.state/1": a fitted model as bytes, to predict elsewhere and later. */
typedef struct ocean_state_v1 {
  size_t struct_size;

  /* [concurrent] Gives the bytes to call->write, in one piece or many: self-describing, versioned by the plugin. */
  ocean_status (*save)(const ocean_regressor *regressor, const ocean_model *model, const ocean_call *call);

  /* [any] Unknown or damaged bytes are OCEAN_PARAM, never a crash. The loaded model predicts the same bits. */
  ocean_status (*load)(const ocean_regressor *regressor, const uint8_t *bytes, size_t len, const ocean_call *call, ocean_model **out);
} ocean_state_v1;

/* ---------------------------------------------------------------------------------------------------------------------------------------- encoders */

/* "ocean.encoder/1" */
typedef struct ocean_encoder_v1 {
  size_t struct_size;

  /* [any] Cheap: weights may be read at the first encode, so that a full cache loads nothing. Wrong parameters: OCEAN_PARAM. */
  ocean_status (*create)(ocean_str params_json, const ocean_call *call, ocean_encoder **out);

  /* [any] */
  void (*destroy)(ocean_encoder *encoder);

  /* [any] Fills *out, the same values every time. */
  ocean_status (*shape)(const ocean_encoder *encoder, ocean_encoder_shape *out, const ocean_call *call);

  /* [concurrent] Fills out, n x dim, row-major, with finite numbers. A vector depends on its own text only: neither its neighbours nor n change a bit.
   * The empty text is a text. */
  ocean_status (*encode)(const ocean_encoder *encoder, const ocean_str *texts, size_t n, float *out, const ocean_call *call);
} ocean_encoder_v1;

/* "ocean.encoder.info/1": for the report on cut texts. */
typedef struct ocean_encoder_info_v1 {
  size_t struct_size;

  /* [concurrent] Fills out, n values. Tokenises, and does no more. */
  ocean_status (*text_info)(const ocean_encoder *encoder, const ocean_str *texts, size_t n, ocean_text_info *out, const ocean_call *call);
} ocean_encoder_info_v1;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* OCEAN_PLUGIN_H */
