// Schedules against closed forms written here by themselves, s = step, w = warm-up, n = steps, r = final ratio.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "optim/schedule.h"

using namespace headlight;

namespace {

constexpr double kPi = 3.14159265358979323846;

/// A few roundings of numbers up to 1, and the cosine's own.
bool near(double a, double b) { return std::abs(a - b) <= 2e-15; }

/// (1 + cos x) / 2 by the half-angle formula, which does not cancel at pi.
double half_cosine(double x) { return std::cos(x / 2) * std::cos(x / 2); }

}  // namespace

TEST_CASE("a constant schedule is its factor at every step") {
  const Schedule one;
  const Schedule half{.factor = 0.5};
  for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 60}) {
    CHECK(one(step) == 1);
    CHECK(half(step) == 0.5);
  }
}

TEST_CASE("a warm-up rises in a straight line from zero or from its first part") {
  const Schedule from_zero{.warmup_steps = 4};
  const std::vector<double> zero{0, 0.25, 0.5, 0.75, 1, 1};
  const Schedule from_first{.warmup_steps = 4, .warmup = Warmup::from_first};
  const std::vector<double> first{0.2, 0.4, 0.6, 0.8, 1, 1};
  for (std::size_t s = 0; s < zero.size(); ++s) {
    CHECK(near(from_zero(s), zero[s]));
    CHECK(near(from_first(s), first[s]));
  }
}

TEST_CASE("linear falls in a straight line from the end of the warm-up to the final ratio and stays there") {
  const Schedule schedule{
      .kind = ScheduleKind::linear, .steps = 20, .warmup_steps = 4, .final_ratio = 0.2, .factor = 3};
  CHECK(near(schedule(0), 0));
  CHECK(near(schedule(2), 1.5));
  for (std::uint64_t s = 4; s <= 20; ++s) {
    // Through (4, 3) and (20, 0.6).
    CHECK(near(schedule(s), 0.6 + static_cast<double>(20 - s) * 0.15));
  }
  CHECK(near(schedule(21), 0.6));
  CHECK(near(schedule(std::numeric_limits<std::uint64_t>::max()), 0.6));
}

TEST_CASE("cosine falls from 1 to the final ratio between warm-up and end") {
  const Schedule schedule{.kind = ScheduleKind::cosine, .steps = 70, .warmup_steps = 10, .final_ratio = 0.1};
  // r + (1 - r) (1 + cos(pi p)) / 2 at p = 0, 1/3, 1/2, 2/3, 1, where the cosine is 1, 1/2, 0, -1/2, -1.
  CHECK(near(schedule(10), 1));
  CHECK(near(schedule(30), 0.1 + 0.9 * 0.75));
  CHECK(near(schedule(40), 0.1 + 0.9 * 0.5));
  CHECK(near(schedule(50), 0.1 + 0.9 * 0.25));
  CHECK(near(schedule(70), 0.1));
  CHECK(near(schedule(1000), 0.1));
  for (std::uint64_t s = 0; s < 10; ++s) CHECK(near(schedule(s), static_cast<double>(s) / 10));
  for (std::uint64_t s = 10; s <= 70; ++s) {
    CHECK(near(schedule(s), 0.1 + 0.9 * half_cosine(kPi * static_cast<double>(s - 10) / 60)));
  }
}

TEST_CASE("cosine_times_warmup begins its cosine with the warm-up") {
  // The schedule of the reverse task: 3,900 steps, 50 of them warm-up.
  const Schedule schedule{.kind = ScheduleKind::cosine_times_warmup, .steps = 3900, .warmup_steps = 50};
  CHECK(schedule(0) == 0);
  CHECK(near(schedule(50), half_cosine(kPi / 78)));
  CHECK(near(schedule(1300), 0.75));
  CHECK(near(schedule(1950), 0.5));
  CHECK(near(schedule(3900), 0));
  CHECK(near(schedule(4000), 0));
  for (std::uint64_t s = 0; s <= 3900; s += 13) {
    const double warm = s < 50 ? static_cast<double>(s) / 50 : 1;
    CHECK(near(schedule(s), warm * half_cosine(kPi * static_cast<double>(s) / 3900)));
  }
}

