// ocean_plugin.hpp: a plugin as a C++17 class. Optional: it only fills the tables of ocean_plugin.h, which has the rules.
//
// It owns the boundary: no exception crosses it, parameters are read from JSON and checked, `fail` is called exactly once. The classes an author writes:
//
//   struct my_regressor {                                        struct my_encoder {
//     static constexpr ocean::about about = {...};                 static constexpr ocean::about about = {...};
//     using model = ...;                                           my_encoder(ocean::params &, const ocean::call &);
//     my_regressor(ocean::params &, const ocean::call &);          ocean::shape shape() const;
//     model fit(ocean::matrix x, const double *y, double alpha,    void encode(const std::string_view *texts, std::size_t n,
//               const ocean::call &) const;                                    float *out, const ocean::call &) const;
//     void predict(const model &, ocean::matrix x_new,           };
//                  double *y_hat, const ocean::call &) const;
//     // optional, for methods that have coefficients:
//     const std::vector<double> &coef(const model &) const;
//   };
//   OCEAN_EXPORT_REGRESSOR(my_regressor)                         OCEAN_EXPORT_ENCODER(my_encoder)
//
// Members are const because several threads may call them at once: about.flags = OCEAN_FLAG_THREAD_SAFE promises that they may; leave it 0 otherwise.
// Throw ocean::error to fail with a status of your choice; std::bad_alloc is OCEAN_OOM, every other exception OCEAN_PANIC. A destructor must not throw.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef OCEAN_PLUGIN_HPP
#define OCEAN_PLUGIN_HPP

#include "ocean_plugin.h"

#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ocean {

// Why a plugin refused or failed. The message says, in one line, what happened, what was found and what to try.
class error : public std::runtime_error {
 public:
  error(ocean_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  ocean_status status() const noexcept { return status_; }

 private:
  ocean_status status_;
};

// What a plugin says of itself; see ocean_descriptor.
struct about {
  std::string_view id, name, version, vendor, license, url, description, family, params_schema_json;
  std::uint32_t flags;
};

// The host, for one call. Its functions may be called from any thread of that call.
class call {
 public:
  explicit call(const ocean_call *raw) : raw_(raw) {}
  std::uint64_t seed() const { return raw_->seed; } // the one source of randomness
  std::uint32_t max_threads() const { return raw_->max_threads; }
  void log(std::int32_t level, std::string_view line) const { raw_->log(raw_->ctx, level, line.data(), line.size()); }
  void progress(double fraction) const { raw_->progress(raw_->ctx, fraction); }
  bool cancelled() const { return raw_->cancelled(raw_->ctx) != 0; }
  void check_cancelled() const { // in a loop: stops when the host asked to
    if (cancelled()) throw error(OCEAN_CANCELLED, "cancelled");
  }

 private:
  const ocean_call *raw_;
};

// The host's matrix, borrowed for the call: column by column, without gaps (the classes here never declare OCEAN_FLAG_STRIDED).
class matrix {
 public:
  explicit matrix(const ocean_mat *raw) : raw_(raw) {}
  std::size_t rows() const { return raw_->rows; }
  std::size_t cols() const { return raw_->cols; }
  const double *column(std::size_t j) const { return raw_->data + j * raw_->rows; }
  double operator()(std::size_t i, std::size_t j) const { return column(j)[i]; }

 private:
  const ocean_mat *raw_;
};

// What an encoder makes; see ocean_encoder_shape.
struct shape {
  std::uint32_t dim = 0, max_tokens = 0, pooling = OCEAN_POOLING_OTHER;
  bool is_normalised = false;
  std::string cache_key; // a hash of all a vector depends on besides its text
};

// The parameters of `create`: one JSON object of numbers, booleans and texts, taken member by member. What nobody takes is refused.
class params {
 public:
  explicit params(ocean_str json) : at_(json.ptr), end_(json.ptr + json.len) { parse(); }

