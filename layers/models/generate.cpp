#include "layers/models/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "autograd/scopes.h"
#include "core/error.h"
#include "core/random.h"
#include "core/rearrange.h"
#include "core/shape.h"
#include "layers/models/decoding.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

void check(const GenerateOptions& options) {
  const auto refuse = [](const char* what, const std::string& values, const char* remedy) {
    raise<ConfigError>("generate", what, values, remedy);
  };
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature)) {
    refuse("the temperature must be at least 0", fmt::format("{}", options.temperature), "0 takes the likeliest token");
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    refuse("top_p must lie above 0 and be at most 1", fmt::format("{}", options.top_p), "1 leaves all tokens");
  }
  if (options.beams == 0) refuse("a search needs a beam", "beams 0", "1 searches none");
  if (!std::isfinite(options.length_penalty)) refuse("the length penalty must be finite", {}, {});
  if (options.temperature == 0 && (options.top_k != 0 || options.top_p < 1)) {
    refuse("top_k and top_p have no effect without drawing", "temperature 0", "set a temperature such as 1");
  }
  if (options.temperature > 0 && options.beams > 1) {
    refuse("a beam search draws nothing", fmt::format("temperature {}, beams {}", options.temperature, options.beams),
           "take one of the two");
  }
  if (options.beams == 1 && options.length_penalty != 0) {
    refuse("a length penalty has no effect without beams", fmt::format("{}", options.length_penalty), "set beams");
  }
}

void check(const Model& model, const Prompts& prompts) {
  if (model.predict() != Predict::every && model.predict() != Predict::last) {
    raise<StateError>("generate", "the model does not predict a token behind its last position", {},
                      "build it with predict every or last");
  }
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::size_t length = prompts[i].size();
    if (length != 0 && (model.max_len() == 0 || length <= model.max_len())) continue;
    raise<ShapeError>("generate", fmt::format("prompt {} has {} tokens", i, length), {},
                      model.max_len() == 0 ? "give at least one"
                                           : fmt::format("give from 1 to {}, as max_len says", model.max_len()));
  }
}

/// The index of the first of the largest.
std::size_t likeliest(const std::vector<double>& log_probabilities) {
  return static_cast<std::size_t>(std::max_element(log_probabilities.begin(), log_probabilities.end()) -
                                  log_probabilities.begin());
}

/// A token drawn with the random number u in [0, 1).
std::size_t draw(const std::vector<double>& log_probabilities, const GenerateOptions& options, double u) {
  std::vector<std::size_t> order(log_probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return log_probabilities[a] > log_probabilities[b]; });
  if (options.top_k != 0) order.resize(std::min(order.size(), options.top_k));
  std::vector<double> weights;
  weights.reserve(order.size());
  for (const std::size_t token : order) {
    weights.push_back(std::exp((log_probabilities[token] - log_probabilities[order.front()]) / options.temperature));
  }
  double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0;
  std::size_t count = 0;
  while (count < weights.size() && (count == 0 || kept < options.top_p * total)) kept += weights[count++];
  total = kept;
  double before = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    before += weights[i];
    if (u * total < before) return order[i];
  }
  return order[count - 1];
}

/// Continues sequences of one length; `numbers` are those of their prompts.
void continue_group(Decoding& decoding, const std::vector<std::size_t>& numbers, std::size_t new_tokens,
                    const GenerateOptions& options, std::vector<Generated>& results) {
  std::vector<std::size_t> live = numbers;
  for (std::size_t made = 0; made < new_tokens && !live.empty(); ++made) {
    const std::vector<std::vector<double>> rows = decoding.log_probabilities();
    std::vector<std::size_t> going_on, kept_rows;
    std::vector<std::int32_t> tokens;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t prompt = live[row];
      std::size_t token = likeliest(rows[row]);
      if (options.temperature > 0) {
        Random random({.seed = options.seed, .stream = stream_id("generate") + prompt, .step = made});
        token = draw(rows[row], options, random.uniform());
      }
      Generated& result = results[prompt];
      result.tokens.push_back(static_cast<std::int32_t>(token));
      result.log_probabilities.push_back(rows[row][token]);
      result.log_probability += rows[row][token];
      result.ended = options.end == static_cast<std::int32_t>(token);
      if (result.ended) continue;
      going_on.push_back(prompt);
      kept_rows.push_back(row);
      tokens.push_back(static_cast<std::int32_t>(token));
    }
    live = std::move(going_on);
    if (!live.empty()) decoding.extend(kept_rows, tokens);
  }
}

