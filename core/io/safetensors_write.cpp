#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json_tokens.h"
#include "core/io/safetensors.h"
#include "core/io/safetensors_digest.h"

namespace headlight {
namespace {

std::string quoted(const std::string& text, const std::string& where) {
  if (first_invalid_utf8(text)) {
    raise<FileError>(where, "a name or metadata text is not valid UTF-8", {}, "convert it to UTF-8");
  }
  return nlohmann::json(text).dump();
}

Metadata complete_metadata(const SafetensorsWriteOptions& options, const std::string& where) {
  Metadata metadata = options.metadata;
  for (const std::string_view reserved : {std::string_view("format"), kDigestKey}) {
    if (metadata.contains(std::string(reserved))) {
      raise<ConfigError>(where, fmt::format("the metadata key `{}` is the writer's own", reserved), {},
                         "choose another key");
    }
  }
  // Loaders of PyTorch files refuse a file that does not say so.
  metadata.emplace("format", "pt");
  if (options.digest) metadata.emplace(std::string(kDigestKey), std::string(Digest::kDigits, '0'));
  return metadata;
}

std::string header_text(const std::vector<TensorView>& tensors, const Metadata& metadata, const std::string& where) {
  std::string text = "{\"__metadata__\":{";
  std::string_view comma = "";
  for (const auto& [key, value] : metadata) {
    text.append(comma).append(quoted(key, where)).append(":").append(quoted(value, where));
    comma = ",";
  }
  text += '}';
  std::uint64_t offset = 0;
  for (const TensorView& tensor : tensors) {
    fmt::format_to(std::back_inserter(text), ",{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                   quoted(tensor.name, where), dtype_name(tensor.dtype), fmt::join(tensor.shape, ","), offset,
                   offset + tensor.bytes.size());
    offset += tensor.bytes.size();
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorView> tensors,
                       const SafetensorsWriteOptions& options) {
  const std::string where = path.string();
  std::uint64_t data_bytes = 0;
  for (const TensorView& tensor : tensors) {
    check_tensor_view(tensor, where);
    data_bytes += tensor.bytes.size();
  }
  std::ranges::sort(tensors, [](const TensorView& a, const TensorView& b) {
    return std::tie(b.dtype, a.name) < std::tie(a.dtype, b.name);
  });
  std::string header = header_text(tensors, complete_metadata(options, where), where);
  // The reader's own rules decide about names, counts and sizes, so nothing is written that cannot be read back.
  parse_safetensors_header(header, data_bytes, where);

  const std::uint64_t length = header.size();
  std::vector<std::span<const std::byte>> pieces = {std::as_bytes(std::span(&length, 1)),
                                                    std::as_bytes(std::span(header))};
  for (const TensorView& tensor : tensors) pieces.push_back(tensor.bytes);
  if (options.digest) {
    Digest digest;
    for (const std::span<const std::byte> piece : pieces) digest.update(piece);
    header.replace(find_digest(header).value(), Digest::kDigits, digest.hex());
  }
  write_file_atomically(path, pieces);
}

}  // namespace headlight
