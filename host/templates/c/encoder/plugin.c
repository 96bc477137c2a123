/* @ID@: an encoder in C. Change `encode_one`; what stands around it can stay.
 *
 * The method it comes with: words are hashed into `dim` places and counted, and the vector is scaled to length 1. A text without words stays 0.
 */
#include "ocean_plugin.h"
#include "params.h"

/* Raise it whenever the same text gets other numbers: the host keeps vectors in a cache. */
#define REVISION 1

/* ---------------------------------------------------------------------------------------------------------------- what belongs to this plugin */

/* What one encoder was told, made by `create`. It never changes, so several threads may use it at once. */
typedef struct {
  uint32_t dim;
  char cache_key[64];
} encoder;

/* Before any status but OCEAN_OK: one message, exactly once. */
static ocean_status failed(const ocean_call *call, ocean_status status, const char *why) {
  call->fail(call->ctx, why, strlen(why));
  return status;
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* FNV-1a, 64 bits: the same number on every machine and with every compiler. */
static uint64_t hash(const char *word, size_t len) {
  uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)word[i]) * UINT64_C(0x100000001b3);
  return h;
}

/* Fills `out`, dim numbers. A vector depends on its own text only. The empty text is a text; texts have no final zero. */
static void encode_one(const encoder *self, ocean_str text, float *out) {
  double length = 0;
  for (uint32_t k = 0; k < self->dim; k++) out[k] = 0;
  for (size_t at = 0; at < text.len;) {
    size_t from;
    while (at < text.len && is_blank(text.ptr[at])) at++;
    from = at;
    while (at < text.len && !is_blank(text.ptr[at])) at++;
    if (at > from) out[hash(text.ptr + from, at - from) % self->dim] += 1;
  }
  for (uint32_t k = 0; k < self->dim; k++) length += (double)out[k] * out[k];
  for (uint32_t k = 0; k < self->dim && length > 0; k++) out[k] = (float)(out[k] / sqrt(length));
}

/* --------------------------------------------------------------------------------------------------------------------- "ocean.encoder/1" */

static ocean_status create(ocean_str params_json, const ocean_call *call, ocean_encoder **out) {
  char why[200];
  encoder *self;
  param params[] = {{"dim", 1, 4096, 1, 256}}; /* as in the schema below */
  if (!read_params(params_json, params, 1, why, sizeof why)) return failed(call, OCEAN_PARAM, why);
  self = malloc(sizeof *self);
  if (!self) return failed(call, OCEAN_OOM, "no memory for an encoder");
  self->dim = (uint32_t)params[0].value;
  snprintf(self->cache_key, sizeof self->cache_key, "revision %d, dim %u", REVISION, (unsigned)self->dim);
  *out = (ocean_encoder *)self; /* a handle: the host gives it back and never looks inside */
  return OCEAN_OK;
}

static void destroy(ocean_encoder *self) { free(self); }

static ocean_status shape(const ocean_encoder *opaque, ocean_encoder_shape *out, const ocean_call *call) {
  const encoder *self = (const encoder *)opaque;
  (void)call;
  out->dim = self->dim;
  out->max_tokens = 0;                /* no text is cut */
  out->pooling = OCEAN_POOLING_OTHER;
  out->normalised = 0;                /* not 1: a text without words has length 0 */
  out->cache_key.ptr = self->cache_key; /* lives as long as the encoder */
  out->cache_key.len = strlen(self->cache_key);
  return OCEAN_OK;
}

static ocean_status encode(const ocean_encoder *opaque, const ocean_str *texts, size_t n, float *out, const ocean_call *call) {
  const encoder *self = (const encoder *)opaque;
  for (size_t i = 0; i < n; i++) {
    if (call->cancelled(call->ctx)) return failed(call, OCEAN_CANCELLED, "cancelled");
    encode_one(self, texts[i], out + i * self->dim);
    call->progress(call->ctx, (double)(i + 1) / (double)n);
  }
  return OCEAN_OK;
}

/* --------------------------------------------------------------------------------------------------------- what the library says of itself */

static const ocean_encoder_v1 encoder_table = {sizeof encoder_table, create, destroy, shape, encode};

static const ocean_descriptor me = {
  .struct_size = sizeof me,
  .id = OCEAN_STR("@ID@"),                   /* what plugins.toml calls it */
  .name = OCEAN_STR("@TITLE@"),              /* what a report calls it */
  .version = OCEAN_STR("0.1.0"),
  .vendor = OCEAN_STR(""),                   /* you */
  .license = OCEAN_STR(""),                  /* an SPDX expression: MIT, GPL-3.0-or-later, … */
  .url = OCEAN_STR(""),
  .description = OCEAN_STR("Counts words by their hash."),
  .family = OCEAN_STR("hash"),
  .params_schema_json = OCEAN_STR(
    "{\"dim\": {\"type\": \"integer\", \"default\": 256, \"min\": 1, \"max\": 4096,"
    " \"help\": \"Numbers a text becomes. Fewer: more words share one.\"}}"),
  .kind = OCEAN_KIND_ENCODER,
  .flags = OCEAN_FLAG_THREAD_SAFE,           /* functions tagged [concurrent] in the header may run at the same time: they share nothing that changes */
};

static uint32_t count(void) { return 1; }

static const ocean_descriptor *descriptor(uint32_t index) { return index == 0 ? &me : NULL; }

/* NULL for every id that is not known: that is how the ABI grows without breaking anybody. */
static const void *interface_(uint32_t index, ocean_str id) {
  const char *known = OCEAN_ID_ENCODER;
  return index == 0 && id.len == strlen(known) && memcmp(id.ptr, known, id.len) == 0 ? &encoder_table : NULL;
}

static const ocean_entry entry = {OCEAN_MAGIC, OCEAN_ABI_MAJOR, OCEAN_ABI_MINOR, sizeof entry, OCEAN_STR("C99"), count, descriptor, interface_};

/* The one symbol that the host looks for. */
const ocean_entry *ocean_plugin_entry_v1(void) { return &entry; }
