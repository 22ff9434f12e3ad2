#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/blas.h"
#include "core/error.h"
#include "core/gemm.h"
#include "core/random.h"
#include "core/random_array.h"
#include "tests/core/run/threads.h"

namespace headlight::inline HEADLIGHT_PRECISION {
namespace {

using test::Threads;
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();

struct Problem {
  std::size_t m, n, k;
  bool a_transposed = false, b_transposed = false;
  std::size_t padding = 0;  // elements between stored rows
  Real alpha{1}, beta{0};
};

std::vector<Real> draw(std::size_t count, const std::string& name, std::uint64_t step) {
  const Array a = random_uniform({count}, -1, 1, {.seed = 3, .stream = stream_id(name), .step = step});
  return {flat(a).begin(), flat(a).end()};
}

// A, B and C of a problem, `count` of each one after another in memory.
struct Operands {
  std::vector<Real> a_memory, b_memory, c_memory;
  ConstMatrix a, b;
  Matrix c;
  std::size_t a_step, b_step, c_step;

  Operands(const Problem& p, std::uint64_t step, std::size_t count = 1) {
    const std::size_t a_cols = p.a_transposed ? p.m : p.k;
    const std::size_t b_cols = p.b_transposed ? p.k : p.n;
    a_step = (p.a_transposed ? p.k : p.m) * (a_cols + p.padding);
    b_step = (p.b_transposed ? p.n : p.k) * (b_cols + p.padding);
    c_step = std::max<std::size_t>(p.m * (p.n + p.padding), 1);
    a_memory = draw(count * a_step, "a", step);
    b_memory = draw(count * b_step, "b", step);
    c_memory = draw(count * c_step, "c", step);
    a = {a_memory.data(), p.m, p.k, a_cols + p.padding, p.a_transposed};
    b = {b_memory.data(), p.k, p.n, b_cols + p.padding, p.b_transposed};
    c = {c_memory.data(), p.m, p.n, p.n + p.padding};
  }
};

double at(const ConstMatrix& a, std::size_t row, std::size_t col) {
  return static_cast<double>(a.transposed ? a.data[col * a.stride + row] : a.data[row * a.stride + col]);
}

// Whether c = alpha a b + beta before, against sums in double. A sum of k products in any order, fused or not, scaled and
// added to, errs by at most (k + 3) u of the sum of absolute values, u half an epsilon (Higham 2002, section 3.1). The
// factor 2 covers the higher terms and the reference in double.
void check_product(const Problem& p, const ConstMatrix& a, const ConstMatrix& b, const std::vector<Real>& before,
                   const std::vector<Real>& after, std::size_t c_begin, std::size_t c_stride) {
  const double unit = static_cast<double>(std::numeric_limits<Real>::epsilon()) / 2;
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) {
      const std::size_t place = c_begin + i * c_stride + j;
      double sum = 0;
      double size = 0;
      for (std::size_t l = 0; l < p.k; ++l) {
        const double product = static_cast<double>(p.alpha) * at(a, i, l) * at(b, l, j);
        sum += product;
        size += std::abs(product);
      }
      if (p.beta != Real{0}) {
        const double old = static_cast<double>(p.beta) * static_cast<double>(before[place]);
        sum += old;
        size += std::abs(old);
      }
      const double error = std::abs(static_cast<double>(after[place]) - sum);
      if (!(error <= 2 * (static_cast<double>(p.k) + 3) * unit * size)) ++wrong;  // NaN is wrong
    }
    for (std::size_t j = p.n; j < c_stride && c_begin + i * c_stride + j < after.size(); ++j) {  // between the rows
      const std::size_t place = c_begin + i * c_stride + j;
      if (after[place] != before[place]) ++wrong;
    }
  }
  INFO("m " << p.m << " n " << p.n << " k " << p.k << " transposed " << p.a_transposed << p.b_transposed << " padding "
            << p.padding << " alpha " << p.alpha << " beta " << p.beta);
  CHECK(wrong == 0);
}

std::vector<Problem> problems() {
  std::vector<Problem> list;
  Random random({.seed = 5, .stream = stream_id("gemm shapes"), .step = 0});
  const std::vector<std::size_t> extents = {0, 1, 2, 3, 7, 8, 16, 17, 33, 65, 130};
  const auto extent = [&] { return extents[static_cast<std::size_t>(random.uniform_below(extents.size()))]; };
  const std::vector<Real> factors = {Real{0}, Real{1}, Real{-1}, Real{0.5}};
  for (int i = 0; i < 200; ++i) {
    Problem p{.m = extent(), .n = extent(), .k = extent()};
    p.a_transposed = random.uniform_below(2) == 1;
    p.b_transposed = random.uniform_below(2) == 1;
    p.padding = static_cast<std::size_t>(random.uniform_below(3)) * 5;
    p.alpha = i % 4 == 0 ? factors[static_cast<std::size_t>(random.uniform_below(4))] : Real{1};
    p.beta = factors[static_cast<std::size_t>(random.uniform_below(4))];
    list.push_back(p);
  }
  // Shapes that are cut: tall, a weight gradient, many columns, odd ends, one short of a block and one beyond.
  list.push_back({.m = 2049, .n = 17, .k = 9});
  list.push_back({.m = 2048, .n = 24, .k = 32, .b_transposed = true});
  list.push_back({.m = 768, .n = 33, .k = 20, .beta = Real{1}});
  list.push_back({.m = 96, .n = 32, .k = 700, .a_transposed = true, .beta = Real{1}});
  list.push_back({.m = 257, .n = 300, .k = 65, .a_transposed = true, .padding = 3});
  list.push_back({.m = 129, .n = 129, .k = 10});
  list.push_back({.m = 127, .n = 127, .k = 10});
  list.push_back({.m = 1, .n = 1000, .k = 200});
  list.push_back({.m = 1000, .n = 1, .k = 200});
  return list;
}

}  // namespace

