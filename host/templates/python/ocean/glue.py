"""Between the tables in C and plugin.py: the shim runs this inside the interpreter and calls its functions with addresses.

It owns what an author need not know: handles, borrowed memory, parameters, exceptions. Handles are numbers, never addresses of Python objects. Every
function returns a status; before any but OK it calls `fail` once.
"""

import ctypes
import gc
import hashlib
import importlib.util
import json
import os
import sys
import traceback
import weakref

OK, PARAM, SHAPE, NUMERIC, CANCELLED, UNSUPPORTED, PANIC, INTERNAL, OOM = range(9)
LEVELS = {"error": 1, "warn": 2, "info": 3, "debug": 4}
POOLINGS = {"other": 0, "mean": 1, "cls": 2, "max": 3}
NAN = float("nan")
UNKNOWN = 0xFFFFFFFF


class Str(ctypes.Structure):
    _fields_ = [("ptr", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Mat(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("rows", ctypes.c_size_t), ("cols", ctypes.c_size_t),
                ("row_stride", ctypes.c_ssize_t), ("col_stride", ctypes.c_ssize_t)]


class FitInfo(ctypes.Structure):
    _fields_ = [("gap", ctypes.c_double), ("n_nonzero", ctypes.c_uint32), ("flags", ctypes.c_uint32)]


class TextInfo(ctypes.Structure):
    _fields_ = [("n_tokens", ctypes.c_uint32), ("n_used", ctypes.c_uint32)]


class Shape(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("dim", ctypes.c_uint32), ("max_tokens", ctypes.c_uint32),
                ("pooling", ctypes.c_uint32), ("normalised", ctypes.c_uint32), ("cache_key", Str)]


class Table(ctypes.Structure):
    """ocean_call"""
    _fields_ = [("struct_size", ctypes.c_size_t), ("ctx", ctypes.c_void_p),
                ("fail", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
                ("log", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p, ctypes.c_size_t)),
                ("progress", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_double)),
                ("cancelled", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)),
                ("write", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
                ("host_interface", ctypes.c_void_p),
                ("seed", ctypes.c_uint64), ("max_threads", ctypes.c_uint32), ("reserved", ctypes.c_uint32)]


class Failure(Exception):
    """A status of our own choice."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Call:
    """The host, for one call: what plugin.py gets as `call`."""

    def __init__(self, address):
        self._table = Table.from_address(address)
        self.seed = self._table.seed  # the one source of randomness
        self.max_threads = self._table.max_threads

    def log(self, message, level="info"):
        line = str(message).encode("utf-8", "replace")
        self._table.log(self._table.ctx, LEVELS[level], line, len(line))

    def progress(self, fraction):
        self._table.progress(self._table.ctx, fraction)

    def cancelled(self):
        return self._table.cancelled(self._table.ctx) != 0

    def check_cancelled(self):
        if self.cancelled():
            raise Failure(CANCELLED, "cancelled")

    def _fail(self, message):
        line = " ".join(str(message).split()).encode("utf-8", "replace")
        self._table.fail(self._table.ctx, line, len(line))

    def _write(self, data):
        if self._table.write(self._table.ctx, data, len(data)) != 0:
            raise Failure(INTERNAL, "the host could not keep the model's bytes")


class Borrowed:
    """Arrays over the host's memory, which ends with the call. Whoever keeps one would later read freed memory, so `returned` looks."""

    def __init__(self):
        self.alive = []

    def array(self, address, shape, dtype, is_writable=False):
        count = int(np.prod(shape))
        if count == 0:
            return np.empty(shape, dtype, order="F")
        buffer = (ctypes.c_char * (count * np.dtype(dtype).itemsize)).from_address(address)
        self.alive.append(weakref.ref(buffer))
        array = np.frombuffer(buffer, dtype)
        array.flags.writeable = is_writable
        return array.reshape(shape, order="F")

    def matrix(self, address):
        mat = Mat.from_address(address)
        # Without OCEAN_FLAG_STRIDED matrices come column by column, without gaps.
        return self.array(mat.data, (mat.rows, mat.cols), np.float64)

    def returned(self, where):
        if any(buffer() is not None for buffer in self.alive):
            gc.collect()  # a cycle is no intention
        if any(buffer() is not None for buffer in self.alive):
            raise Failure(INTERNAL, f"`{where}` kept an array that belongs to the host; keep a copy: x.copy()")


# ------------------------------------------------------------------------------------------------------------------------------------ the start

np = None
plugin = None    # the module plugin.py
about = None     # what describe.py found out
objects = {}     # handle: object
next_handle = 1


def start(about_json, folder, call_address):
    """Imports numpy and plugin.py. Called once, at the first `create`."""
    def run(call):
        global np, plugin, about
        about = json.loads(about_json)
        sys.stdout = sys.stderr  # standard output is for the host's results
        threads = str(call.max_threads)
        # Libraries of linear algebra start their threads when they are loaded.
        for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(name, threads)
        # Another Python plugin may have started the interpreter, with other packages.
        sys.path.extend(path for path in about["packages"] if path not in sys.path)
        try:
            import numpy
        except ImportError as error:
            python = about["python"]
            raise Failure(UNSUPPORTED, f"numpy cannot be imported ({error}); {python} -m pip install numpy, "
                                       "or build with another Python: make PYTHON=...") from None
        np = numpy
        path = os.path.join(folder, about["file"])
        try:
            with open(path, "rb") as file:
                source = file.read()
        except OSError as error:
            raise Failure(INTERNAL, f"{path} must lie beside the library: {error.strerror}") from None
        # The host knows a plugin by the hash of its library. That must stand for this file, too.
        if hashlib.sha256(source).hexdigest() != about["sha256"]:
            raise Failure(INTERNAL, f"{path} has changed since the library was built: run make")
        if folder not in sys.path:
            sys.path.append(folder)  # modules of the author's own
        name = "ocean_plugin_" + about["id"].replace("-", "_")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # pickle looks there
        spec.loader.exec_module(module)
        plugin = module
    return guarded(call_address, "import", run)


def guarded(call_address, where, body):
    """Runs `body`; nothing is raised past it."""
    try:
        call = Call(call_address)
        try:
            body(call)
            return OK
        except BaseException as error:  # SystemExit and KeyboardInterrupt would end the host
            status, message = explained(error, where)
            call._fail(message)
            return status
    except BaseException:
        return INTERNAL


def explained(error, where):
    if isinstance(error, Failure):
        return error.status, str(error)
    if isinstance(error, MemoryError):
        return OOM, f"not enough memory (in {where})"
    status = PANIC
    if where == "create" and isinstance(error, (ValueError, TypeError, KeyError, OSError)):
        status = PARAM
    elif isinstance(error, NotImplementedError):
        status = UNSUPPORTED
    elif isinstance(error, ArithmeticError) or (np is not None and isinstance(error, np.linalg.LinAlgError)):
        status = NUMERIC
    if status == PARAM:
        return status, str(error)
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if about and os.path.basename(frame.filename) == about["file"]]
    place = f" ({os.path.basename(inside[-1].filename)}:{inside[-1].lineno})" if inside else ""
    return status, f"{type(error).__name__}: {error}{place}"


