#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "core/io/bytes.h"
#include "core/io/excerpt.h"
#include "core/io/safetensors.h"
#include "core/io/safetensors_digest.h"

namespace headlight {
namespace {

constexpr std::uint64_t kLengthBytes = sizeof(std::uint64_t);
constexpr std::uint64_t kLargestHeader = 100'000'000;

/// The N bytes of the header, N checked against the file before anything is allocated.
std::string read_header(const InputFile& file, const std::string& where) {
  if (file.size() < kLengthBytes) {
    raise<FileError>(where, "too short for a safetensors file",
                     fmt::format("{} bytes, the length of the header alone takes 8", file.size()));
  }
  std::array<std::byte, kLengthBytes> length_bytes;
  file.read(0, length_bytes);
  const auto length = load<std::uint64_t>(length_bytes);
  if (length > kLargestHeader) {
    raise<FileError>(where, "the header is too long", fmt::format("{} bytes, at most {}", length, kLargestHeader),
                     "check that it is a safetensors file");
  }
  if (length > file.size() - kLengthBytes) {
    raise<FileError>(where, "the header is cut off",
                     fmt::format("{} bytes announced, {} there", length, file.size() - kLengthBytes),
                     "the file was probably not copied whole");
  }
  std::string json(length, '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(json)));
  return json;
}

void verify_digest(const InputFile& file, std::string json, const std::string& expected, const std::string& where) {
  const std::optional<std::size_t> digits = find_digest(json);
  std::string found = "none where the writer puts it";
  if (digits) {
    json.replace(*digits, Digest::kDigits, Digest::kDigits, '0');
    const std::uint64_t length = json.size();
    Digest digest;
    digest.update(std::as_bytes(std::span(&length, 1)));
    digest.update(std::as_bytes(std::span(json)));
    update_from_file(digest, file, kLengthBytes + length);
    found = digest.hex();
  }
  if (found != expected) {
    raise<FileError>(where, "the file is damaged: its digest does not fit its content",
                     fmt::format("{} says {}, the content gives {}", kDigestKey, excerpt(expected), found),
                     fmt::format("restore the file; if another program rewrote it, drop {} from its metadata",
                                 kDigestKey));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path, SafetensorsReadOptions options) : file_(path) {
  const std::string where = path.string();
  std::string json = read_header(file_, where);
  header_ = parse_safetensors_header(json, file_.size() - kLengthBytes - json.size(), where);
  const auto digest = header_.metadata.find(std::string(kDigestKey));
  if (digest != header_.metadata.end()) {
    verify_digest(file_, std::move(json), digest->second, where);
  } else if (options.require_digest) {
    raise<FileError>(where, "the file has no digest", fmt::format("metadata {}", kDigestKey),
                     "Headlight wrote one; the file is damaged or was rewritten");
  }
}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  const auto place = std::ranges::lower_bound(tensors(), name, {}, &StoredTensor::name);
  return place == tensors().end() || place->name != name ? nullptr : &*place;
}

const StoredTensor& SafetensorsFile::tensor(std::string_view name) const {
  if (const StoredTensor* found = find(name)) return *found;
  constexpr std::size_t shown = 12;
  std::string names;
  for (const StoredTensor& there : std::span(tensors()).first(std::min(shown, tensors().size()))) {
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", there.name);
  }
  if (tensors().size() > shown) names += fmt::format(" and {} more", tensors().size() - shown);
  raise<FileError>(file_.path().string(), fmt::format("there is no tensor `{}`", name),
                   names.empty() ? "the file is empty" : "the file has " + names);
}

void require_tensors(const SafetensorsFile& file, std::span<const ExpectedTensor> expected,
                     std::span<const std::string> left_out) {
  std::vector<std::string> faults;
  std::set<std::string_view> names(left_out.begin(), left_out.end());
  for (const ExpectedTensor& want : expected) {
    names.insert(want.name);
    const StoredTensor* found = file.find(want.name);
    if (found == nullptr) {
      faults.push_back(fmt::format("`{}` {} is missing", want.name, to_string(want.shape)));
    } else if (found->shape != want.shape) {
      faults.push_back(fmt::format("`{}` is {} in the file, {} in the model", want.name, to_string(found->shape),
                                   to_string(want.shape)));
    }
  }
  for (const StoredTensor& tensor : file.tensors()) {
    if (!names.contains(tensor.name)) {
      faults.push_back(fmt::format("`{}` {} is unknown to the model", tensor.name, to_string(tensor.shape)));
    }
  }
  if (faults.empty()) return;
  raise<FileError>(file.file().path().string(), "the tensors do not fit the model",
                   fmt::format("{}", fmt::join(faults, ", ")), "check that file and config belong together");
}

}  // namespace headlight