TEST_CASE("Products agree with sums in double, for any strides, transposes, factors, and extents from 0 on") {
  std::uint64_t step = 0;
  for (const Problem& p : problems()) {
    for (const bool parallel : {false, true}) {
      Operands o(p, ++step);
      const std::vector<Real> before = o.c_memory;
      (parallel ? parallel_gemm : gemm)(p.alpha, o.a, o.b, p.beta, o.c);
      check_product(p, o.a, o.b, before, o.c_memory, 0, o.c.stride);
    }
  }
}

TEST_CASE("Parallel products have equal bytes for 1, 2, 3 and 4 threads") {
  std::uint64_t step = 0;
  for (const Problem& p : problems()) {
    ++step;
    std::vector<Real> expected;
    for (std::size_t threads = 1; threads <= 4; ++threads) {
      const Threads scope(threads);
      Operands o(p, step);
      parallel_gemm(p.alpha, o.a, o.b, p.beta, o.c);
      if (threads == 1) expected = o.c_memory;
      REQUIRE(std::memcmp(expected.data(), o.c_memory.data(), expected.size() * sizeof(Real)) == 0);
    }
  }
}

TEST_CASE("Batches agree with sums in double, and have equal bytes for 1, 2 and 3 threads") {
  const std::vector<Problem> shapes = {{.m = 5, .n = 6, .k = 7},
                                       {.m = 16, .n = 16, .k = 8, .b_transposed = true, .padding = 4},
                                       {.m = 140, .n = 150, .k = 40, .a_transposed = true, .beta = Real{1}},
                                       {.m = 3, .n = 2, .k = 0}};
  for (const Problem& p : shapes) {
    for (const bool shared_b : {false, true}) {
      const std::size_t count = 9;
      std::vector<Real> expected;
      for (std::size_t threads = 1; threads <= 3; ++threads) {
        const Threads scope(threads);
        Operands o(p, 77, count);
        const std::vector<Real> before = o.c_memory;
        const std::size_t b_step = shared_b ? 0 : o.b_step;
        batched_gemm(count, p.alpha, o.a, o.a_step, o.b, b_step, p.beta, o.c, o.c_step);
        if (threads == 1) {
          expected = o.c_memory;
          for (std::size_t i = 0; i < count; ++i) {
            ConstMatrix a = o.a;
            ConstMatrix b = o.b;
            a.data += i * o.a_step;
            b.data += i * b_step;
            check_product(p, a, b, before, o.c_memory, i * o.c_step, o.c.stride);
          }
        }
        CHECK(std::memcmp(expected.data(), o.c_memory.data(), expected.size() * sizeof(Real)) == 0);
      }
    }
  }
}

TEST_CASE("Heads packed side by side multiply without a copy") {
  // q k^T per head from one (T, 3 H D) projection: the step from head to head is D, the stride of a row 3 H D.
  const std::size_t T = 6, H = 3, D = 4, C = H * D;
  const std::vector<Real> packed = draw(T * 3 * C, "packed", 0);
  std::vector<Real> scores(H * T * T);
  batched_gemm(H, Real{1}, {packed.data(), T, D, 3 * C}, D, transposed(ConstMatrix{packed.data() + C, T, D, 3 * C}), D,
               Real{0}, {scores.data(), T, T, T}, T * T);
  for (std::size_t h = 0; h < H; ++h) {
    check_product({.m = T, .n = T, .k = D}, {packed.data() + h * D, T, D, 3 * C},
                  transposed(ConstMatrix{packed.data() + C + h * D, T, D, 3 * C}), scores, scores, h * T * T, T);
  }
}

TEST_CASE("beta = 0 overwrites NaN, with an empty inner extent and alpha = 0 as well") {
  for (const std::size_t k : {0u, 1u, 5u, 100u}) {
    for (const Real alpha : {Real{0}, Real{1}}) {
      for (const bool parallel : {false, true}) {
        const Problem p{.m = 70, .n = 50, .k = k, .alpha = alpha};
        Operands o(p, 1);
        std::fill(o.c_memory.begin(), o.c_memory.end(), kNan);
        const std::vector<Real> before = o.c_memory;
        (parallel ? parallel_gemm : gemm)(alpha, o.a, o.b, Real{0}, o.c);
        check_product(p, o.a, o.b, before, o.c_memory, 0, o.c.stride);
      }
    }
  }
}

