#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/io/excerpt.h"
#include "core/io/safetensors.h"
#include "core/io/strict_json.h"

namespace headlight {
namespace {

constexpr std::size_t kMaxTensors = 1'000'000;
constexpr JsonLimits kHeaderLimits = {.max_depth = 4, .max_bytes = 100'000'000};

/// Collects the tensors of a header while it is read; refuses anything that has no place in one at once, so that a
/// hostile header costs no memory. Sizes are judged later, by check_sizes() and check_coverage().
class HeaderEvents final : public JsonEvents {
 public:
  HeaderEvents(SafetensorsHeader& header, std::string_view text, std::string_view where)
      : header_(header), text_(text), where_(where) {}

  void begin_object(std::size_t) override {
    switch (place_) {
      case Place::kOutside:
        place_ = Place::kTop;
        return;
      case Place::kTop:
        place_ = key_ == "__metadata__" ? Place::kMetadata : Place::kTensor;
        if (place_ == Place::kMetadata) return begin_metadata();
        return begin_tensor();
      default:
        unexpected("an object");
    }
  }

  void end_object(std::size_t) override {
    if (place_ == Place::kTensor) end_tensor();
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
  }

  void begin_array(std::size_t) override {
    if (place_ != Place::kTensor || field_ == Field::kDtype) unexpected("an array");
    place_ = field_ == Field::kShape ? Place::kShape : Place::kOffsets;
  }

  void end_array(std::size_t) override {
    if (place_ == Place::kOffsets && offsets_.size() != 2) {
      fail_tensor("data_offsets must be two numbers", fmt::format("it has {}", offsets_.size()));
    }
    place_ = Place::kTensor;
  }

  void key(std::string& key, std::size_t position) override {
    if (place_ == Place::kTensor) return begin_field(key, position);
    if (place_ == Place::kMetadata && header_.metadata.contains(key)) duplicate(key, position);
    key_ = std::move(key);
  }

  void string(std::string& value, std::size_t) override {
    if (place_ == Place::kMetadata) {
      header_.metadata.emplace(std::move(key_), std::move(value));
    } else if (place_ == Place::kTensor && field_ == Field::kDtype) {
      const std::optional<DType> dtype = dtype_from_name(value);
      if (!dtype) fail_tensor("unknown dtype", "`" + excerpt(value) + "`");
      tensor_.dtype = *dtype;
    } else {
      unexpected("a string");
    }
  }

  void non_negative_integer(std::uint64_t value, std::size_t) override {
    if (place_ == Place::kShape) {
      if (tensor_.shape.size() == kMaxStoredRank) {
        fail_tensor("too many axes", fmt::format("more than {}", kMaxStoredRank));
      }
      tensor_.shape.push_back(value);
    } else if (place_ == Place::kOffsets) {
      if (offsets_.size() == 2) fail_tensor("data_offsets must be two numbers", "it has more");
      offsets_.push_back(value);
    } else {
      unexpected("a number");
    }
  }

  void negative_integer(std::int64_t, std::size_t) override { unexpected("a negative number"); }
  void real(double, std::size_t) override { unexpected("a number that is no 64-bit integer"); }
  void boolean(bool, std::size_t) override { unexpected("true or false"); }
  void null(std::size_t) override { unexpected("null"); }

 private:
  enum class Place { kOutside, kTop, kMetadata, kTensor, kShape, kOffsets };
  enum class Field : unsigned { kDtype = 1, kShape = 2, kOffsets = 4 };
  static constexpr unsigned kAllFields = 7;

  void begin_metadata() {
    if (std::exchange(metadata_seen_, true)) raise<FileError>(where_, "`__metadata__` appears twice");
  }

  void begin_tensor() {
    tensor_ = StoredTensor{};
    tensor_.name = std::move(key_);
    offsets_.clear();
    fields_seen_ = 0;
    if (const std::string_view fault = tensor_name_fault(tensor_.name); !fault.empty()) fail_tensor(fault, {});
    if (header_.tensors.size() == kMaxTensors) {
      raise<FileError>(where_, "too many tensors", fmt::format("more than {}", kMaxTensors));
    }
  }

  void begin_field(const std::string& key, std::size_t position) {
    if (key == "dtype") {
      field_ = Field::kDtype;
    } else if (key == "shape") {
      field_ = Field::kShape;
    } else if (key == "data_offsets") {
      field_ = Field::kOffsets;
    } else {
      fail_tensor("unknown field `" + excerpt(key) + "`", "a tensor has exactly dtype, shape and data_offsets");
    }
    if ((fields_seen_ & static_cast<unsigned>(field_)) != 0) duplicate(key, position);
    fields_seen_ |= static_cast<unsigned>(field_);
  }

  void end_tensor() {
    if (fields_seen_ != kAllFields) {
      fail_tensor("a field is missing", "a tensor has exactly dtype, shape and data_offsets");
    }
    if (offsets_[0] > offsets_[1]) {
      fail_tensor("data_offsets run backwards", fmt::format("[{}, {}]", offsets_[0], offsets_[1]));
    }
    tensor_.offset = offsets_[0];
    tensor_.bytes = offsets_[1] - offsets_[0];
    header_.tensors.push_back(std::move(tensor_));
  }

