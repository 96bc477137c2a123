/* shim.c: a plugin in Python, seen from the host. Everything an author writes is in plugin.py; nothing here needs a change.
 *
 * - Python is started at the first `create`, never when the library is opened or asked for its descriptor: those answers come from generated.h.
 * - libpython is loaded here, with RTLD_GLOBAL, and not linked: numpy's modules look for its symbols in the global scope, and a library that the host
 *   opened with RTLD_LOCAL would keep them to itself.
 * - The interpreter is never ended: numpy does not survive that.
 * - The plugin is not THREAD_SAFE, so the host makes one call at a time, from any thread: every call takes the interpreter's lock.
 */
#define _GNU_SOURCE /* dladdr, RTLD_DEFAULT */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "generated.h"
#include "ocean_plugin.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------------ Python, found at run time */

/* What is used of it: functions only, by name. */
#define PYTHON_FUNCTIONS(F) \
  F(Py_IsInitialized) F(Py_GetVersion) F(PyPreConfig_InitPythonConfig) F(Py_PreInitialize) F(PyConfig_InitPythonConfig) F(PyConfig_SetBytesString) \
  F(PyConfig_Clear) F(Py_InitializeFromConfig) F(PyStatus_Exception) F(PyEval_SaveThread) F(PyGILState_Ensure) F(PyGILState_Release) \
  F(Py_CompileString) F(PyImport_ExecCodeModule) F(PyObject_GetAttrString) F(PyObject_CallObject) F(Py_VaBuildValue) F(PyLong_AsLong) \
  F(PyErr_Print) F(Py_DecRef)

#define DECLARE(name) __typeof__(name) *name##_;
static struct { PYTHON_FUNCTIONS(DECLARE) } py;
static PyObject *glue; /* the module glue.py, once it runs */

static ocean_status failed(const ocean_call *call, ocean_status status, const char *why, const char *detail) {
  char line[1200];
  snprintf(line, sizeof line, "%s%s", why, detail ? detail : "");
  call->fail(call->ctx, line, strlen(line));
  return status;
}

/* The folder of this very library: plugin.py lies there. */
static int own_folder(char folder[PATH_MAX]) {
  Dl_info info;
  char *slash;
  if (!dladdr((const void *)&glue, &info) || !info.dli_fname || !realpath(info.dli_fname, folder)) return 0;
  slash = strrchr(folder, '/');
  if (slash) *slash = '\0';
  return slash != NULL;
}

