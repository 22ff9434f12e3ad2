#include "apps/export/onnx_graph.h"

#include <fmt/format.h>

#include "core/error.h"

namespace headlight {
namespace {

/// The bytes of numbers as the file has them: little-endian, as this machine (x86-64) has them too.
template <class T>
std::string_view bytes_of(const T* values, std::size_t count) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the bytes are what is wanted
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

void set_attribute(const OnnxAttribute& given, onnx::AttributeProto& attribute) {
  attribute.set_name(given.name);
  if (const auto* const integer = std::get_if<std::int64_t>(&given.value)) {
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(*integer);
  } else if (const auto* const number = std::get_if<float>(&given.value)) {
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(*number);
  } else {
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t each : std::get<std::vector<std::int64_t>>(given.value)) attribute.add_ints(each);
  }
}

void set_type(const std::string& name, int type, const std::vector<OnnxExtent>& shape, const std::string& doc,
              onnx::ValueInfoProto& info) {
  info.set_name(name);
  info.set_doc_string(doc);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  onnx::TensorShapeProto& extents = *tensor.mutable_shape();
  for (const OnnxExtent& extent : shape) {
    onnx::TensorShapeProto::Dimension& dimension = *extents.add_dim();
    if (extent.name.empty()) {
      dimension.set_dim_value(static_cast<std::int64_t>(extent.number));
    } else {
      dimension.set_dim_param(extent.name);
    }
  }
}

}  // namespace

std::string OnnxGraph::fresh(const std::string& base) {
  std::string name = base;
  while (!names_.insert(name).second) name = fmt::format("{}.{}", base, ++counts_[base]);
  return name;
}

OnnxValue OnnxGraph::node(const std::string& op, const std::vector<OnnxValue>& inputs,
                          const std::vector<OnnxAttribute>& attributes) {
  return node(op, 1, inputs, attributes).front();
}

std::vector<OnnxValue> OnnxGraph::node(const std::string& op, std::size_t results, const std::vector<OnnxValue>& inputs,
                                       const std::vector<OnnxAttribute>& attributes) {
  const std::string scope = scopes_.empty() || scopes_.back().empty() ? "" : scopes_.back() + "/";
  std::vector<OnnxValue> made;
  for (std::size_t i = 0; i < results; ++i) made.push_back(fresh(scope + op));
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(op);
  node.set_name(made.front());
  for (const OnnxValue& value : inputs) node.add_input(value);
  for (const OnnxValue& value : made) node.add_output(value);
  for (const OnnxAttribute& attribute : attributes) set_attribute(attribute, *node.add_attribute());
  return made;
}

onnx::TensorProto& OnnxGraph::initializer(const std::string& name, int type, const Shape& shape) {
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::size_t extent : shape) tensor.add_dims(static_cast<std::int64_t>(extent));
  return tensor;
}

OnnxValue OnnxGraph::parameter(const std::string& name, const Array& value) {
  if (!parameters_.insert(name).second) return name;
  if (!names_.insert(name).second) {
    raise<StateError>("onnx", fmt::format("the parameter `{}` has the name of another value of the graph", name), {},
                      "give the layer another name");
  }
  initializer(name, onnx::TensorProto::FLOAT, value.shape())
      .set_raw_data(std::string(bytes_of(value.data(), value.size())));
  return name;
}

OnnxValue OnnxGraph::constant(int type, const Shape& shape, std::string_view bytes) {
  std::string key = fmt::format("{} {} ", type, fmt::join(shape, ","));
  key += bytes;
  const auto found = constants_.find(key);
  if (found != constants_.end()) return found->second;
  OnnxValue name = fresh("constant");
  initializer(name, type, shape).set_raw_data(std::string(bytes));
  constants_.emplace(std::move(key), name);
  return name;
}

OnnxValue OnnxGraph::numbers(const std::vector<float>& values, const Shape& shape) {
  return constant(onnx::TensorProto::FLOAT, shape, bytes_of(values.data(), values.size()));
}

OnnxValue OnnxGraph::doubles(const std::vector<double>& values, const Shape& shape) {
  return constant(onnx::TensorProto::DOUBLE, shape, bytes_of(values.data(), values.size()));
}

OnnxValue OnnxGraph::integers(const std::vector<std::int64_t>& values) {
  return constant(onnx::TensorProto::INT64, {values.size()}, bytes_of(values.data(), values.size()));
}

OnnxValue OnnxGraph::integer(std::int64_t value) { return constant(onnx::TensorProto::INT64, {}, bytes_of(&value, 1)); }

OnnxValue OnnxGraph::input(const std::string& name, int type, const std::vector<OnnxExtent>& shape,
                           const std::string& doc) {
  names_.insert(name);
  set_type(name, type, shape, doc, *graph_.add_input());
  return name;
}

OnnxValue OnnxGraph::output(const OnnxValue& value, const std::string& name, const std::vector<OnnxExtent>& shape,
                            const std::string& doc) {
  onnx::NodeProto& newest = *graph_.mutable_node(graph_.node_size() - 1);
  if (newest.output(0) != value) {
    raise<StateError>("onnx", fmt::format("`{}` is not the newest value, so it cannot become `{}`", value, name));
  }
  newest.set_output(0, name);
  names_.insert(name);
  set_type(name, onnx::TensorProto::FLOAT, shape, doc, *graph_.add_output());
  return name;
}

}  // namespace headlight