TEST_CASE("NaN and infinity in a factor reach the result") {
  for (const Real value : {kNan, std::numeric_limits<Real>::infinity()}) {
    Operands o({.m = 9, .n = 9, .k = 9}, 1);
    o.a_memory[0] = value;
    gemm(Real{1}, o.a, o.b, Real{0}, o.c);
    CHECK_FALSE(std::isfinite(o.c_memory[0]));
    CHECK(std::isfinite(o.c_memory[9]));
  }
}

TEST_CASE("Arrays are matrices of their last axis") {
  Array a = random_uniform({2, 3, 4}, 0, 1, {});
  const Matrix m = as_matrix(a);
  CHECK(m.data == a.data());
  CHECK(m.rows == 6);
  CHECK(m.cols == 4);
  CHECK(m.stride == 4);
  const ConstMatrix t = transposed(m);
  CHECK(t.rows == 4);
  CHECK(t.cols == 6);
  CHECK(t.transposed);
  CHECK_FALSE(transposed(t).transposed);
  const Array column = zeros({5, 1});
  CHECK(as_matrix(column).rows == 5);
  CHECK(as_matrix(zeros({0, 3})).rows == 0);
  CHECK_THROWS_AS(as_matrix(scalar(Real{1})), ShapeError);
}

TEST_CASE("A matrix with one column, whose stride xtensor gives as 0, can be a factor and a result") {
  const Array x = full({3, 1}, Real{2});
  Array y = zeros({3, 1});
  Matrix c = as_matrix(y);
  gemm(Real{1}, as_matrix(x), as_matrix(full({1, 1}, Real{4})), Real{0}, c);
  CHECK(same_bytes(y, full({3, 1}, Real{8})));
}

TEST_CASE("Shapes, strides and sizes that do not fit are refused before BLAS sees them") {
  std::vector<Real> memory(16);
  Real* const data = memory.data();
  const ConstMatrix a{data, 2, 3, 3};
  const Matrix c{data, 2, 2, 2};
  CHECK_THROWS_WITH(gemm(Real{1}, a, a, Real{0}, c),
                    "matrix product: the shapes do not fit; A (2, 3), B (2, 3), C (2, 2); A (m, k), B (k, n) and "
                    "C (m, n) are needed");
  CHECK_THROWS_AS(gemm(Real{1}, a, transposed(a), Real{0}, {data, 2, 3, 3}), ShapeError);
  CHECK_THROWS_AS(gemm(Real{1}, a, transposed(a), Real{0}, {data, 3, 2, 2}), ShapeError);
  CHECK_THROWS_WITH(gemm(Real{1}, {data, 2, 3, 2}, transposed(a), Real{0}, c),
                    Catch::StartsWith("matrix product: rows of A overlap; stride 2 for 3 columns"));
  CHECK_THROWS_AS(parallel_gemm(Real{1}, a, {data, 3, 2, 2, true}, Real{0}, c), ShapeError);
  CHECK_THROWS_AS(gemm(Real{1}, a, transposed(a), Real{0}, {data, 2, 2, 1}), ShapeError);
  const std::size_t huge = std::size_t{1} << 31;
  CHECK_THROWS_WITH(gemm(Real{1}, {data, huge, 1, 1}, {data, 1, 1, 1}, Real{0}, {data, huge, 1, 1}),
                    Catch::Contains("exceeds the range of int"));
  CHECK_THROWS_AS(gemm(Real{1}, {data, 1, 1, huge}, {data, 1, 1, 1}, Real{0}, {data, 1, 1, 1}), ShapeError);
  CHECK_THROWS_AS(batched_gemm(2, Real{1}, a, 0, transposed(a), 0, Real{0}, c, 0), ShapeError);
  CHECK_NOTHROW(batched_gemm(0, Real{1}, a, 0, transposed(a), 0, Real{0}, c, 0));
}

TEST_CASE("The grain of rows cuts evenly and never has fewer than one row") {
  CHECK(gemm_row_grain(0) == 1);
  CHECK(gemm_row_grain(1) == 1);
  CHECK(gemm_row_grain(100) == 100);
  CHECK(gemm_row_grain(768) == 128);
  CHECK(gemm_row_grain(2048) == 256);
  for (std::size_t rows = 1; rows < 3000; ++rows) {
    const std::size_t grain = gemm_row_grain(rows);
    REQUIRE(grain >= 1);
    REQUIRE(grain <= 256);
  }
}

TEST_CASE("The BLAS library names itself and its kernels") {
  CHECK(std::string(blas_description()).starts_with("OpenBLAS "));
  CHECK(std::string(blas_description()).size() > 9);
}

}  // namespace headlight::inline HEADLIGHT_PRECISION
