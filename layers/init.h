#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/machine.h"
#include "layers/module.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// How the first weights are drawn. For a weight with `in` inputs and `out` outputs:
enum class InitScheme {
  normal,          ///< N(0, std^2), biases 0, embeddings alike (GPT-2: Radford et al. 2019, with std 0.02)
  scaled_normal,   ///< N(0, 1 / in), biases 0; embeddings N(0, 1 / C)
  xavier_uniform,  ///< U(+-sqrt(6 / (in + out))), biases 0 (Glorot & Bengio 2010, equation 16); embeddings alike
  torch,           ///< what PyTorch 1.13's layers do: see WeightRole; embeddings N(0, 1)
  keras,           ///< what Keras 3's layers do: xavier_uniform, biases 0; embeddings U(+-0.05)
};

/// What a weight does in its layer, where a scheme makes a difference.
enum class WeightRole {
  dense,                ///< torch: weight and bias U(+-1 / sqrt(in))
  attention_input,      ///< query, key, value.  torch: xavier_uniform with each matrix's own fans, bias 0
  attention_output,     ///< torch: U(+-1 / sqrt(in)), bias 0.  Writes to the residual stream
  feed_forward_output,  ///< as dense.  Writes to the residual stream
  head,                 ///< as dense; the matrix whose results are the model's: InitOptions::head_std
  vector_input,         ///< as dense; the matrix that brings vectors to the model's width: InitOptions::embedding_std
};

struct InitOptions {
  InitScheme scheme = InitScheme::xavier_uniform;
  double std = 0.02;  ///< of the scheme `normal`
  /// Tables of token embeddings, and matrices in their place where the input is vectors, are drawn from
  /// N(0, embedding_std^2), whatever the scheme.
  std::optional<double> embedding_std = {};
  /// The matrix of an output head is drawn from N(0, head_std^2), whatever the scheme; one that is tied is an embedding.
  std::optional<double> head_std = {};
  /// Weights that write to the residual stream are multiplied by 1 / sqrt(this many writes); 1 leaves them alone.
  /// GPT-2 uses 2 * layers (Radford et al. 2019, section 2.3).
  std::size_t residual_writes = 1;
  std::size_t memory = machine_memory();  ///< bytes that all values and as many gradients may take
};

/// Draws the first values of parameters. The n-th draw is a pure function of the seed and of n, so a model built in the
/// same order from the same seed has the same weights, in float and double up to rounding.
/// Fans follow from the meaning of a weight (in, out), however a layer stores it.
/// What would not fit into InitOptions::memory, together with all that was made before, throws ConfigError before any
/// memory is asked for.
class Init {
 public:
  explicit Init(std::uint64_t seed, InitOptions options = {}) : seed_(seed), options_(options) {}

  /// A weight of shape (out, in).
  Initial weight(std::size_t out, std::size_t in, WeightRole role = WeightRole::dense);
  /// A convolution's weight of shape (out, in, kernel): fans in * kernel and out * kernel.
  Initial conv_weight(std::size_t out, std::size_t in, std::size_t kernel);
  /// `count` vectors of `size` elements, each the weight of one output: fans `size` and 1, however many there are.
  Initial vectors(std::size_t count, std::size_t size, WeightRole role = WeightRole::dense);
  /// The bias (out) that belongs to a weight with `in` inputs.
  Initial bias(std::size_t out, std::size_t in, WeightRole role = WeightRole::dense);
  /// A table of `rows` vectors of `cols` elements, one for each token.
  Initial embedding(std::size_t rows, std::size_t cols);
  /// The same for learned positions: as the scheme draws embeddings, without InitOptions::embedding_std.
  Initial positions(std::size_t rows, std::size_t cols);
  Initial ones(std::size_t size) { return constant({size}, 1, "ones"); }
  Initial zeros(std::size_t size) { return constant({size}, 0, "zeros"); }
  Initial constant(const Shape& shape, double value, std::string description);

  /// Counts an array that a layer makes by itself with those above.
  void reserve(const Shape& shape);

  /// Whether the matrix of a head was drawn: without one, its own deviation has no effect.
  bool drew_head() const { return drew_head_; }

 private:
  Initial uniform(const Shape& shape, double bound, std::string_view name);
  Initial normal(const Shape& shape, double deviation);
  Initial matrix(const Shape& shape, double in, double out, WeightRole role);

  std::uint64_t seed_;
  InitOptions options_;
  std::uint64_t draws_ = 0;
  double reserved_ = 0;
  bool drew_head_ = false;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
