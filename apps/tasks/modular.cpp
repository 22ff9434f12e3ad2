#include "apps/tasks/modular.h"

#include <fmt/format.h>

#include <numeric>

#include "apps/tasks/example_random.h"
#include "core/error.h"

namespace headlight {
namespace {

constexpr std::size_t kPositions = 3;
constexpr std::size_t kLargestModulus = 65535;

std::uint64_t second_operands(const ModularOptions& options) {
  return options.operation == ModularOperation::divide ? options.p - 1 : options.p;
}

bool has_inverses(std::uint64_t p) {
  for (std::uint64_t b = 2; b < p; ++b) {
    if (std::gcd(b, p) != 1) return false;
  }
  return true;
}

/// Number of pairs.
std::uint64_t checked(const ModularOptions& options) {
  const std::uint64_t p = options.p;
  if (p < 2 || p > kLargestModulus) {
    raise<ConfigError>("modular", fmt::format("the modulus is from 2 to {}", kLargestModulus), fmt::format("p {}", p));
  }
  if (options.operation == ModularOperation::divide && !has_inverses(p)) {
    raise<ConfigError>("modular", "not every number has an inverse", fmt::format("p {}", p), "divide modulo a prime");
  }
  const std::uint64_t pairs = p * second_operands(options);
  const std::uint64_t train = options.train_examples;
  const std::uint64_t eval = options.eval_examples;
  if (train == 0 || eval == 0 || train > pairs || eval > pairs - train) {
    raise<ConfigError>("modular", "both sets take at least one pair, and together at most all",
                       fmt::format("{} pairs, {} to train on, {} to evaluate on", pairs, train, eval));
  }
  return pairs;
}

/// base^exponent modulo p, with p below 2^16.
std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t p) {
  std::uint64_t product = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) product = product * base % p;
    base = base * base % p;
  }
  return product % p;
}

}  // namespace

Modular::Modular(const ModularOptions& options)
    : options_(options), order_(checked(options), options.seed, "modular.split") {}

TaskShape Modular::shape() const {
  return {.vocabulary = options_.p + 1,
          .classes = options_.p + 1,
          .predict = Prediction::last,
          .length = kPositions,
          .target_length = 1,
          .input_length = kPositions};
}

std::optional<std::uint64_t> Modular::examples(Split split) const {
  return split == Split::train ? options_.train_examples : options_.eval_examples;
}

std::uint64_t Modular::result(std::uint64_t a, std::uint64_t b) const {
  const std::uint64_t p = options_.p;
  switch (options_.operation) {
    case ModularOperation::add:
      return (a + b) % p;
    case ModularOperation::subtract:
      return (a + p - b) % p;
    case ModularOperation::multiply:
      return a * b % p;
    case ModularOperation::divide:
      // b^(p - 1) = 1 (Fermat), so b^(p - 2) is the inverse.
      return a * power(b, p - 2, p) % p;
    case ModularOperation::quadratic:
      break;
  }
  return (a * a + a * b + b * b) % p;
}

void Modular::example(const ExampleRequest& request, Example& example) const {
  check_index("modular", *this, request);
  check_only_length("modular", request, kPositions);
  example.clear();
  const std::uint64_t before = request.split == Split::train ? 0 : options_.train_examples;
  const std::uint64_t pair = order_(before + request.index);
  const std::uint64_t seconds = second_operands(options_);
  const std::uint64_t a = pair / seconds;
  const std::uint64_t b = pair % seconds + (options_.p - seconds);
  for (const std::uint64_t id : {a, b, std::uint64_t{options_.p}}) {
    example.input.push_back(static_cast<std::int32_t>(id));
  }
  example.target.push_back(static_cast<std::int32_t>(result(a, b)));
  example.size = kPositions;
}

std::string Modular::token_text(std::int32_t id) const {
  return id == static_cast<std::int32_t>(options_.p) ? "=" : std::to_string(id);
}

std::vector<AttentionPattern> Modular::patterns() const {
  return {{.name = "operand", .block = options_.block, .doc = "both operands"}};
}

void Modular::right_keys(std::size_t /*pattern*/, const Example& example, std::size_t query,
                         std::vector<std::size_t>& keys) const {
  if (query + 1 != kPositions || example.input.size() != kPositions) return;
  keys.push_back(0);
  keys.push_back(1);
}

}  // namespace headlight
