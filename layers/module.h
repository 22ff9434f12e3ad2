#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/scopes.h"
#include "autograd/tensor.h"

namespace headlight::inline HEADLIGHT_PRECISION {

/// The first value of a parameter, and how it was drawn, for the model summary: "xavier_uniform +-0.306".
struct Initial {
  Array value;
  std::string description;
};

/// A parameter with its dotted name: "layers.0.attention.query.weight".
struct NamedParameter {
  std::string name;
  Tensor tensor;
  std::string initialization;
  bool shared = false;  ///< declared by share(): the parameter belongs to another module
};

/// A buffer with its dotted name: "layers.0.attention_norm.running_mean".
struct NamedBuffer {
  std::string name;
  Tensor tensor;
};

/// A tree of named parameters: the common base of layers and models. Modules are built once, where they belong, and
/// are neither copied nor moved.
class Module {
 public:
  Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  /// Every parameter of this module and of its children, in order of declaration. Tied weights are
  /// listed once: under the name of the module that owns them, or, when that one lies outside, where they are shared.
  std::vector<NamedParameter> parameters() const;

  /// Every buffer of this module and of its children, in order of declaration: what is saved and loaded with the
  /// parameters but not trained, such as running statistics.
  std::vector<NamedBuffer> buffers() const;

  /// Where this module stands below the outermost one: "layers.0.attention"; "" for that one itself.
  const std::string& path() const { return *path_; }

  struct NamedModule {
    std::string name;
    std::unique_ptr<Module> module;
  };
  const std::vector<NamedModule>& children() const { return children_; }

 protected:
  /// Declares a parameter: it is trained, saved, loaded, counted and checked under this name.
  /// Throws StateError when the name is taken, empty or holds a dot, ShapeError when the value is empty.
  Tensor parameter(const std::string& name, Initial initial);

  /// Declares that this module also uses a parameter of another module (tied weights). It stays listed, saved and loaded
  /// under its first name alone; its gradient is the sum over its uses. Throws as parameter() does, and StateError when
  /// the tensor is no parameter.
  Tensor share(const std::string& name, const Tensor& tensor);

  /// Declares a buffer: a leaf without gradient that the module itself writes with assign(). Throws as parameter() does.
  Tensor buffer(const std::string& name, Array value);

  /// Builds a child module in place; same errors. The reference stays valid as long as this module.
  template <class M, class... Args>
  M& child(const std::string& name, Args&&... args) {
    auto owned = std::make_unique<M>(std::forward<Args>(args)...);
    M& reference = *owned;
    adopt(name, std::move(owned));
    return reference;
  }

  /// Takes over a module that was built elsewhere, for example by the registry.
  Module& adopt(const std::string& name, std::unique_ptr<Module> module);

  /// The layer path for operations made while this module runs.
  const std::string* scope_path() const { return path_; }

 private:
  void set_path(const std::string& path);
  void check_name(const std::string& name) const;
  void check_elements(const char* what, const std::string& name, const Array& value) const;

  const std::string* path_;
  std::vector<NamedParameter> own_;
  std::vector<NamedBuffer> own_buffers_;
  std::vector<NamedModule> children_;
};

}  // namespace headlight::inline HEADLIGHT_PRECISION
