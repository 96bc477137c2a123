/* params.h: reads `params_json`, an object of numbers, strictly.
 *
 * The host has checked the parameters against the schema in the descriptor; other hosts may not have, so this checks again: an unknown name, another
 * type or a value out of range is an error in words. Enough for plugins whose parameters are numbers; for texts and lists take a JSON library.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include "ocean_plugin.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct param {
  const char *name;
  double min, max; /* both allowed */
  int is_integer;
  double value;    /* in: the default; out: what the user said */
} param;

static void params_skip_blanks(const char **at, const char *end) {
  while (*at < end && (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r')) ++*at;
}

static int params_take(const char **at, const char *end, char expected) {
  params_skip_blanks(at, end);
  if (*at == end || **at != expected) return 0;
  ++*at;
  return 1;
}

/* A number of JSON: no `+`, no `inf`, no hexadecimal, no leading zero. The decimal point is the C locale's: a plugin sets no locale. */
static int params_number(const char **at, const char *end, double *value) {
  char text[64];
  char *stop;
  size_t n = 0;
  params_skip_blanks(at, end);
  while (*at + n < end && n + 1 < sizeof text && strchr("0123456789+-.eE", (*at)[n]) && (*at)[n]) n++;
  memcpy(text, *at, n);
  text[n] = '\0';
  {
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')) return 0;
  }
  *value = strtod(text, &stop);
  *at += n;
  return *stop == '\0' && isfinite(*value);
}

/* 1: read, `params` hold what was said. 0: `why` says what is wrong, in one line. */
static int read_params(ocean_str json, param *params, size_t n_params, char *why, size_t why_size) {
  const char *at = json.ptr, *end = json.ptr + json.len;
  size_t i;
  if (!json.len || !params_take(&at, end, '{')) goto not_json;
  if (!params_take(&at, end, '}')) {
    do {
      const char *name;
      size_t name_len;
      double value;
      if (!params_take(&at, end, '"')) goto not_json;
      name = at;
      while (at < end && *at != '"' && *at != '\\') at++;
      name_len = (size_t)(at - name);
      if (!params_take(&at, end, '"') || !params_take(&at, end, ':')) goto not_json;
      for (i = 0; i < n_params; i++)
        if (strlen(params[i].name) == name_len && memcmp(params[i].name, name, name_len) == 0) break;
      if (i == n_params) {
        snprintf(why, why_size, "unknown parameter `%.*s`", (int)(name_len < 60 ? name_len : 60), name);
        return 0;
      }
      if (!params_number(&at, end, &value) || (params[i].is_integer && value != floor(value))) {
        snprintf(why, why_size, "%s is not %s", params[i].name, params[i].is_integer ? "a whole number" : "a number");
        return 0;
      }
      if (value < params[i].min || value > params[i].max) {
        snprintf(why, why_size, "%s = %g is outside [%g, %g]", params[i].name, value, params[i].min, params[i].max);
        return 0;
      }
      params[i].value = value;
    } while (params_take(&at, end, ','));
    if (!params_take(&at, end, '}')) goto not_json;
  }
  params_skip_blanks(&at, end);
  if (at == end) return 1;
not_json:
  snprintf(why, why_size, "the parameters are not a JSON object of numbers");
  return 0;
}

#endif