/// `memory` (B, Ts, C) is undefined for a decoder.
std::vector<Generated> generate_behind(Model& model, const Prompts& prompts, const Tensor& memory,
                                       const std::vector<std::size_t>& memory_lengths, const GenerateOptions& options) {
  std::map<std::size_t, std::vector<std::size_t>> groups;  // prompts of one length run together
  for (std::size_t i = 0; i < prompts.size(); ++i) groups[prompts[i].size()].push_back(i);
  std::vector<Generated> results(prompts.size());
  const auto start = [&](const std::vector<std::size_t>& numbers) {
    Prompts own;
    std::vector<std::size_t> lengths;
    for (const std::size_t i : numbers) {
      own.push_back(prompts[i]);
      if (!memory_lengths.empty()) lengths.push_back(memory_lengths[i]);
    }
    Tensor rows = memory.defined() ? Tensor(rows_taken(memory.value(), numbers)) : Tensor();
    return Decoding(model, std::move(own), std::move(rows), std::move(lengths), options.cache);
  };
  for (const auto& [length, numbers] : groups) {
    const std::size_t room = model.max_len() == 0 ? options.max_new_tokens : model.max_len() - length;
    const std::size_t new_tokens = std::min(options.max_new_tokens, room);
    if (options.beams == 1) {
      Decoding decoding = start(numbers);
      continue_group(decoding, numbers, new_tokens, options, results);
      continue;
    }
    for (const std::size_t number : numbers) {
      Decoding decoding = start({number});
      results[number] = beam_search(decoding, new_tokens, options);
    }
  }
  return results;
}

}  // namespace

std::vector<Generated> generate(Model& decoder, const Prompts& prompts, const GenerateOptions& options) {
  check(options);
  check(decoder, prompts);
  if (decoder.arch() != Architecture::decoder) {
    raise<StateError>("generate", "only a decoder continues a prompt", {},
                      "an encoder predicts each position at once; an encoder-decoder needs a source");
  }
  return generate_behind(decoder, prompts, {}, {}, options);
}

GenerateSource padded_source(const Prompts& sequences) {
  std::vector<std::size_t> lengths;
  for (const auto& sequence : sequences) lengths.push_back(sequence.size());
  if (lengths.empty() || *std::min_element(lengths.begin(), lengths.end()) == 0) {
    raise<ShapeError>("generate", "each source needs at least one token");
  }
  const std::size_t longest = *std::max_element(lengths.begin(), lengths.end());
  Tokens ids(Shape{sequences.size(), longest});
  for (std::size_t row = 0; row < sequences.size(); ++row) {
    std::int32_t* const to = ids.data() + row * longest;
    std::fill_n(to, longest, sequences[row].front());
    std::copy(sequences[row].begin(), sequences[row].end(), to);
  }
  return {.input = ids, .lengths = std::move(lengths)};
}

std::vector<Generated> generate(Model& encoder_decoder, const GenerateSource& source, const Prompts& prefixes,
                                const GenerateOptions& options) {
  check(options);
  check(encoder_decoder, prefixes);
  const std::size_t batch = source.input.batch();
  if (prefixes.size() != batch || (!source.lengths.empty() && source.lengths.size() != batch)) {
    raise<ShapeError>("generate", "each member of the source needs a prefix and, where any has one, a length",
                      fmt::format("{} members, {} prefixes, {} lengths", batch, prefixes.size(),
                                  source.lengths.size()));
  }
  Context context;
  if (!source.lengths.empty()) context.memory_mask = Mask::padding(source.lengths);
  const NoGrad no_grad;
  const Tensor memory = encoder_decoder.encode(source.input, context);
  return generate_behind(encoder_decoder, prefixes, memory, source.lengths, options);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