static ocean_status find_python(const ocean_call *call) {
  void *library;
  const char *(*version)(void);
  /* Two interpreters of different versions in one process would call each other's functions. */
  *(void **)&version = dlsym(RTLD_DEFAULT, "Py_GetVersion");
  if (version && strncmp(version(), python_version, strlen(python_version)) != 0)
    return failed(call, OCEAN_UNSUPPORTED, "another Python runs in this process already; build all Python plugins with one Python: this one is for ", python_version);
  library = dlopen(python_library, RTLD_NOW | RTLD_GLOBAL);
  if (!library) return failed(call, OCEAN_UNSUPPORTED, "Python cannot be loaded; build the plugin again (make clean, make): ", dlerror());
#define FIND(name) \
  *(void **)&py.name##_ = dlsym(library, #name); \
  if (!py.name##_) return failed(call, OCEAN_UNSUPPORTED, "this Python has no " #name ": ", python_library);
  PYTHON_FUNCTIONS(FIND)
  return OCEAN_OK;
}

/* Starts the interpreter, unless another plugin has. Errors come back as a status; Py_Initialize would end the process. */
static ocean_status start_interpreter(const ocean_call *call) {
  PyPreConfig before;
  PyConfig config;
  PyStatus status;
  if (py.Py_IsInitialized_()) return OCEAN_OK;
  py.PyPreConfig_InitPythonConfig_(&before);
  before.configure_locale = 0; /* the locale stays as it was found */
  before.coerce_c_locale = 0;
  before.utf8_mode = 1;
  status = py.Py_PreInitialize_(&before);
  if (py.PyStatus_Exception_(status)) return failed(call, OCEAN_UNSUPPORTED, "Python did not start: ", status.err_msg);
  py.PyConfig_InitPythonConfig_(&config);
  config.install_signal_handlers = 0; /* Ctrl-C is the host's */
  config.configure_c_stdio = 0;
  config.parse_argv = 0;
  config.use_hash_seed = 1; /* sets and dicts in the same order in every run */
  config.hash_seed = 0;
  /* The program tells where the standard library and the packages are, those of a virtual environment included. */
  status = py.PyConfig_SetBytesString_(&config, &config.executable, python_program);
  if (!py.PyStatus_Exception_(status)) status = py.PyConfig_SetBytesString_(&config, &config.program_name, python_program);
  if (!py.PyStatus_Exception_(status)) status = py.Py_InitializeFromConfig_(&config);
  py.PyConfig_Clear_(&config);
  if (py.PyStatus_Exception_(status)) return failed(call, OCEAN_UNSUPPORTED, "Python did not start: ", status.err_msg);
  py.PyEval_SaveThread_(); /* every call takes the lock for itself */
  return OCEAN_OK;
}

/* glue.NAME(...), where the arguments are numbers as in Py_BuildValue; its status. The lock is held only here. */
static long ask(const char *name, const char *format, ...) {
  PyGILState_STATE lock = py.PyGILState_Ensure_();
  PyObject *function = py.PyObject_GetAttrString_(glue, name), *arguments, *result;
  long status;
  va_list values;
  va_start(values, format);
  arguments = py.Py_VaBuildValue_(format, values);
  va_end(values);
  result = function && arguments ? py.PyObject_CallObject_(function, arguments) : NULL;
  status = result ? py.PyLong_AsLong_(result) : -1;
  if (!result) py.PyErr_Print_(); /* glue.py raises nothing: this is the interpreter's own trouble */
  py.Py_DecRef_(result), py.Py_DecRef_(arguments), py.Py_DecRef_(function);
  py.PyGILState_Release_(lock);
  return status;
}

static ocean_status told(long status, const ocean_call *call) {
  if (status >= 0) return (ocean_status)status;
  return failed(call, OCEAN_INTERNAL, "the Python interpreter failed; its words are above", NULL);
}

static ocean_status run_glue(const ocean_call *call) {
  char folder[PATH_MAX];
  PyGILState_STATE lock;
  PyObject *code;
  ocean_status status;
  if (!own_folder(folder)) return failed(call, OCEAN_INTERNAL, "the folder of the library cannot be found", NULL);
  lock = py.PyGILState_Ensure_();
  code = py.Py_CompileString_(plugin_glue, "glue.py", Py_file_input);
  glue = code ? py.PyImport_ExecCodeModule_(plugin_glue_name, code) : NULL;
  if (!glue) py.PyErr_Print_();
  py.Py_DecRef_(code);
  py.PyGILState_Release_(lock);
  if (!glue) return failed(call, OCEAN_INTERNAL, "the Python interpreter failed; its words are above", NULL);
  status = told(ask("start", "(ssK)", plugin_about, folder, (unsigned long long)(uintptr_t)call), call);
  if (status != OCEAN_OK) { /* the next `create` tries again */
    lock = py.PyGILState_Ensure_();
    py.Py_DecRef_(glue);
    glue = NULL;
    py.PyGILState_Release_(lock);
  }
  return status;
}

static ocean_status start(const ocean_call *call) {
  ocean_status status = OCEAN_OK;
  if (glue) return OCEAN_OK;
  if (!py.Py_DecRef_) status = find_python(call);
  if (status == OCEAN_OK) status = start_interpreter(call);
  return status == OCEAN_OK ? run_glue(call) : status;
}

/* ----------------------------------------------------------------------------------------------------------------------- the tables, forwarded */

#define N(value) ((unsigned long long)(uintptr_t)(value))

static ocean_status create(ocean_str params_json, const ocean_call *call, void *out) {
  ocean_status status = start(call);
  if (status != OCEAN_OK) return status;
  return told(ask("create", "(KKKK)", N(params_json.ptr), N(params_json.len), N(call), N(out)), call);
}

/* Handles are numbers of glue.py, of one sort: one `destroy` is enough. */
static void destroy(void *object) {
  if (object && glue) ask("destroy", "(K)", N(object));
}

#if defined(PLUGIN_IS_REGRESSOR)

static ocean_status create_regressor(ocean_str params, const ocean_call *call, ocean_regressor **out) { return create(params, call, out); }
static void destroy_regressor(ocean_regressor *regressor) { destroy(regressor); }
static void destroy_model(ocean_model *model) { destroy(model); }

static ocean_status fit(const ocean_regressor *regressor, const ocean_mat *x, const double *y, double alpha, const ocean_call *call, ocean_model **out) {
  return told(ask("fit", "(KKKdKK)", N(regressor), N(x), N(y), alpha, N(call), N(out)), call);
}
static ocean_status predict(const ocean_regressor *regressor, const ocean_model *model, const ocean_mat *x_new, double *y_hat, const ocean_call *call) {
  return told(ask("predict", "(KKKKK)", N(regressor), N(model), N(x_new), N(y_hat), N(call)), call);
}
static const ocean_regressor_v1 regressor_table = {sizeof regressor_table, create_regressor, destroy_regressor, fit, predict, destroy_model};

#if PLUGIN_HAS_COEF
static ocean_status coef(const ocean_regressor *regressor, const ocean_model *model, double *out, const ocean_call *call) {
  return told(ask("coef", "(KKKK)", N(regressor), N(model), N(out), N(call)), call);
}
static const ocean_linear_v1 linear_table = {sizeof linear_table, coef};
#endif

#if PLUGIN_HAS_FIT_PREDICT
static ocean_status prepare(const ocean_regressor *regressor, const ocean_mat *x, const ocean_mat *x_new, const ocean_call *call, ocean_prepared **out) {
  return told(ask("prepare", "(KKKKK)", N(regressor), N(x), N(x_new), N(call), N(out)), call);
}
static ocean_status fit_predict(const ocean_regressor *regressor, const ocean_prepared *prepared, const ocean_mat *y, const ocean_mat *alphas,
                                ocean_mat_mut y_hat, ocean_fit_info *info, const ocean_call *call) {
  return told(ask("fit_predict", "(KKKKKKK)", N(regressor), N(prepared), N(y), N(alphas), N(&y_hat), N(info), N(call)), call);
}
static void destroy_prepared(ocean_prepared *prepared) { destroy(prepared); }
static const ocean_batch_v1 batch_table = {sizeof batch_table, 0, 0, prepare, fit_predict, destroy_prepared};
#endif

#if PLUGIN_HAS_SAVE && PLUGIN_HAS_LOAD
static ocean_status save(const ocean_regressor *regressor, const ocean_model *model, const ocean_call *call) {
  return told(ask("save", "(KKK)", N(regressor), N(model), N(call)), call);
}
static ocean_status load(const ocean_regressor *regressor, const uint8_t *bytes, size_t len, const ocean_call *call, ocean_model **out) {
  return told(ask("load", "(KKKKK)", N(regressor), N(bytes), N(len), N(call), N(out)), call);
}
static const ocean_state_v1 state_table = {sizeof state_table, save, load};
#endif

#else

static ocean_status create_encoder(ocean_str params, const ocean_call *call, ocean_encoder **out) { return create(params, call, out); }
static void destroy_encoder(ocean_encoder *encoder) { destroy(encoder); }

static ocean_status shape(const ocean_encoder *encoder, ocean_encoder_shape *out, const ocean_call *call) {
  return told(ask("shape", "(KKK)", N(encoder), N(out), N(call)), call);
}
static ocean_status encode(const ocean_encoder *encoder, const ocean_str *texts, size_t n, float *out, const ocean_call *call) {
  return told(ask("encode", "(KKKKK)", N(encoder), N(texts), N(n), N(out), N(call)), call);
}
static const ocean_encoder_v1 encoder_table = {sizeof encoder_table, create_encoder, destroy_encoder, shape, encode};

#if PLUGIN_HAS_TEXT_INFO
static ocean_status text_info(const ocean_encoder *encoder, const ocean_str *texts, size_t n, ocean_text_info *out, const ocean_call *call) {
  return told(ask("text_info", "(KKKKK)", N(encoder), N(texts), N(n), N(out), N(call)), call);
}
static const ocean_encoder_info_v1 info_table = {sizeof info_table, text_info};
#endif

#endif

/* ------------------------------------------------------------------------------------------------------ what the library says, without Python */

#define TEXT(array) { array, sizeof(array) - 1 }
static const ocean_descriptor me = {
  sizeof me, TEXT(plugin_id), TEXT(plugin_name), TEXT(plugin_version), TEXT(plugin_vendor), TEXT(plugin_license), TEXT(plugin_url),
  TEXT(plugin_description), TEXT(plugin_family), TEXT(plugin_schema),
#if defined(PLUGIN_IS_REGRESSOR)
  OCEAN_KIND_REGRESSOR,
#else
  OCEAN_KIND_ENCODER,
#endif
  PLUGIN_USES_NETWORK ? OCEAN_FLAG_NETWORK : 0};

static uint32_t count(void) { return 1; }
static const ocean_descriptor *descriptor(uint32_t index) { return index == 0 ? &me : NULL; }

static int is(ocean_str id, const char *name) { return id.len == strlen(name) && memcmp(id.ptr, name, id.len) == 0; }

static const void *interface_(uint32_t index, ocean_str id) {
  if (index != 0) return NULL;
#if defined(PLUGIN_IS_REGRESSOR)
  if (is(id, OCEAN_ID_REGRESSOR)) return &regressor_table;
#if PLUGIN_HAS_COEF
  if (is(id, OCEAN_ID_LINEAR)) return &linear_table;
#endif
#if PLUGIN_HAS_FIT_PREDICT
  if (is(id, OCEAN_ID_BATCH)) return &batch_table;
#endif
#if PLUGIN_HAS_SAVE && PLUGIN_HAS_LOAD
  if (is(id, OCEAN_ID_STATE)) return &state_table;
#endif
#else
  if (is(id, OCEAN_ID_ENCODER)) return &encoder_table;
#if PLUGIN_HAS_TEXT_INFO
  if (is(id, OCEAN_ID_ENCODER_INFO)) return &info_table;
#endif
#endif
  return NULL;
}

static const ocean_entry entry = {OCEAN_MAGIC, OCEAN_ABI_MAJOR, OCEAN_ABI_MINOR, sizeof entry, OCEAN_STR("Python " PY_VERSION), count, descriptor, interface_};
const ocean_entry *ocean_plugin_entry_v1(void) { return &entry; }
