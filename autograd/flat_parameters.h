#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "autograd/tensor.h"
#include "core/pool.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The parameters of a model laid side by side in one buffer, and their gradients in a second one: an optimiser step
/// and a gradient exchange between processes are each one pass over memory. The tensors stay what they were; only the
/// memory behind value() and grad() moves. Each parameter begins at a multiple of 64 bytes; the gaps hold zeros.
class FlatParameters {
 public:
  struct Segment {
    std::size_t offset;  ///< first element in the buffers
    std::size_t size;    ///< number of elements
  };

  /// Moves the parameters. Throws StateError when one is no leaf, requires no gradient, has no elements, is given twice,
  /// or lies in another FlatParameters already.
  explicit FlatParameters(std::vector<Tensor> parameters);
  /// Lets go of the parameters: they keep their values and gradients, and may be laid out again.
  ~FlatParameters();
  FlatParameters(const FlatParameters&) = delete;
  FlatParameters& operator=(const FlatParameters&) = delete;

  const std::vector<Tensor>& parameters() const { return parameters_; }
  const std::vector<Segment>& segments() const { return segments_; }
  /// Elements of each buffer, gaps included.
  std::size_t size() const { return size_; }

  std::span<Real> values();
  /// All gradients as they are now: 0 for a parameter that has none. A backward() or zero_grad() afterwards asks for
  /// another call.
  std::span<Real> gradients();

  /// To be called after writing through values(): a graph that used the old values then refuses to run backward.
  void mark_changed();
  /// Forgets all gradients; their memory is written when it is read or filled next.
  void zero_grad();

 private:
  std::vector<Tensor> parameters_;
  std::vector<Segment> segments_;
  std::size_t size_ = 0;
  std::unique_ptr<FlatMemory> values_;
  std::unique_ptr<FlatMemory> gradients_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
