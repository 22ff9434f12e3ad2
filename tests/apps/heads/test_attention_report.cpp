// What the heads of a model read on held-out sequences of many lengths, on a model whose maps are known.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "apps/heads/attention_report.h"
#include "tests/apps/heads/heads_testing.h"

using namespace headlight;

namespace {

/// Inputs of given lengths, of which each position has to read itself. It notes how many examples are made before the
/// keys of one of them are asked for: how many were run at once.
class Ragged : public Task {
 public:
  explicit Ragged(std::vector<std::size_t> lengths) : lengths_(std::move(lengths)) {}

  TaskShape shape() const override {
    const std::size_t longest = *std::max_element(lengths_.begin(), lengths_.end());
    return {.vocabulary = 2, .classes = 2, .length = longest, .target_length = longest, .in_place = true};
  }
  std::optional<std::uint64_t> examples(Split) const override { return lengths_.size(); }
  void example(const ExampleRequest& request, Example& example) const override {
    example.clear();
    example.size = lengths_.at(request.index);
    example.input.assign(example.size, 1);
    example.target.assign(example.size, 0);
    most_at_once = std::max(most_at_once, ++made_);
  }
  std::string token_text(std::int32_t id) const override { return std::to_string(id); }
  std::vector<AttentionPattern> patterns() const override { return {{.name = "self", .block = "enc.self"}}; }
  void right_keys(std::size_t, const Example&, std::size_t query, std::vector<std::size_t>& keys) const override {
    made_ = 0;
    keys.push_back(query);
  }

  mutable std::size_t most_at_once = 0;

 private:
  std::vector<std::size_t> lengths_;
  mutable std::size_t made_ = 0;
};

/// Heads that read every position alike: all weights are 0, and so are the scores.
std::unique_ptr<Model> uniform_model() {
  Init init(1);
  auto model = std::make_unique<Model>(
      ModelOptions{.vocabulary = 2, .d_model = 8, .heads = 4, .layers = 2, .positions = Positions::none}, init);
  for (const NamedParameter& parameter : model->parameters()) parameter.tensor.assign(zeros(parameter.tensor.shape()));
  return model;
}

void check_report(const std::vector<std::size_t>& lengths, std::size_t at_once) {
  const Ragged task(lengths);
  const AttentionReport report = report_attention(*uniform_model(), task);
  CHECK(task.most_at_once == at_once);
  REQUIRE(report.sequences == lengths.size());
  REQUIRE(report.scores.size() == 8);
  // A row of a sequence of T positions gives 1 / T to each: T rows with an entropy of log2 T, which have a choice where T is
  // above 1; all of these have a diagonal, and all but the first a previous position.
  double rows = 0, choosing = 0, bits = 0, self = 0, previous = 0, followers = 0;
  for (const std::size_t length : lengths) {
    const auto positions = static_cast<double>(length);
    rows += positions;
    followers += positions - 1;
    previous += (positions - 1) / positions;
    if (length < 2) continue;
    choosing += positions;
    self += 1;
    bits += positions * std::log2(positions);
  }
  for (const HeadScores& head : report.scores) {
    const HeadRoles& roles = head.roles;
    CHECK(roles.rows == static_cast<std::size_t>(rows));
    CHECK(roles.role(Role::self)->mass() == Approx(self / choosing).epsilon(1e-5));
    CHECK(roles.role(Role::previous)->mass() == Approx(previous / followers).epsilon(1e-5));
    CHECK(roles.role(Role::previous)->lift() == Approx(1).epsilon(1e-5));
    CHECK(roles.bits() == Approx(bits / choosing).epsilon(1e-5));
    CHECK(roles.share() == Approx(1).epsilon(1e-5));
    REQUIRE(roles.patterns.size() == 1);
    CHECK(roles.patterns[0]->rows == static_cast<std::size_t>(rows));
    CHECK(roles.patterns[0]->mass() == Approx(static_cast<double>(lengths.size()) / rows).epsilon(1e-5));
  }
  // The mean map: at the first row 1 / T of each sequence, at the last that of the longest ones alone.
  const std::size_t longest = task.shape().length;
  REQUIRE(report.means.size() == 2);
  const double first = std::accumulate(lengths.begin(), lengths.end(), 0.0, [](double sum, std::size_t length) {
    return sum + 1 / static_cast<double>(length);
  });
  for (const AttentionWeights& mean : report.means) {
    REQUIRE(mean.queries == longest);
    CHECK(static_cast<double>(mean.row(0, 3, 0)[0]) == Approx(first / static_cast<double>(lengths.size())));
    CHECK(static_cast<double>(mean.row(0, 3, longest - 1)[longest - 1]) == Approx(1 / static_cast<double>(longest)));
  }
}

}  // namespace

TEST_CASE("Heads are scored on so few sequences at once that their maps stay small, however short the first one is") {
  // 2 layers of 4 heads with 120 * 120 weights each: 9.1 times as many are the 2^20 that are looked at at once.
  std::vector<std::size_t> lengths(20, 120);
  check_report(lengths, 9);
  lengths.front() = 1;
  check_report(lengths, 9);
  for (std::size_t i = 1; i < lengths.size(); i += 3) lengths[i] = 6 * i;
  check_report(lengths, 9);
  // One sequence of 512 positions has more than that already.
  lengths.assign(5, 512);
  lengths.front() = 2;
  check_report(lengths, 1);
}

TEST_CASE("The map of a head says which cells the mask hides, as the page and the exports of recorded maps do") {
  const auto maps_of = [](const std::string& task, const std::string& model) {
    const testing::Built built = testing::built_from(task, model);
    const AttentionLook look = look_at(*built.model, *built.task, held_out_example(*built.task, 0));
    std::vector<std::pair<std::string, AttentionMap>> maps;
    for (const AttentionWeights& layer : look.layers) {
      maps.emplace_back(layer.path, make_map(head_map(layer, 0, 0), {layer, 0, 0},
                                             {.run = "r", .step = 2, .input = "i"}, *built.model, *built.task, &look));
    }
    return maps;
  };
  const auto check_causal = [](const AttentionMap& map, std::size_t window) {
    REQUIRE(map.hidden.size() == map.rows * map.cols);
    for (std::size_t query = 0; query < map.rows; ++query) {
      for (std::size_t key = 0; key < map.cols; ++key) {
        const bool seen = key <= query && key + window > query;
        CHECK(map.kind(query, key) == (seen ? CellKind::kWeight : CellKind::kHidden));
        if (!seen) CHECK(map.weight(query, key) == 0);
      }
    }
  };
  // One layer of each block: the encoder's, which hides nothing, the decoder's own, and the one that reads the source.
  const auto two =
      maps_of(R"({"type": "copy"})",
              R"({"arch": "encoder-decoder", "encoder_layers": 1, "decoder_layers": 1, "d_model": 8, "heads": 2})");
  REQUIRE(two.size() == 3);
  for (const auto& [path, map] : two) {
    INFO(path);
    const bool causal = path.find("decoder") != std::string::npos && path.find("cross") == std::string::npos;
    if (causal) {
      check_causal(map, map.cols);
    } else {
      CHECK(map.hidden.empty());
    }
  }
  const auto one = maps_of(R"({"type": "induction"})",
                           R"({"arch": "decoder", "layers": 1, "d_model": 8, "heads": 2, "attention": {"window": 3}})");
  REQUIRE(one.size() == 1);
  check_causal(one.front().second, 3);
}
