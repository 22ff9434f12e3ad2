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

#if defined(__SANITIZE_ADDRESS__)
#define HEADLIGHT_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEADLIGHT_ADDRESS_SANITIZER
#endif
#endif
#ifdef HEADLIGHT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace headlight {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{1} << 21;
// Four classes per octave: 64, 80, 96, 112, 128, 160, ...: at most a quarter of a block is slack.
constexpr std::size_t kClassesPerOctave = 4;
// A request above this comes from a mistake in a size.
constexpr std::size_t kLargestBlock = std::size_t{1} << 40;
constexpr std::size_t kClasses = 35 * kClassesPerOctave;

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

// Blocks of one size. `waiting` has room for every block issued, so that taking one back never allocates.
struct BlockList {
  std::vector<void*> waiting;
  std::size_t issued = 0;
};

struct Flat {
  std::byte* begin;
  std::size_t bytes;
  std::size_t live;
  bool owned;
};

// The pool is never destroyed: arrays in static storage may outlive any order of destruction.
struct Pool {
  std::mutex mutex;
  std::array<BlockList, kClasses> lists;
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
  void* block = nullptr;
  if (posix_memalign(&block, alignment, bytes) != 0) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return static_cast<std::byte*>(block);
}

// Address sanitizer cannot see into the pool by itself: it is told that a waiting block, and the slack behind the bytes
// asked for, must not be touched.
void forbid([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADLIGHT_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(block, bytes);
#endif
}

void permit([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADLIGHT_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
}

void poison([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef HEADLIGHT_POISON_BUFFERS
  std::memset(block, 0xFF, bytes);
#endif
}

/// One more waiting block from the system. The caller holds the lock.
void add_block(Pool& p, const SizeClass& wanted) {
  BlockList& list = p.lists[wanted.index];
  if (list.issued == list.waiting.capacity()) list.waiting.reserve(std::max<std::size_t>(2 * list.issued, 4));
  void* const block = from_system(wanted.bytes);
  forbid(block, wanted.bytes);
  list.waiting.push_back(block);
  ++list.issued;
  p.statistics.bytes_held += wanted.bytes;
  ++p.statistics.system_requests;
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
  if (bytes > kLargestBlock) throw std::bad_alloc();
  const SizeClass wanted = size_class(bytes);
  Pool& p = pool();
  void* block = nullptr;
  {
    const std::lock_guard lock(p.mutex);
    BlockList& list = p.lists[wanted.index];
    if (list.waiting.empty()) add_block(p, wanted);
    block = list.waiting.back();
    list.waiting.pop_back();
    p.statistics.bytes_in_use += wanted.bytes;
  }
  permit(block, bytes);
  poison(block, bytes);
  return block;
}

void pool_reserve(std::size_t bytes, std::size_t count) {
  if (bytes > kLargestBlock) throw std::bad_alloc();
  const SizeClass wanted = size_class(bytes);
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  while (p.lists[wanted.index].waiting.size() < count) add_block(p, wanted);
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
  forbid(block, held.bytes);
  p.lists[held.index].waiting.push_back(block);
  p.statistics.bytes_in_use -= held.bytes;
}

PoolStatistics pool_statistics() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  return p.statistics;
}

FlatMemory::FlatMemory(std::size_t bytes) : data_(nullptr), bytes_(bytes) {
  if (bytes > kLargestBlock) throw std::bad_alloc();
  const std::size_t held = std::max(bytes, kAlignment);
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.flats.reserve(p.flats.size() + 1);  // what can fail comes before the memory is taken
  data_ = from_system(held);
  std::memset(data_, 0, held);
  p.flats.push_back({data_, held, 0, true});
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
  if (placement.address != nullptr) {
    raise<StateError>("flat memory", "another placement is under way on this thread", {},
                      "make the inner array before, or after");
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
