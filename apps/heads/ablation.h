#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/config.h"
#include "apps/heads/head_results.h"
#include "apps/tasks/batches.h"
#include "apps/training/accuracy.h"
#include "layers/models/model.h"

/// What a model loses without a head: the head's result z (before the output projection) is replaced at every position,
/// and the evaluation is repeated.
/// Sources: zero and mean ablation, Michel, Levy & Neubig 2019, arXiv:1905.10650 (zero), and Wang et al. 2022,
/// arXiv:2211.00593 (mean).
namespace headlight {

/// What takes the place of a head's result.
enum class Ablation {
  mean,     ///< its mean over the real positions of all evaluated examples: what it says whatever it reads
  zero,     ///< nothing
  uniform,  ///< its values averaged over the keys that the query sees: what it says if it does not choose. A sink, which
            ///< is no key, has no part in it
};

/// "mean", "zero" or "uniform".
std::string_view name_of(Ablation ablation);

/// The ablation of a name. Throws ConfigError, which names `option`, on any other.
Ablation parse_ablation(std::string_view word, std::string_view option);

/// What a config asks for in `heads.ablation`: nothing of `none`.
std::vector<Ablation> ablations_of(config::HeadAblation wanted);

/// A change of a figure, and its standard error over batches: nothing of a single batch.
struct Effect {
  double change = 0;
  std::optional<double> error{};
};

/// What replacing one head does.
struct HeadEffect {
  std::string path{};
  std::size_t head = 0;
  Ablation ablation = Ablation::mean;
  std::size_t batches = 0;                     ///< n
  Effect loss{};                               ///< above 0: the model is worse without the head
  std::optional<Effect> tok_acc{}, seq_acc{};  ///< below 0: it is worse; nothing where targets are numbers
};

/// The change from `before` to `after`, both of the same batches in the same order. The figure is a ratio of sums, y / w
/// (loss over targets, right sequences over sequences), so its error is that of a ratio estimator: with d_i = the change of
/// y in batch i and r = sum d / sum w,
///   error^2 = n / (n - 1) sum (d_i - r w_i)^2 / (sum w)^2,
/// which for batches of equal weight is the standard error of the mean of their changes.
/// Source: Cochran 1977, Sampling Techniques, chapter 6.
HeadEffect effect_of(const std::vector<Score>& before, const std::vector<Score>& after, bool numbers);

/// Replaces one head after the other while batches go by. Of an ablated head only its block and what follows is computed:
/// what lies before is that of the run with all heads.
class AblationStudy {
 public:
  /// `means` is needed for Ablation::mean alone; what is given by reference must outlive this.
  AblationStudy(Model& model, const std::vector<Ablation>& ablations, config::LossType loss, const HeadMeans* means);

  /// Runs the model on a batch with all heads, and once for every head and ablation.
  void add(const Batch& batch);

  /// Of every head of all MultiHeadAttention layers and every ablation, in the order of the model's tree.
  std::vector<HeadEffect> effects() const;

 private:
  struct One {
    std::string path{};
    std::size_t head = 0;
    Ablation ablation = Ablation::mean;
    std::vector<Score> scores{};  ///< of each batch
  };

  Model& model_;
  config::LossType loss_;
  const HeadMeans* means_;
  std::vector<One> ones_{};
  std::vector<Score> clean_{};
  bool numbers_ = false;
};

}  // namespace headlight