def make(out_address, value):
    global next_handle
    handle, next_handle = next_handle, next_handle + 1
    objects[handle] = value
    ctypes.c_void_p.from_address(out_address).value = handle


def destroy(handle):
    try:
        objects.pop(handle, None)
    except BaseException:  # a destructor of the author's
        pass
    return OK


# ----------------------------------------------------------------------------------------------------------------------------------- parameters

def read_params(text):
    """The JSON object of `create`, checked against PARAMS, defaults filled in."""
    def refuse(what):
        raise Failure(PARAM, what)
    try:
        given = json.loads(text, parse_constant=lambda name: refuse(f"{name} is no number"))
    except ValueError as error:
        refuse(f"the parameters are no JSON: {error}")
    if not isinstance(given, dict):
        refuse("the parameters are not a JSON object")
    rules = about["params"]
    for name, value in given.items():
        if name not in rules:
            refuse(f"unknown parameter `{name[:60]}`; known: {', '.join(rules) or 'none'}")
        check_value(name, value, rules[name], refuse)
    for name, rule in rules.items():
        if name not in given:
            if "default" not in rule:
                refuse(f"`{name}` is missing: {rule.get('help', '')}")
            given[name] = rule["default"]
    return given


def check_value(name, value, rule, refuse):
    if value is None and "default" in rule and rule["default"] is None:
        return
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        "number": is_number,
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
        "strings": isinstance(value, list) and all(isinstance(text, str) for text in value),
    }[rule["type"]]
    shown = json.dumps(value)[:60]
    if not fits:
        refuse(f"{name} = {shown} is not of type {rule['type']}")
    if is_number and not rule.get("min", value) <= value <= rule.get("max", value):
        refuse(f"{name} = {shown} is outside [{rule.get('min', '-inf')}, {rule.get('max', 'inf')}]")
    for text in value if isinstance(value, list) else [value]:
        if "choices" in rule and text not in rule["choices"]:
            refuse(f"{name} = {shown} is none of {', '.join(rule['choices'])}")


def create(ptr, size, call_address, out):
    def run(call):
        text = ctypes.string_at(ptr, size).decode() if size else ""
        make(out, plugin.Plugin(read_params(text), call))
    return guarded(call_address, "create", run)


# ----------------------------------------------------------------------------------------------------------------------------------- regressors

def fill(target, values, what):
    """Copies what the author returned into the host's buffer."""
    values = np.asarray(values, dtype=target.dtype)
    if values.shape != target.shape:
        raise Failure(SHAPE, f"{what} has shape {values.shape}; expected {target.shape}")
    if not np.isfinite(values).all():
        raise Failure(NUMERIC, f"{what} has values that are not finite")
    target[...] = values


def fit(regressor, x, y, alpha, call_address, out):
    def run(call):
        borrowed = Borrowed()
        x_array = borrowed.matrix(x)
        y_array = borrowed.array(y, (x_array.shape[0],), np.float64)
        model, width = objects[regressor].fit(x_array, y_array, alpha, call), x_array.shape[1]
        del x_array, y_array
        borrowed.returned("fit")
        make(out, (model, width))
    return guarded(call_address, "fit", run)


