// @ID@: an encoder in C++. Change `encode_one`; what stands around it can stay.
//
// The method it comes with: words are hashed into `dim` places and counted, and the vector is scaled to length 1. A text without words stays 0.
#include "ocean_plugin.hpp"

#include <algorithm>

namespace {

// Raise it whenever the same text gets other numbers: the host keeps vectors in a cache.
constexpr int revision = 1;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// FNV-1a, 64 bits: the same number on every machine and with every compiler. std::hash is not.
std::uint64_t hash(std::string_view word) {
  std::uint64_t h = UINT64_C(0xcbf29ce484222325);
  for (const char c : word) h = (h ^ static_cast<unsigned char>(c)) * UINT64_C(0x100000001b3);
  return h;
}

struct encoder {
  static constexpr ocean::about about = {
    "@ID@",      // what plugins.toml calls it
    "@TITLE@",   // what a report calls it
    "0.1.0",     // its version
    "",          // vendor: you
    "",          // licence, an SPDX expression: MIT, GPL-3.0-or-later, …
    "",          // where to read more
    "Counts words by their hash.",
    "hash",      // family, any word
    R"({"dim": {"type": "integer", "default": 256, "min": 1, "max": 4096,)"
    R"( "help": "Numbers a text becomes. Fewer: more words share one."}})",
    OCEAN_FLAG_THREAD_SAFE, // const members may run at the same time: they share nothing that changes
  };

  std::uint32_t dim;

  // Name, default and range as in the schema above. Cheap: weights are better read at the first encode, so that a full cache loads nothing.
  encoder(ocean::params &params, const ocean::call &) : dim(std::uint32_t(params.integer("dim", 256, 1, 4096))) {}

  ocean::shape shape() const {
    ocean::shape shape;
    shape.dim = dim;
    shape.cache_key = "revision " + std::to_string(revision) + ", dim " + std::to_string(dim);
    return shape; // not normalised: a text without words has length 0
  }

  // A vector depends on its own text only. The empty text is a text.
  void encode_one(std::string_view text, float *out) const {
    std::fill_n(out, dim, 0.0F);
    for (std::size_t at = 0; at < text.size();) {
      while (at < text.size() && is_blank(text[at])) at++;
      const std::size_t from = at;
      while (at < text.size() && !is_blank(text[at])) at++;
      if (at > from) out[hash(text.substr(from, at - from)) % dim] += 1;
    }
    double length = 0;
    for (std::uint32_t k = 0; k < dim; k++) length += double(out[k]) * out[k];
    for (std::uint32_t k = 0; k < dim && length > 0; k++) out[k] = float(out[k] / std::sqrt(length));
  }

  // Fills out, n x dim, text by text.
  void encode(const std::string_view *texts, std::size_t n, float *out, const ocean::call &call) const {
    for (std::size_t i = 0; i < n; i++) {
      call.check_cancelled();
      encode_one(texts[i], out + i * dim);
      call.progress(double(i + 1) / double(n));
    }
  }
};

} // namespace

OCEAN_EXPORT_ENCODER(encoder)
