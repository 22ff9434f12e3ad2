#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/array.h"

namespace headlight {

/// A value of a graph: the name by which nodes take it up. "" is an input that a node does without.
using OnnxValue = std::string;

/// An extent: a number, or the name of one that each run may choose. Made from either without a word.
struct OnnxExtent {
  OnnxExtent(std::string chosen) : name(std::move(chosen)) {}  // NOLINT(google-explicit-constructor)
  OnnxExtent(const char* chosen) : name(chosen) {}             // NOLINT(google-explicit-constructor)
  OnnxExtent(std::size_t known) : number(known) {}             // NOLINT(google-explicit-constructor)

  std::string name{};
  std::size_t number = 0;  ///< where there is no name
};

/// A named setting of a node.
struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::vector<std::int64_t>> value;
};

/// An ONNX graph that is written node by node, each behind those that it reads. What a file must hold is checked by
/// whoever serialises it.
/// Source: ONNX IR version 8 (onnx.proto) and the operators of opset 17.
class OnnxGraph {
 public:
  /// `graph` must outlive this.
  explicit OnnxGraph(onnx::GraphProto& graph) : graph_(graph) {}

  /// The value of a new node, whose name begins with the innermost OnnxScope: "layers.0.attention/MatMul".
  OnnxValue node(const std::string& op, const std::vector<OnnxValue>& inputs,
                 const std::vector<OnnxAttribute>& attributes = {});
  /// The same of an operator with several results.
  std::vector<OnnxValue> node(const std::string& op, std::size_t results, const std::vector<OnnxValue>& inputs,
                              const std::vector<OnnxAttribute>& attributes);

  /// An array of the model under its own name, once however often it is asked for.
  OnnxValue parameter(const std::string& name, const Array& value);
  /// Constants; equal ones are one initializer. Without `shape` they have one axis; {} makes a scalar.
  OnnxValue numbers(const std::vector<float>& values, const Shape& shape);
  OnnxValue integers(const std::vector<std::int64_t>& values);
  OnnxValue integer(std::int64_t value);
  OnnxValue number(float value) { return numbers({value}, {}); }
  OnnxValue doubles(const std::vector<double>& values, const Shape& shape);

  /// What the graph reads; `type` is an onnx::TensorProto::DataType.
  OnnxValue input(const std::string& name, int type, const std::vector<OnnxExtent>& shape, const std::string& doc);
  /// Makes a float value, which must be that of the newest node and not yet read, a result of the graph under this name.
  OnnxValue output(const OnnxValue& value, const std::string& name, const std::vector<OnnxExtent>& shape,
                   const std::string& doc);

  /// Names that parameter() was given.
  const std::set<std::string>& parameters() const { return parameters_; }

 private:
  friend class OnnxScope;

  std::string fresh(const std::string& base);
  onnx::TensorProto& initializer(const std::string& name, int type, const Shape& shape);
  OnnxValue constant(int type, const Shape& shape, std::string_view bytes);

  onnx::GraphProto& graph_;
  std::vector<std::string> scopes_{};
  std::set<std::string> names_{};  ///< of all values
  std::map<std::string, std::size_t> counts_{};
  std::map<std::string, OnnxValue> constants_{};  ///< by type, shape and bytes
  std::set<std::string> parameters_{};
};

/// Nodes that are made while this lives have names that begin with `path`.
class OnnxScope {
 public:
  OnnxScope(OnnxGraph& graph, std::string path) : graph_(graph) { graph_.scopes_.push_back(std::move(path)); }
  ~OnnxScope() { graph_.scopes_.pop_back(); }
  OnnxScope(const OnnxScope&) = delete;
  OnnxScope& operator=(const OnnxScope&) = delete;

 private:
  OnnxGraph& graph_;
};

}  // namespace headlight
