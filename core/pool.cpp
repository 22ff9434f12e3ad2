#include "core/pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "core/error.h"

namespace headlight {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{1} << 21;
// Four classes per octave: 64, 80, 96, 112, 128, 160, ...: at most a quarter of a block is slack.
constexpr std::size_t kClassesPerOctave = 4;
constexpr std::size_t kClasses = 58 * kClassesPerOctave;

struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};

SizeClass size_class(std::size_t bytes) {
  const std::size_t wanted = std::max(bytes, kAlignment);
  const auto octave = static_cast<std::size_t>(std::bit_width(wanted - 1)) - 1;  // 2^octave < wanted <= 2^(octave+1)
  if (wanted == kAlignment) return {0, kAlignment};
  const std::size_t step = (std::size_t{1} << octave) / kClassesPerOctave;
  const std::size_t steps = (wanted - (std::size_t{1} << octave) + step - 1) / step;
  const std::size_t first_octave = static_cast<std::size_t>(std::bit_width(kAlignment)) - 1;
  return {(octave - first_octave) * kClassesPerOctave + steps, (std::size_t{1} << octave) + steps * step};
}

struct Flat {
  std::byte* begin;
  std::size_t bytes;
  std::size_t live;
  bool owned;
};

// The pool is never destroyed: arrays in static storage may outlive any order of destruction.
struct Pool {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> waiting;
  std::vector<Flat> flats;
  PoolStatistics statistics{};
};

Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

struct Placement {
  std::byte* address = nullptr;
  std::size_t bytes = 0;
};
thread_local Placement placement;

std::byte* from_system(std::size_t bytes) {
  // Huge pages spare the TLB on blocks that kernels stream through; the kernel may ignore the wish.
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* block = std::aligned_alloc(alignment, rounded);
  if (block == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(block, rounded, MADV_HUGEPAGE);
  return static_cast<std::byte*>(block);
}

void poison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADLIGHT_POISON_BUFFERS
  std::memset(block, 0xFF, bytes);
#endif
}

void free_flat_if_unused(std::vector<Flat>& flats, std::vector<Flat>::iterator flat) {
  if (flat->owned || flat->live > 0) return;
  std::free(flat->begin);
  flats.erase(flat);
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (placement.address != nullptr && placement.bytes == bytes) {
    std::byte* const address = placement.address;
    placement.address = nullptr;
    Pool& p = pool();
    const std::lock_guard lock(p.mutex);
    for (Flat& flat : p.flats) {
      if (address >= flat.begin && address < flat.begin + flat.bytes) ++flat.live;
    }
    poison(address, bytes);
    return address;
  }
  const SizeClass wanted = size_class(bytes);
  Pool& p = pool();
  void* block = nullptr;
  {
    const std::lock_guard lock(p.mutex);
    auto& waiting = p.waiting[wanted.index];
    if (!waiting.empty()) {
      block = waiting.back();
      waiting.pop_back();
    } else {
      block = from_system(wanted.bytes);
      // Room to take every block of this class back, so that a release never allocates.
      waiting.reserve(waiting.capacity() + 1);
      p.statistics.bytes_held += wanted.bytes;
      ++p.statistics.system_requests;
    }
    p.statistics.bytes_in_use += wanted.bytes;
  }
  poison(block, wanted.bytes);
  return block;
}

void pool_release(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto flat = p.flats.begin(); flat != p.flats.end(); ++flat) {
    if (block >= flat->begin && block < flat->begin + flat->bytes) {
      --flat->live;
      free_flat_if_unused(p.flats, flat);
      return;
    }
  }
  const SizeClass held = size_class(bytes);
  p.waiting[held.index].push_back(block);
  p.statistics.bytes_in_use -= held.bytes;
}

PoolStatistics pool_statistics() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  return p.statistics;
}

void pool_trim() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto& waiting : p.waiting) {
    for (void* block : waiting) std::free(block);
    waiting.clear();
  }
  p.statistics.bytes_held = p.statistics.bytes_in_use;
}

FlatMemory::FlatMemory(std::size_t bytes) : data_(from_system(std::max(bytes, kAlignment))), bytes_(bytes) {
  std::memset(data_, 0, bytes);
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.flats.push_back({data_, std::max(bytes, kAlignment), 0, true});
}

FlatMemory::~FlatMemory() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  const auto flat = std::find_if(p.flats.begin(), p.flats.end(), [this](const Flat& f) { return f.begin == data_; });
  flat->owned = false;
  free_flat_if_unused(p.flats, flat);
}

void FlatMemory::begin_placement(std::size_t offset, std::size_t bytes) const {
  if (bytes == 0 || offset > bytes_ || bytes > bytes_ - offset) {
    raise<ShapeError>("flat memory", "the place does not lie inside",
                      std::to_string(bytes) + " bytes at " + std::to_string(offset) + " of " + std::to_string(bytes_));
  }
  placement = {data_ + offset, bytes};
}

void FlatMemory::end_placement() {
  if (placement.address != nullptr) {
    placement.address = nullptr;
    raise<StateError>("flat memory", "nothing of the announced size was allocated");
  }
}

void FlatMemory::cancel_placement() noexcept { placement.address = nullptr; }

}  // namespace headlight
