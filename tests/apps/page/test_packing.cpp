// Weights as bytes. Expected values follow from FORMAT.md, "Attention".
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "apps/page/packing.h"
#include "apps/page/section.h"
#include "core/error.h"

using namespace headlight;

namespace {

std::span<const std::byte> bytes_in(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("A code is floor(255 a + 1/2), off by at most 1/510, what is no number has 0") {
  CHECK(code_of(0) == 0);
  CHECK(code_of(1) == 255);
  CHECK(code_of(0.5F) == 128);  // 127.5 + 0.5
  CHECK(code_of(0.00195F) == 0);
  CHECK(code_of(0.00197F) == 1);  // 1/510 = 0.00196...
  CHECK(code_of(-0.1F) == 0);
  CHECK(code_of(7) == 255);
  CHECK(code_of(std::numeric_limits<float>::quiet_NaN()) == 0);
  CHECK(code_of(std::numeric_limits<float>::infinity()) == 0);
  for (int i = 0; i <= 10000; ++i) {
    const float weight = static_cast<float>(i) / 10000;
    REQUIRE(std::abs(code_of(weight) / 255.0 - static_cast<double>(weight)) <= 1.0 / 510 + 1e-7);
  }
}

TEST_CASE("A causal map has its lower triangle alone, and must be square") {
  const ViewBlock causal{.name = "dec.self", .heads = 2, .causal = true, .layer_names = {"a", "b", "c"}};
  const ViewBlock full{.name = "dec.cross", .heads = 2, .layer_names = {"a"}, .shapes = {{3, 5}}};
  CHECK(packed_cells(causal, {1, 1}) == 1);
  CHECK(packed_cells(causal, {7, 7}) == 28);
  CHECK(packed_cells(full, {3, 5}) == 15);
  CHECK(snapshot_bytes(full, 0) == 30);
  CHECK_THROWS_AS(packed_cells(causal, {3, 5}), ShapeError);
}

TEST_CASE("Later snapshots are differences modulo 256") {
  const std::vector<std::uint8_t> codes = {10, 200, 5, 210, 5, 5};
  CHECK(delta_of(codes, 2) == std::vector<std::uint8_t>{10, 200, 251, 10, 0, 51});
}

TEST_CASE("A window hides keys that lie n or more positions away, behind alone where the block is causal") {
  ViewBlock block{.heads = 1, .causal = true, .layer_names = {"a"}, .windows = {2}, .shapes = {{3, 3}}};
  CHECK(hidden_cells(block).bytes == std::vector<std::uint8_t>{0, 1, 1, 0, 0, 1, 1, 0, 0});
  CHECK_FALSE(hidden_cells(block).by_layer);
  block.causal = false;
  block.windows = {1, 0};
  block.layer_names = {"a", "b"};
  const HiddenCells both = hidden_cells(block);
  CHECK(both.by_layer);
  CHECK(both.bytes == std::vector<std::uint8_t>{0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(block.is_windowed());
  block.windows = {0, 0};
  CHECK_FALSE(block.is_windowed());
}

TEST_CASE("CRC-32 is that of its standard") {
  // The check value of CRC-32/ISO-HDLC.
  CHECK(crc_text(bytes_in("123456789")) == "cbf43926");
}
