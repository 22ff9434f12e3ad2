#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "layers/context.h"
#include "layers/init.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

class LayerConfig;

/// How a query is compared with a key of the same head. D is the head size.
enum class ScoreKind {
  scaled_dot,  ///< q . k / sqrt(D)  (Vaswani et al. 2017, arXiv:1706.03762, equation 1)
  dot,         ///< q . k
  bilinear,    ///< q W_h k, W_h (D, D) learned, starts at the identity / sqrt(D): as scaled_dot
               ///< (Luong, Pham & Manning 2015, arXiv:1508.04025, "general")
  additive,    ///< v_h . tanh(q + k), v_h learned  (Bahdanau, Cho & Bengio 2014, arXiv:1409.0473, appendix A.1.2)
  cosine,      ///< s_h q . k / (|q| |k|), s_h = exp(min(t_h, log 100)), t_h learned, starts at log 10
               ///< (Liu et al. 2021, arXiv:2111.09883, section 3.2)
  l2,          ///< -|q - k|^2 / sqrt(D)  (Kim, Papamakarios & Mnih 2020, arXiv:2006.04710, section 3.2)
};

/// "scaled_dot"
const char* name_of(ScoreKind kind);

/// What a score is built for.
struct ScoreSize {
  std::size_t heads;      ///< H
  std::size_t head_size;  ///< D
};

/// A score of your own: a module, so it may have parameters, that compares queries with keys.
class AttentionScore : public Module {
 public:
  /// query (B, H, Tq, D) and key (B, H, Tk, D) -> logits (B, H, Tq, Tk). A logit must depend on its own query and key
  /// alone, and the same way wherever they stand: generation with a cache calls this with a part of the queries.
  virtual Tensor forward(const Tensor& query, const Tensor& key, const Context& context) = 0;
};

using ScoreFactory = std::function<std::unique_ptr<AttentionScore>(const ScoreSize& size, Init& init)>;

/// As ScoreFactory, with the keys that stand beside the type in a config's "score": {"type": "my_score", ...}.
using ScoreMaker =
    std::function<std::unique_ptr<AttentionScore>(const LayerConfig& config, const ScoreSize& size, Init& init)>;

/// Makes a score known under a name for configs. Stands as a constant in the score's source file:
///
///     const RegisterScore registration{"gaussian", [](const LayerConfig& config, const ScoreSize& size, Init& init) {
///       return std::make_unique<Gaussian>(size, config.number("width", 1), init);
///     }};
class RegisterScore {
 public:
  /// A name that is taken, by a built-in score too, makes registered_scores() and make_score() throw.
  RegisterScore(const std::string& type, ScoreMaker maker);
};

/// Builds a registered score. Throws ConfigError on an unknown type (listing the known ones, the built-in too) and on
/// anything wrong with its keys, StateError when two scores are registered under one name.
std::unique_ptr<AttentionScore> make_score(const LayerConfig& config, const ScoreSize& size, Init& init);

/// The names of all scores, the built-in ones first, then the registered, sorted. Throws StateError as make_score().
std::vector<std::string> registered_scores();

}  // namespace headlight::inline HEADLIGHT_PRECISION
