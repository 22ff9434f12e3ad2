#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "apps/config/task_config.h"

/// The small programs of Rasp on a string x_1 ... x_n, with one answer y_i for each symbol.
namespace headlight {

/// The states of a string of brackets. Of kind k the opening one is symbol 2 k, the closing one 2 k + 1.
constexpr std::int32_t kBalanced = 0;
constexpr std::int32_t kOpen = 1;
constexpr std::int32_t kFailed = 2;

/// y of x. A count c is given as c - 1; behind the last different symbol most_freq has `pad`.
std::vector<std::int32_t> run_program(config::RaspProgram program, std::span<const std::int32_t> string,
                                      std::int32_t pad);

}  // namespace headlight