  double number(const std::string &name, double by_default, double min, double max) {
    const value *found = take(name);
    if (!found) return by_default;
    if (found->kind != 'n') wrong(name + " is not a number");
    if (!(found->number >= min && found->number <= max)) wrong(name + " is outside [" + text_of(min) + ", " + text_of(max) + "]");
    return found->number;
  }
  std::int64_t integer(const std::string &name, std::int64_t by_default, std::int64_t min, std::int64_t max) {
    const double found = number(name, double(by_default), double(min), double(max));
    if (found != std::floor(found)) wrong(name + " is not a whole number");
    return std::int64_t(found);
  }
  bool boolean(const std::string &name, bool by_default) {
    const value *found = take(name);
    if (!found) return by_default;
    if (found->kind != 'b') wrong(name + " is neither true nor false");
    return found->number != 0;
  }
  std::string text(const std::string &name, const std::string &by_default) {
    const value *found = take(name);
    if (!found) return by_default;
    if (found->kind != 's') wrong(name + " is not a text");
    return found->text;
  }
  // Called after the constructor of the plugin: a parameter that it did not take is unknown.
  void finish() const {
    for (const auto &member : members_)
      if (!member.second.is_taken) wrong("unknown parameter `" + member.first.substr(0, 60) + "`");
  }

 private:
  struct value {
    char kind = '0'; // number, boolean, string; 0: null, which none of these takes
    double number = 0;
    std::string text;
    bool is_taken = false;
  };