TEST_CASE("noam has the rates of the Annotated Transformer's log") {
  // d 512, base rate .5, warm-up 400: its log shows the next rate once an epoch of 20 updates, to two digits: 5.5e-06
  // after the first update, in the first epoch, and 1.1e-03 in the twentieth, 380 updates later.
  const Schedule schedule{.kind = ScheduleKind::noam, .warmup_steps = 400, .factor = 0.5, .width = 512};
  schedule.check();
  CHECK(std::abs(schedule(1) - 5.5e-6) <= 0.05e-6);
  CHECK(std::abs(schedule(381) - 1.1e-3) <= 0.05e-3);
  // It peaks at the end of the warm-up with factor / sqrt(width warm-up), and falls to half of that at four times as
  // far.
  const double peak = 0.5 / std::sqrt(512.0 * 400);
  CHECK(near(schedule(399), peak));
  CHECK(near(schedule(1599), peak / 2));
  CHECK(near(schedule(199), peak / 2));
  CHECK(schedule(398) < peak);
  CHECK(schedule(400) < peak);
}

TEST_CASE("inverse_sqrt is warmed up to 1 and then falls with the root of the step") {
  const Schedule schedule{.kind = ScheduleKind::inverse_sqrt, .warmup_steps = 4};
  // sqrt(4 / (s + 1)) from step 4 on: 2 / 3 at step 8, a half at 15, a fifth at 99.
  const std::vector<double> warm{0, 0.25, 0.5, 0.75};
  for (std::size_t s = 0; s < warm.size(); ++s) CHECK(near(schedule(s), warm[s]));
  CHECK(near(schedule(4), std::sqrt(0.8)));
  CHECK(near(schedule(8), 2.0 / 3));
  CHECK(near(schedule(15), 0.5));
  CHECK(near(schedule(99), 0.2));
}

TEST_CASE("step falls by gamma every so many steps, counted from the first") {
  const Schedule schedule{.kind = ScheduleKind::step, .warmup_steps = 2, .factor = 4, .gamma = 0.5, .every = 3};
  const std::vector<double> expected{0, 2, 4, 2, 2, 2, 1, 1, 1, 0.5};
  for (std::size_t s = 0; s < expected.size(); ++s) CHECK(schedule(s) == expected[s]);
}

TEST_CASE("wsd is warmed up, stays, and falls in a straight line over its last steps") {
  const Schedule schedule{
      .kind = ScheduleKind::wsd, .steps = 20, .warmup_steps = 4, .final_ratio = 0.2, .decay_steps = 8};
  schedule.check();
  CHECK(near(schedule(1), 0.25));
  for (std::uint64_t s = 4; s <= 12; ++s) CHECK(schedule(s) == 1);
  for (std::uint64_t s = 12; s <= 20; ++s) CHECK(near(schedule(s), 0.2 + static_cast<double>(20 - s) * 0.1));
  CHECK(near(schedule(1000), 0.2));
}

TEST_CASE("cosine_per_epoch keeps one rate through an epoch") {
  // Four epochs of 5 steps, the last cut short: (1 + cos(pi e / 4)) / 2.
  const Schedule schedule{.kind = ScheduleKind::cosine_per_epoch, .steps = 18, .final_ratio = 0.1, .epoch_steps = 5};
  schedule.check();
  for (std::uint64_t s = 0; s < 18; ++s) {
    CHECK(near(schedule(s), 0.1 + 0.9 * half_cosine(kPi * static_cast<double>(s / 5) / 4)));
  }
  CHECK(near(schedule(18), 0.1));
  CHECK(near(schedule(99), 0.1));
}

TEST_CASE("nanoGPT's schedule is cosine with a warm-up from its first part") {
  // get_lr() of nanoGPT: rate (it + 1) / (warm + 1) at first, then min + (1 + cos(pi ratio)) / 2 (rate - min), then
  // min.
  const double rate = 6e-4, least = 6e-5;
  const Schedule schedule{.kind = ScheduleKind::cosine,
                          .steps = 600,
                          .warmup_steps = 20,
                          .warmup = Warmup::from_first,
                          .final_ratio = least / rate};
  for (std::uint64_t it = 0; it < 700; ++it) {
    const double ratio = (static_cast<double>(it) - 20) / (600 - 20);
    const double expected = it < 20    ? rate * static_cast<double>(it + 1) / 21
                            : it > 600 ? least
                                       : least + half_cosine(kPi * ratio) * (rate - least);
    CHECK(std::abs(rate * schedule(it) - expected) <= 2e-15 * rate);
  }
}

