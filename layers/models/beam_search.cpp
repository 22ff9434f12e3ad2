#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "layers/models/decoding.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

struct Beam {
  std::vector<double> log_probabilities{};
  double sum = 0;
};

struct Candidate {
  std::size_t row;
  std::int32_t token;
  double log_probability;  ///< of the token
  double sum;              ///< of the whole continuation
};

/// ((5 + n) / 6)^a
double length_factor(std::size_t tokens, double penalty) {
  return std::pow((5 + static_cast<double>(tokens)) / 6, penalty);
}

/// Every continuation by one token, the likeliest first; of equal ones that of the earlier beam and token.
std::vector<Candidate> candidates(Decoding& decoding, const std::vector<Beam>& beams, std::size_t wanted) {
  std::vector<Candidate> all;
  const std::vector<std::vector<double>> rows = decoding.log_probabilities();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t token = 0; token < rows[row].size(); ++token) {
      const double log_probability = rows[row][token];
      all.push_back({row, static_cast<std::int32_t>(token), log_probability, beams[row].sum + log_probability});
    }
  }
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, all.size()));
  std::partial_sort(all.begin(), middle, all.end(), [](const Candidate& a, const Candidate& b) {
    if (a.sum != b.sum) return a.sum > b.sum;
    return a.row != b.row ? a.row < b.row : a.token < b.token;
  });
  all.erase(middle, all.end());
  return all;
}

}  // namespace

Generated beam_search(Decoding& decoding, std::size_t new_tokens, const GenerateOptions& options) {
  const std::size_t prompt = decoding.length();
  std::vector<Beam> beams(1);
  std::optional<Generated> best;
  double best_score = -std::numeric_limits<double>::infinity();
  const auto finish = [&](const std::vector<std::int32_t>& tokens, Beam beam, bool ended) {
    const double score = beam.sum / length_factor(tokens.size(), options.length_penalty);
    if (best && score <= best_score) return;
    best_score = score;
    best = Generated{tokens, std::move(beam.log_probabilities), beam.sum, ended};
  };
  for (std::size_t made = 0; made < new_tokens; ++made) {
    std::vector<Beam> kept;
    std::vector<std::size_t> rows;
    std::vector<std::int32_t> tokens;
    // Each beam ends at most once, so twice as many candidates leave enough that go on.
    for (const Candidate& candidate : candidates(decoding, beams, 2 * options.beams)) {
      Beam beam = beams[candidate.row];
      beam.log_probabilities.push_back(candidate.log_probability);
      beam.sum = candidate.sum;
      const bool ended = options.end == candidate.token;
      if (ended || made + 1 == new_tokens) {
        const std::vector<std::int32_t>& whole = decoding.sequence(candidate.row);
        std::vector<std::int32_t> own(whole.begin() + static_cast<std::ptrdiff_t>(prompt), whole.end());
        own.push_back(candidate.token);
        finish(own, std::move(beam), ended);
      } else if (kept.size() < options.beams) {
        kept.push_back(std::move(beam));
        rows.push_back(candidate.row);
        tokens.push_back(candidate.token);
      }
    }
    if (kept.empty()) break;
    // A sum only falls as a beam grows; divided by the largest factor it can reach, it bounds every score to come.
    const double bound = std::max(kept.front().sum / length_factor(new_tokens, options.length_penalty),
                                  kept.front().sum / length_factor(made + 2, options.length_penalty));
    if (best && bound <= best_score) break;
    beams = std::move(kept);
    decoding.extend(rows, tokens);
  }
  return best.value_or(Generated{{}, {}, 0, false});
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