  [[noreturn]] static void wrong(const std::string &what) { throw error(OCEAN_PARAM, what); }
  [[noreturn]] static void not_json() { wrong("the parameters are not a JSON object of numbers, booleans and texts"); }
  static std::string text_of(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (!text.empty() && text.back() == '.') text.pop_back();
    return text;
  }
  const value *take(const std::string &name) {
    const auto found = members_.find(name);
    if (found == members_.end()) return nullptr;
    found->second.is_taken = true;
    return &found->second;
  }

  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool accept(char c) {
    blanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) not_json();
  }
  bool word(std::string_view expected) {
    if (std::size_t(end_ - at_) < expected.size() || std::string_view(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }
  void parse() {
    expect('{');
    if (!accept('}')) {
      do {
        blanks();
        const std::string name = string();
        expect(':');
        blanks();
        members_[name] = read_value();
      } while (accept(','));
      expect('}');
    }
    blanks();
    if (at_ != end_) not_json();
  }
  value read_value() {
    value read;
    if (word("null")) return read;
    if (word("true") || word("false")) {
      read.kind = 'b';
      read.number = at_[-2] == 'u'; // tr-u-e, fal-s-e
      return read;
    }
    if (at_ != end_ && *at_ == '"') {
      read.kind = 's';
      read.text = string();
      return read;
    }
    read.kind = 'n';
    read.number = read_number();
    return read;
  }
  // No `+`, no `inf`, no hexadecimal, no leading zero. The decimal point is the C locale's: a plugin sets no locale.
  double read_number() {
    std::string text;
    while (at_ != end_ && *at_ != '\0' && std::strchr("0123456789+-.eE", *at_)) text += *at_++;
    const char *digits = text.c_str() + (text[0] == '-');
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!is_digit(digits[0]) || (digits[0] == '0' && is_digit(digits[1]))) not_json();
    char *stop = nullptr;
    const double read = std::strtod(text.c_str(), &stop);
    if (*stop != '\0' || !std::isfinite(read)) not_json();
    return read;
  }
  std::string string() {
    std::string text;
    if (at_ == end_ || *at_++ != '"') not_json();
    while (at_ != end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < 0x20) not_json();
      if (*at_ != '\\') {
        text += *at_++;
        continue;
      }
      if (++at_ == end_) not_json();
      const char escaped = *at_++;
      static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
      if (escaped == 'u') utf8(text, code_point());
      else if (const char *place = std::strchr(from, escaped); place && escaped) text += to[place - from];
      else not_json();
    }
    if (at_ == end_) not_json();
    ++at_;
    return text;
  }
  std::uint32_t four_digits() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
      static const char hex[] = "0123456789abcdef";
      const char *digit = at_ == end_ || !*at_ ? nullptr : std::strchr(hex, *at_ >= 'A' && *at_ <= 'F' ? *at_ + 32 : *at_);
      if (!digit) not_json();
      code = code * 16 + std::uint32_t(digit - hex);
      ++at_;
    }
    return code;
  }
  std::uint32_t code_point() {
    const std::uint32_t first = four_digits();
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !word("\\u")) not_json(); // half of a pair
    const std::uint32_t second = four_digits();
    if (second < 0xDC00 || second > 0xDFFF) not_json();
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }
  static void utf8(std::string &text, std::uint32_t code) {
    if (code < 0x80) {
      text += char(code);
      return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    text += char(lead[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; i--) text += char(0x80 | ((code >> (6 * i)) & 0x3F));
  }

  const char *at_, *end_;
  std::map<std::string, value> members_;
};

namespace detail {

// Runs `body`; nothing unwinds past it.
template <class Body>
ocean_status guarded(const ocean_call *raw, Body &&body) noexcept {
  const auto failed = [raw](ocean_status status, const char *why) noexcept {
    raw->fail(raw->ctx, why, std::strlen(why));
    return status;
  };
  try {
    body();
    return OCEAN_OK;
  } catch (const error &e) {
    return failed(e.status(), e.what());
  } catch (const std::bad_alloc &) {
    return failed(OCEAN_OOM, "not enough memory");
  } catch (const std::exception &e) {
    return failed(OCEAN_PANIC, e.what());
  } catch (...) {
    return failed(OCEAN_PANIC, "an exception that is no std::exception");
  }
}

inline ocean_str str(std::string_view text) { return {text.data(), text.size()}; }
inline bool is(ocean_str id, const char *name) { return std::string_view(id.ptr, id.len) == name; }

template <class Plugin, class = void>
struct has_coef : std::false_type {};
template <class Plugin>
struct has_coef<Plugin, std::void_t<decltype(std::declval<const Plugin &>().coef(std::declval<const typename Plugin::model &>()))>> : std::true_type {};

template <class Plugin, class Handle>
ocean_status create(ocean_str params_json, const ocean_call *raw, Handle **out) noexcept {
  return guarded(raw, [&] {
    params given(params_json);
    auto made = std::make_unique<Plugin>(given, call(raw));
    given.finish();
    *out = reinterpret_cast<Handle *>(made.release());
  });
}
template <class Object, class Handle>
void destroy(Handle *object) noexcept { delete reinterpret_cast<Object *>(object); }

template <class Plugin>
struct regressor {
  using model = typename Plugin::model;
  static const Plugin &self(const ocean_regressor *handle) { return *reinterpret_cast<const Plugin *>(handle); }
  static const model &fitted(const ocean_model *handle) { return *reinterpret_cast<const model *>(handle); }

  static ocean_status fit(const ocean_regressor *handle, const ocean_mat *x, const double *y, double alpha, const ocean_call *raw, ocean_model **out) noexcept {
    return guarded(raw, [&] {
      auto made = std::make_unique<model>(self(handle).fit(matrix(x), y, alpha, call(raw)));
      *out = reinterpret_cast<ocean_model *>(made.release());
    });
  }
  static ocean_status predict(const ocean_regressor *handle, const ocean_model *m, const ocean_mat *x_new, double *y_hat, const ocean_call *raw) noexcept {
    return guarded(raw, [&] { self(handle).predict(fitted(m), matrix(x_new), y_hat, call(raw)); });
  }
  static ocean_status coef(const ocean_regressor *handle, const ocean_model *m, double *out, const ocean_call *raw) noexcept {
    return guarded(raw, [&] {
      if constexpr (has_coef<Plugin>::value) {
        const std::vector<double> &all = self(handle).coef(fitted(m));
        if (!all.empty()) std::memcpy(out, all.data(), all.size() * sizeof(double));
      } else {
        (void)handle, (void)m, (void)out;
      }
    });
  }
  static const void *table(ocean_str id) {
    static const ocean_regressor_v1 simple = {sizeof simple, create<Plugin, ocean_regressor>, destroy<Plugin, ocean_regressor>, fit, predict,
                                              destroy<model, ocean_model>};
    static const ocean_linear_v1 linear = {sizeof linear, coef};
    if (is(id, OCEAN_ID_REGRESSOR)) return &simple;
    if (has_coef<Plugin>::value && is(id, OCEAN_ID_LINEAR)) return &linear;
    return nullptr;
  }
};

template <class Plugin>
struct encoder {
  // The shape is asked for once: its key lives as long as the encoder.
  struct object {
    Plugin plugin;
    ocean::shape shape;
    object(params &given, const call &host) : plugin(given, host), shape(plugin.shape()) {}
  };
  static const object &self(const ocean_encoder *handle) { return *reinterpret_cast<const object *>(handle); }

  static ocean_status shape(const ocean_encoder *handle, ocean_encoder_shape *out, const ocean_call *raw) noexcept {
    return guarded(raw, [&] {
      const ocean::shape &shape = self(handle).shape;
      out->dim = shape.dim;
      out->max_tokens = shape.max_tokens;
      out->pooling = shape.pooling;
      out->normalised = shape.is_normalised;
      out->cache_key = str(shape.cache_key);
    });
  }
  static ocean_status encode(const ocean_encoder *handle, const ocean_str *texts, std::size_t n, float *out, const ocean_call *raw) noexcept {
    return guarded(raw, [&] {
      std::vector<std::string_view> views;
      views.reserve(n);
      for (std::size_t i = 0; i < n; i++) views.emplace_back(texts[i].ptr, texts[i].len);
      self(handle).plugin.encode(views.data(), n, out, call(raw));
    });
  }
  static const void *table(ocean_str id) {
    static const ocean_encoder_v1 simple = {sizeof simple, create<object, ocean_encoder>, destroy<object, ocean_encoder>, shape, encode};
    return is(id, OCEAN_ID_ENCODER) ? &simple : nullptr;
  }
};

// The entry of a library with one plugin.
template <class Plugin, class Tables, std::uint32_t kind>
const ocean_entry *entry() {
  static const ocean_descriptor me = {sizeof me,
                                      str(Plugin::about.id),
                                      str(Plugin::about.name),
                                      str(Plugin::about.version),
                                      str(Plugin::about.vendor),
                                      str(Plugin::about.license),
                                      str(Plugin::about.url),
                                      str(Plugin::about.description),
                                      str(Plugin::about.family),
                                      str(Plugin::about.params_schema_json),
                                      kind,
                                      Plugin::about.flags & ~std::uint32_t(OCEAN_FLAG_STRIDED)};
  static const ocean_entry library = {OCEAN_MAGIC,
                                      OCEAN_ABI_MAJOR,
                                      OCEAN_ABI_MINOR,
                                      sizeof library,
                                      OCEAN_STR("C++17"),
                                      []() -> std::uint32_t { return 1; },
                                      [](std::uint32_t index) -> const ocean_descriptor * { return index == 0 ? &me : nullptr; },
                                      [](std::uint32_t index, ocean_str id) -> const void * { return index == 0 ? Tables::table(id) : nullptr; }};
  return &library;
}

} // namespace detail
} // namespace ocean

#define OCEAN_EXPORT_REGRESSOR(Plugin) \
  const ocean_entry *ocean_plugin_entry_v1(void) { return ocean::detail::entry<Plugin, ocean::detail::regressor<Plugin>, OCEAN_KIND_REGRESSOR>(); }
#define OCEAN_EXPORT_ENCODER(Plugin) \
  const ocean_entry *ocean_plugin_entry_v1(void) { return ocean::detail::entry<Plugin, ocean::detail::encoder<Plugin>, OCEAN_KIND_ENCODER>(); }

#endif
