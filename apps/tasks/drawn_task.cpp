#include "apps/tasks/drawn_task.h"

#include <fmt/format.h>

#include <unordered_set>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::uint64_t kHeldOutShare = 10;
/// Draws in a row that bring nothing new before a set counts as exhausted, and tries to find an input of a split: of
/// ten thousand one in ten is there but with probability 0.9^10000.
constexpr std::size_t kMostTries = 10000;
constexpr std::uint64_t kLargestSet = 10'000'000;

/// 64 bits of a sequence: FNV-1a over its ids (Fowler, Noll & Vo), mixed by the finaliser of MurmurHash3 (Appleby) so
/// that every bit depends on every id.
std::uint64_t fingerprint(std::span<const std::int32_t> ids) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const std::int32_t id : ids) {
    hash ^= static_cast<std::uint32_t>(id);
    hash *= 0x0000'0100'0000'01B3;
  }
  hash = (hash ^ (hash >> 33U)) * 0xFF51'AFD7'ED55'8CCD;
  hash = (hash ^ (hash >> 33U)) * 0xC4CE'B9FE'1A85'EC53;
  return hash ^ (hash >> 33U);
}

const char* split_name(Split split) { return split == Split::train ? "training" : "held-out"; }

}  // namespace

bool is_held_out(std::span<const std::int32_t> input) { return fingerprint(input) % kHeldOutShare == 0; }

std::optional<std::uint64_t> DrawnTask::examples(Split split) const {
  return split == Split::train ? sets_.train_examples : sets_.eval_examples;
}

bool DrawnTask::draw_within(const ExampleRequest& request, Example& example) const {
  Random random = example_random(name_, request, sets_.seeds);
  for (std::size_t tries = 0; tries < kMostTries; ++tries) {
    example.clear();
    draw(random, request, example);
    if (is_held_out(example.input) == (request.split == Split::eval)) return true;
  }
  return false;
}

std::vector<std::uint32_t> DrawnTask::different(Split split, std::uint64_t count) const {
  if (count > kLargestSet) {
    raise<ConfigError>(name_, fmt::format("a set without repetition has at most {} examples", kLargestSet),
                       std::to_string(count), "take fewer, or fresh ones with `trainer.sampling`");
  }
  std::vector<std::uint32_t> draws;
  draws.reserve(count);
  std::unordered_set<std::uint64_t> seen;
  seen.reserve(count);
  Example made;
  std::size_t in_vain = 0;
  for (std::uint32_t number = 0; draws.size() < count; ++number) {
    const bool belongs = draw_within({.split = split, .index = number}, made);
    if (belongs && seen.insert(fingerprint(made.input)).second) {
      draws.push_back(number);
      in_vain = 0;
    } else if (++in_vain == kMostTries) {
      raise<ConfigError>(name_, fmt::format("the task has too few different {} inputs", split_name(split)),
                         fmt::format("{} are wanted, {} were found", count, draws.size()),
                         fmt::format("lower {}, or take longer sequences or more symbols",
                                     split == Split::train ? "`task.train_examples`" : "`task.eval.examples`"));
    }
  }
  return draws;
}

void DrawnTask::draw_sets(const std::vector<std::size_t>& asked) {
  Example made;
  for (const std::size_t length : asked) {
    const ExampleRequest request{.split = Split::eval, .length = length};
    if (!draw_within(request, made)) refuse(request);
  }
  if (sets_.train_examples) train_ = different(Split::train, *sets_.train_examples);
  eval_ = different(Split::eval, sets_.eval_examples);
}

void DrawnTask::refuse(const ExampleRequest& request) const {
  const std::string of_length = request.length ? fmt::format(" of length {}", *request.length) : "";
  raise<ConfigError>(name_,
                     fmt::format("no {} input{} was found in {} draws", split_name(request.split), of_length,
                                 kMostTries),
                     "one input in ten is held out, by a hash of it",
                     request.split == Split::train
                         ? "train on longer sequences, or take more symbols"
                         : "leave this length out of the evaluation (`task.eval.lengths`), or take more symbols");
}

void DrawnTask::example(const ExampleRequest& request, Example& example) const {
  check_index(name_, *this, request);
  const bool endless = request.split == Split::train && !sets_.train_examples;
  ExampleRequest drawn = request;
  if (!endless) drawn.index = (request.split == Split::train ? train_ : eval_)[request.index];
  if (!draw_within(drawn, example)) refuse(request);
}

}  // namespace headlight