def predict(regressor, model, x_new, y_hat, call_address):
    def run(call):
        borrowed = Borrowed()
        x_array = borrowed.matrix(x_new)
        fitted, width = objects[model]
        if x_array.shape[1] != width:
            raise Failure(SHAPE, f"X has {x_array.shape[1]} columns, the model was fitted on {width}")
        target = Borrowed().array(y_hat, (x_array.shape[0],), np.float64, is_writable=True)
        fill(target, objects[regressor].predict(fitted, x_array, call), "the prediction")
        del x_array
        borrowed.returned("predict")
    return guarded(call_address, "predict", run)


def coef(regressor, model, out, call_address):
    def run(_):
        fitted, width = objects[model]
        fill(Borrowed().array(out, (width,), np.float64, is_writable=True), objects[regressor].coef(fitted), "coef")
    return guarded(call_address, "coef", run)


def prepare(regressor, x, x_new, call_address, out):
    def run(_):
        # Valid until destroy(prepared): these are not returned at the end of the call.
        borrowed = Borrowed()
        make(out, (borrowed.matrix(x), borrowed.matrix(x_new)))
    return guarded(call_address, "prepare", run)


def fit_predict(regressor, prepared, y, alphas, y_hat, info, call_address):
    def run(call):
        x, x_new = objects[prepared]
        borrowed = Borrowed()
        y_array, alphas_array = borrowed.matrix(y), borrowed.matrix(alphas)
        n_penalties, n_targets = alphas_array.shape
        result = objects[regressor].fit_predict(x, x_new, y_array, alphas_array, call)
        target = Borrowed().array(Mat.from_address(y_hat).data, (x_new.shape[0], n_penalties, n_targets), np.float64, is_writable=True)
        # Penalty k of a column at its rows k * n_new and on: one axis more, and the same memory.
        fill(target, np.moveaxis(np.asarray(result), 0, 1), "the prediction (penalties first)")
        if info:
            for one in (FitInfo * (n_penalties * n_targets)).from_address(info):
                one.gap, one.n_nonzero, one.flags = NAN, UNKNOWN, 0
        del y_array, alphas_array, result
        borrowed.returned("fit_predict")
    return guarded(call_address, "fit_predict", run)


def save(regressor, model, call_address):
    def run(call):
        fitted, width = objects[model]
        call._write(width.to_bytes(8, "little") + bytes(objects[regressor].save(fitted)))
    return guarded(call_address, "save", run)


def load(regressor, ptr, size, call_address, out):
    def run(_):
        data = ctypes.string_at(ptr, size) if size else b""
        if size < 8:
            raise Failure(PARAM, f"these bytes are no saved model: {size} of at least 8 are there")
        try:
            model = objects[regressor].load(data[8:])
        except Exception as error:  # whatever the bytes made it do
            raise Failure(PARAM, f"these bytes are no saved model: {type(error).__name__}: {error}") from None
        make(out, (model, int.from_bytes(data[:8], "little")))
    return guarded(call_address, "load", run)


# ------------------------------------------------------------------------------------------------------------------------------------- encoders

def shape(encoder, out, call_address):
    def run(_):
        found = objects[encoder].shape()
        # The text lives as long as the encoder: it hangs on it.
        key = str(found["cache_key"]).encode()
        objects[encoder]._ocean_cache_key = buffer = ctypes.create_string_buffer(key)
        objects[encoder]._ocean_dim = int(found["dim"])
        target = Shape.from_address(out)
        target.dim = int(found["dim"])
        target.max_tokens = found.get("max_tokens") or 0
        target.pooling = POOLINGS[found.get("pooling", "other")]
        target.normalised = int(bool(found.get("normalised", False)))
        target.cache_key = Str(ctypes.addressof(buffer), len(key))
    return guarded(call_address, "shape", run)


def read_texts(texts, n):
    return [ctypes.string_at(text.ptr, text.len).decode() if text.len else "" for text in (Str * n).from_address(texts)]


def encode(encoder, texts, n, out, call_address):
    def run(call):
        if n == 0:
            return
        vectors = np.asarray(objects[encoder].encode(read_texts(texts, n), call), dtype=np.float32)
        # The shape is asked for once: it may cost a look at a model.
        dim = getattr(objects[encoder], "_ocean_dim", None) or int(objects[encoder].shape()["dim"])
        # Row-major, and our matrices are column-major: the transposed.
        fill(Borrowed().array(out, (dim, n), np.float32, is_writable=True), vectors.T, f"the transposed matrix of {n} vectors")
    return guarded(call_address, "encode", run)


def text_info(encoder, texts, n, out, call_address):
    def run(_):
        if n == 0:
            return
        counts = objects[encoder].text_info(read_texts(texts, n))
        if len(counts) != n:
            raise Failure(SHAPE, f"text_info gave {len(counts)} pairs for {n} texts")
        for target, (n_tokens, n_used) in zip((TextInfo * n).from_address(out), counts):
            target.n_tokens, target.n_used = n_tokens, n_used
    return guarded(call_address, "text_info", run)