  [[noreturn]] void unexpected(std::string_view found) const {
    switch (place_) {
      case Place::kOutside:
        raise<FileError>(where_, "the header is not a JSON object", fmt::format("it is {}", found));
      case Place::kTop:
        raise<FileError>(where_, "`" + excerpt(key_) + "` is not an object", fmt::format("it is {}", found));
      case Place::kMetadata:
        raise<FileError>(where_, "metadata `" + excerpt(key_) + "` is not a string", fmt::format("it is {}", found));
      case Place::kTensor:
        fail_tensor(field_ == Field::kDtype   ? "dtype is not a string"
                    : field_ == Field::kShape ? "shape is not an array"
                                              : "data_offsets is not an array",
                    fmt::format("it is {}", found));
      case Place::kShape:
        fail_tensor("shape holds something else than integers from 0", fmt::format("it holds {}", found));
      case Place::kOffsets:
        break;
    }
    fail_tensor("data_offsets holds something else than integers from 0", fmt::format("it holds {}", found));
  }

  [[noreturn]] void fail_tensor(std::string_view what, std::string_view values) const {
    raise<FileError>(where_, "tensor `" + excerpt(tensor_.name) + "`: " + std::string(what), values);
  }

  [[noreturn]] void duplicate(const std::string& key, std::size_t position) const {
    raise_json_error(where_, text_, position, "the key `" + excerpt(key) + "` appears twice");
  }

  SafetensorsHeader& header_;
  std::string_view text_;
  std::string_view where_;
  Place place_ = Place::kOutside;
  Field field_ = Field::kDtype;
  unsigned fields_seen_ = 0;
  bool metadata_seen_ = false;
  std::string key_;
  StoredTensor tensor_;
  std::vector<std::uint64_t> offsets_;
};

/// Shape, type and byte range of each tensor agree; nothing is multiplied unchecked.
void check_sizes(const std::vector<StoredTensor>& tensors, std::string_view where) {
  for (const StoredTensor& tensor : tensors) {
    const std::optional<std::uint64_t> bits = tensor_bits(tensor.dtype, tensor.shape);
    if (bits && *bits % 8 == 0 && *bits / 8 == tensor.bytes) continue;
    std::string kind = fmt::format("{} {}", dtype_name(tensor.dtype), to_string(tensor.shape));
    std::string_view what = "the size overflows 64 bits";
    if (bits && *bits % 8 != 0) {
      what = "the size is not a whole number of bytes";
    } else if (bits) {
      what = "data_offsets do not fit the shape";
      kind += fmt::format(" needs {} bytes, the offsets span {}", *bits / 8, tensor.bytes);
    }
    raise<FileError>(where, fmt::format("tensor `{}`: {}", tensor.name, what), kind);
  }
}

/// The tensors, taken by place, follow each other from 0 to the end of the file: no hole, overlap or tail in which
/// something else could hide.
void check_coverage(const std::vector<StoredTensor>& tensors, std::uint64_t data_bytes, std::string_view where) {
  std::vector<const StoredTensor*> by_place;
  by_place.reserve(tensors.size());
  for (const StoredTensor& tensor : tensors) by_place.push_back(&tensor);
  std::ranges::sort(by_place, [](const StoredTensor* a, const StoredTensor* b) {
    return std::tie(a->offset, a->bytes, a) < std::tie(b->offset, b->bytes, b);  // last by name, as they lie
  });
  std::uint64_t end = 0;
  for (const StoredTensor* place : by_place) {
    const StoredTensor& tensor = *place;
    if (tensor.offset != end) {
      raise<FileError>(where,
                       fmt::format("tensor `{}`: {}", tensor.name,
                                   tensor.offset > end ? "there is a hole before its data" : "its data overlaps"),
                       fmt::format("it begins at {}, the tensor before ends at {}", tensor.offset, end));
    }
    if (tensor.bytes > data_bytes - end) {
      raise<FileError>(where, fmt::format("tensor `{}`: its data is cut off", tensor.name),
                       fmt::format("it needs {} bytes from {}, the data has {}", tensor.bytes, end, data_bytes),
                       "the file was probably not copied whole");
    }
    end += tensor.bytes;
  }
  if (end != data_bytes) {
    raise<FileError>(where, "there are bytes after the last tensor",
                     fmt::format("the tensors end at {}, the data at {}", end, data_bytes));
  }
}

void sort_by_name(std::vector<StoredTensor>& tensors, std::string_view where) {
  std::ranges::sort(tensors, {}, &StoredTensor::name);
  const auto twin = std::ranges::adjacent_find(tensors, {}, &StoredTensor::name);
  if (twin != tensors.end()) raise<FileError>(where, fmt::format("the tensor `{}` appears twice", twin->name));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes, std::string_view where) {
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || json[first] != '{') {
    raise<FileError>(where, "the header does not begin with {", {}, "check that it is a safetensors file");
  }
  SafetensorsHeader header;
  HeaderEvents events(header, json, where);
  read_json(json, kHeaderLimits, where, events);
  sort_by_name(header.tensors, where);
  check_sizes(header.tensors, where);
  check_coverage(header.tensors, data_bytes, where);
  for (StoredTensor& tensor : header.tensors) tensor.offset += sizeof(std::uint64_t) + json.size();
  return header;
}

}  // namespace headlight