TEST_CASE("a schedule that is all warm-up, or has none, is defined at its ends") {
  const Schedule all{.kind = ScheduleKind::cosine, .steps = 5, .warmup_steps = 5, .final_ratio = 0.5};
  all.check();
  CHECK(near(all(4), 0.8));
  CHECK(near(all(5), 0.5));  // nothing is left between warm-up and end
  const Schedule none{.kind = ScheduleKind::linear, .steps = 4};
  CHECK(near(none(0), 1));
  CHECK(near(none(4), 0));
}

TEST_CASE("rates are never negative nor above the factor when the final ratio is at most 1") {
  for (const ScheduleKind kind : {ScheduleKind::constant, ScheduleKind::linear, ScheduleKind::cosine,
                                  ScheduleKind::cosine_times_warmup, ScheduleKind::cosine_per_epoch, ScheduleKind::noam,
                                  ScheduleKind::inverse_sqrt, ScheduleKind::step, ScheduleKind::wsd}) {
    for (const Warmup warmup : {Warmup::from_zero, Warmup::from_first}) {
      const Schedule schedule{.kind = kind,
                              .steps = 97,
                              .warmup_steps = 13,
                              .warmup = warmup,
                              .factor = 2,
                              .width = 1,
                              .every = 10,
                              .decay_steps = 84,
                              .epoch_steps = 7};
      schedule.check();
      for (std::uint64_t s = 0; s < 120; ++s) {
        CHECK(schedule(s) >= 0);
        CHECK(schedule(s) <= 2);
      }
    }
  }
}

TEST_CASE("figures out of range are refused") {
  const std::string range = "schedule: final ratio and factor must be finite and not negative; ";
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::cosine}.check()),
                    "schedule: the number of steps must be at least 1; set schedule.steps or trainer.steps");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::linear, .steps = 5, .warmup_steps = 6}.check()),
                    "schedule: the warm-up is longer than the schedule; warmup_steps 6, steps 5");
  CHECK_THROWS_WITH((Schedule{.final_ratio = -0.5}.check()), range + "final_lr_ratio -0.5, factor 1");
  CHECK_THROWS_WITH((Schedule{.factor = std::numeric_limits<double>::infinity()}.check()),
                    range + "final_lr_ratio 0, factor inf");
  CHECK_THROWS_AS((Schedule{.factor = std::nan("")}.check()), ConfigError);
  const std::string meaningless = "schedule: a final ratio has no meaning with this kind of schedule; final_lr_ratio ";
  const std::string instead = "; use linear, cosine, cosine_per_epoch or wsd, or leave it out";
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::cosine_times_warmup, .steps = 5, .final_ratio = 0.1}.check()),
                    meaningless + "0.1 with cosine_times_warmup" + instead);
  CHECK_THROWS_WITH((Schedule{.final_ratio = 0.5}.check()), meaningless + "0.5 with constant" + instead);
  CHECK_NOTHROW((Schedule{.warmup_steps = 6}.check()));  // a constant schedule has no end
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::noam, .width = 8}.check()),
                    "schedule: noam needs a warm-up of at least one step; warmup_steps 0");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::noam, .warmup_steps = 8}.check()),
                    "schedule: noam needs the width of the model; width 0");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::inverse_sqrt}.check()),
                    "schedule: inverse_sqrt needs a warm-up of at least one step; warmup_steps 0");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::step}.check()),
                    "schedule: step needs the number of steps between two falls; every 0");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::step, .gamma = -1, .every = 2}.check()),
                    "schedule: step needs a gamma that is finite and not negative; gamma -1");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::wsd, .steps = 9, .warmup_steps = 5, .decay_steps = 5}.check()),
                    "schedule: wsd needs decay_steps from 1 to those behind the warm-up; decay_steps 5, steps 9, "
                    "warmup_steps 5");
  CHECK_THROWS_WITH((Schedule{.kind = ScheduleKind::cosine_per_epoch, .steps = 9}.check()),
                    "schedule: cosine_per_epoch needs the updates of an epoch; epoch_steps 0");
}

TEST_CASE("a schedule that nobody has checked refuses what it would divide by") {
  CHECK_THROWS_AS((Schedule{.kind = ScheduleKind::step}(3)), ConfigError);
  CHECK_THROWS_AS((Schedule{.kind = ScheduleKind::cosine_per_epoch, .steps = 9}(3)), ConfigError);
  CHECK_THROWS_AS((Schedule{.kind = ScheduleKind::noam, .warmup_steps = 4}(3)), ConfigError);
}
