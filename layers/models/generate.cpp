#include "layers/models/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
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

void check(const Model& model, const Prompts& prompts, const GenerateOptions& options) {
  if (model.predict() != Predict::every && model.predict() != Predict::last) {
    raise<StateError>("generate", "the model does not predict a token behind its last position", {},
                      "build it with predict every or last");
  }
  if (model.outputs() > model.target_vocabulary()) {
    raise<StateError>("generate", "the model predicts tokens that it cannot read",
                      fmt::format("{} outputs, {} tokens", model.outputs(), model.target_vocabulary()),
                      "build it with at most as many `outputs` as its (target) vocabulary has");
  }
  if (options.end && (*options.end < 0 || static_cast<std::size_t>(*options.end) >= model.outputs())) {
    raise<ConfigError>("generate", "the end mark is nothing that the model predicts",
                       fmt::format("end {}, {} outputs", *options.end, model.outputs()),
                       "leave `end` empty to stop by max_new_tokens alone");
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

template <class T>
void add_bytes(std::string& bytes, const T* values, std::size_t count) {
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

/// What member b of a source holds, padding left out.
std::string bytes_of(const GenerateSource& source, std::size_t b) {
  std::string bytes;
  const ModelInput& input = source.input;
  const std::size_t time = source.lengths.empty() ? input.length() : source.lengths[b];
  if (input.is_tokens()) {
    add_bytes(bytes, input.tokens().data() + b * input.length(), time);
  } else {
    const Tensor& vectors = input.vectors();
    const std::size_t width = vectors.extent(-1);
    add_bytes(bytes, vectors.value().data() + b * input.length() * width, time * width);
  }
  return bytes;
}

/// The random stream of each prompt: a matter of its own tokens and source, and of how many equal ones came before it.
std::vector<std::uint64_t> streams(const Prompts& prompts, const GenerateSource* source) {
  std::map<std::uint64_t, std::uint64_t> seen;
  std::vector<std::uint64_t> found;
  found.reserve(prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    std::string bytes = "generate";
    if (source != nullptr) bytes += bytes_of(*source, i);
    add_bytes(bytes, prompts[i].data(), prompts[i].size());
    const std::uint64_t repeat = seen[stream_id(bytes)]++;
    add_bytes(bytes, &repeat, 1);
    found.push_back(stream_id(bytes));
  }
  return found;
}

/// Continues sequences of one length; `numbers` are those of their prompts.
void continue_group(Decoding& decoding, const std::vector<std::size_t>& numbers, std::size_t new_tokens,
                    const GenerateOptions& options, const std::vector<std::uint64_t>& random_streams,
                    std::vector<Generated>& results) {
  std::vector<std::size_t> live = numbers;
  for (std::size_t made = 0; made < new_tokens && !live.empty(); ++made) {
    const std::vector<std::vector<double>> rows = decoding.log_probabilities();
    std::vector<std::size_t> going_on, kept_rows;
    std::vector<std::int32_t> tokens;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const std::size_t prompt = live[row];
      std::size_t token = likeliest(rows[row]);
      if (options.temperature > 0) {
        Random random({.seed = options.seed, .stream = random_streams[prompt], .step = made});
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

/// `memory` (B, Ts, C) is undefined, and there is no source, for a decoder.
std::vector<Generated> generate_behind(Model& model, const Prompts& prompts, const Tensor& memory,
                                       const GenerateSource* source, const GenerateOptions& options) {
  const std::vector<std::size_t> memory_lengths = source == nullptr ? std::vector<std::size_t>{} : source->lengths;
  const std::vector<std::uint64_t> random_streams = streams(prompts, source);
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
    // The last token is not read again, so it needs no position.
    const std::size_t room = model.max_len() == 0 ? options.max_new_tokens : model.max_len() + 1 - length;
    const std::size_t new_tokens = std::min(options.max_new_tokens, room);
    if (options.beams == 1) {
      Decoding decoding = start(numbers);
      continue_group(decoding, numbers, new_tokens, options, random_streams, results);
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
  if (decoder.arch() != Architecture::decoder) {
    raise<StateError>("generate", "only a decoder continues a prompt", {},
                      "an encoder predicts each position at once; an encoder-decoder needs a source");
  }
  check(decoder, prompts, options);
  return generate_behind(decoder, prompts, {}, nullptr, options);
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
  check(encoder_decoder, prefixes, options);
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
  return generate_behind(encoder_decoder, prefixes, memory, &source, options);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
