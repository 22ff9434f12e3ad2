#include "layers/module.h"

#include <algorithm>
#include <unordered_set>

#include "autograd/node.h"
#include "core/error.h"
#include "core/shape.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

std::string joined(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

}  // namespace

Module::Module() : path_(interned("")) {}
Module::~Module() = default;

std::vector<NamedParameter> Module::parameters() const {
  std::vector<NamedParameter> all = own_;
  for (const NamedModule& child : children_) {
    for (NamedParameter& parameter : child.module->parameters()) {
      parameter.name = joined(child.name, parameter.name);
      all.push_back(std::move(parameter));
    }
  }
  std::unordered_set<const Node*> owned;
  for (const NamedParameter& parameter : all) {
    if (!parameter.shared) owned.insert(parameter.tensor.node().get());
  }
  std::unordered_set<const Node*> seen;
  std::erase_if(all, [&](const NamedParameter& p) { return p.shared && owned.count(p.tensor.node().get()) != 0; });
  std::erase_if(all, [&](const NamedParameter& p) { return !seen.insert(p.tensor.node().get()).second; });
  return all;
}

std::vector<NamedBuffer> Module::buffers() const {
  std::vector<NamedBuffer> all = own_buffers_;
  for (const NamedModule& child : children_) {
    for (NamedBuffer& buffer : child.module->buffers()) {
      buffer.name = joined(child.name, buffer.name);
      all.push_back(std::move(buffer));
    }
  }
  return all;
}

Tensor Module::parameter(const std::string& name, Initial initial) {
  check_name(name);
  check_elements("parameter", name, initial.value);
  Tensor tensor(std::move(initial.value), true);
  tensor.set_label(joined(path(), name));
  own_.push_back({name, tensor, std::move(initial.description)});
  return tensor;
}

Tensor Module::share(const std::string& name, const Tensor& tensor) {
  check_name(name);
  if (!tensor.requires_grad() || !tensor.is_leaf()) {
    raise<StateError>("share", "`" + joined(path(), name) + "` is not a parameter", to_string(tensor.shape()),
                      "share the tensor that parameter() returned");
  }
  own_.push_back({name, tensor, "shared", true});
  return tensor;
}

Tensor Module::buffer(const std::string& name, Array value) {
  check_name(name);
  check_elements("buffer", name, value);
  Tensor tensor(std::move(value));
  tensor.set_label(joined(path(), name));
  own_buffers_.push_back({name, tensor});
  return tensor;
}

Module& Module::adopt(const std::string& name, std::unique_ptr<Module> module) {
  check_name(name);
  if (module == nullptr) raise<StateError>("child", "`" + joined(path(), name) + "` is null");
  module->set_path(joined(path(), name));
  return *children_.emplace_back(NamedModule{name, std::move(module)}).module;
}

void Module::set_path(const std::string& path) {
  path_ = interned(path);
  for (const NamedParameter& own : own_) {
    if (!own.shared) own.tensor.set_label(joined(path, own.name));
  }
  for (const NamedBuffer& own : own_buffers_) own.tensor.set_label(joined(path, own.name));
  for (const NamedModule& child : children_) child.module->set_path(joined(path, child.name));
}

void Module::check_name(const std::string& name) const {
  const auto is_taken = [&](const auto& named) { return named.name == name; };
  const bool taken = std::any_of(own_.begin(), own_.end(), is_taken) ||
                     std::any_of(own_buffers_.begin(), own_buffers_.end(), is_taken) ||
                     std::any_of(children_.begin(), children_.end(), is_taken);
  if (taken) raise<StateError>("module", "`" + joined(path(), name) + "` is declared twice", {}, "choose another name");
  if (name.empty() || name.find('.') != std::string::npos) {
    raise<StateError>("module", "the name `" + name + "` is empty or holds a dot", "in `" + path() + "`",
                      "dots separate a module from its children");
  }
}

void Module::check_elements(const char* what, const std::string& name, const Array& value) const {
  if (value.size() != 0) return;
  raise<ShapeError>(what, "`" + joined(path(), name) + "` has no elements", "shape " + to_string(value.shape()));
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
