// What is declared, what is measured, and the reason given for each check that is left out.
#include <catch2/catch.hpp>

#include "apps/check/check.h"
#include "apps/check/model_subject.h"
#include "apps/config/read.h"
#include "autograd/ops.h"
#include "core/error.h"
#include "layers/dense.h"
#include "layers/multi_head_attention.h"
#include "layers/registry.h"
#include "layers/sequential.h"

using namespace headlight;

namespace {

/// A layer that a function computes, without parameters.
class Computed : public Layer {
 public:
  using Function = std::function<Tensor(const Tensor& x, const Context& context)>;
  explicit Computed(Function f) : f_(std::move(f)) {}
  Tensor forward(const Tensor& x, const Context& context) override { return f_(x, context); }

 private:
  Function f_;
};

/// x - running mean, which moves while training; as a declared buffer, or as a member that nobody saves.
class Running : public Layer {
 public:
  explicit Running(bool declared) : mean_(declared ? buffer("mean", zeros({8})) : Tensor(zeros({8}))) {}
  Tensor forward(const Tensor& x, const Context& context) override {
    if (context.training) mean_.assign(mean(x.detach(), {.axes = {0, 1}}).value());
    return context.training ? x : x - mean_.detach();
  }

 private:
  Tensor mean_;
};

CheckReport report_on(const Computed::Function& f, const Promises& promises = {}) {
  return check_layer([&](Init&) { return std::make_unique<Computed>(f); }, {.promises = promises});
}

/// y_t = x_t + x_{t-1}.
Tensor shifted_sum(const Tensor& x, const Context&) {
  const auto length = static_cast<std::ptrdiff_t>(x.extent(1));
  const Tensor before = slice(x, {.axis = 1, .begin = 0, .end = length - 1});
  return x + pad(before, {{0, 0}, {1, 0}, {0, 0}});
}

Tensor mean_over_time(const Tensor& x, const Context&) { return x + mean(x, {.axes = {1}, .keep_dims = true}); }

/// x + the mean over time, whatever the mask: an encoder's layer that counts padding.
const RegisterLayer mean_of_all{"mean_of_all",
                                [](const LayerConfig&, Init&) { return std::make_unique<Computed>(mean_over_time); }};

/// What a mean over the members does in place of one over time.
const RegisterLayer mean_of_members{"mean_of_members", [](const LayerConfig&, Init&) {
                                      return std::make_unique<Computed>([](const Tensor& x, const Context&) {
                                        return x - mean(x, {.axes = {0}, .keep_dims = true});
                                      });
                                    }};

/// The report on an encoder-decoder with this layer at the end of its encoder.
CheckReport report_on_encoder_with(const std::string& layer) {
  const std::string attention = R"({"type": "multi_head_attention", "d_model": 8, "heads": 2)";
  const std::string text = R"({"task": {"type": "reverse", "symbols": 3, "length": 6}, "trainer": {"steps": 1},
    "model": {"arch": "encoder-decoder", "d_model": 8, "encoder_blocks": [
        {"type": "residual", "width": 8, "body": )" +
                           attention + R"(}}, {"type": ")" + layer + R"("}], "blocks": [
        {"type": "block", "width": 8, "steps": [)" +
                           attention + R"(, "name": "attention"}, )" + attention +
                           R"(, "name": "cross", "cross": true}]}]}})";
  return check_subject(
      model_subject(config::read_config_text({{.name = "a.json", .text = text, .directory = {}}}).config));
}

Verdict verdict(const CheckReport& report, const char* row) {
  INFO(to_string(report));
  return report.row(row).verdict;
}

}  // namespace

TEST_CASE("a layer that is found to be causal by itself needs no mask") {
  const CheckReport report = report_on(shifted_sum);
  INFO(to_string(report));
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"cache"});
  CHECK(report.facts.back() == "output t may read inputs 0 to t, whatever the mask (measured)");
  CHECK(report.row("leak: no mask").figure == "39 of 84 allowed pairs, no other");
  CHECK(report.row("leak: causal").figure ==
        "it is causal by itself; declare Reach::mask if it shall keep to masks as well");
  // Right padding is out of its sight, so this applies.
  CHECK(verdict(report, "padding") == Verdict::passed);
}

TEST_CASE("the same layer declared to keep to masks fails where it does not") {
  const CheckReport report = report_on(shifted_sum, {.reach = Reach::mask, .attention_layers = 1});
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"leak: allow", "cache"});
}

TEST_CASE("a layer that mixes positions must keep to masks unless it is declared to read the whole sequence") {
  CHECK(report_on(mean_over_time).rows_with(Verdict::failed) ==
        std::vector<std::string>{"leak: causal", "leak: padding", "leak: window", "leak: allow", "padding"});
  const CheckReport declared = report_on(mean_over_time, {.reach = Reach::sequence});
  INFO(to_string(declared));
  CHECK(declared.passed());
  CHECK(declared.row("leak: causal").figure == "declared to read the whole sequence, whatever the mask");
  CHECK(verdict(declared, "padding") == Verdict::not_applicable);
}

TEST_CASE("masks that are declared not to be obeyed are left out, with the reason") {
  const CheckReport report =
      report_on(shifted_sum, {.reach = Reach::mask, .obeys = {.window = false, .allow = false}, .causal = true});
  INFO(to_string(report));
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"cache"});
  CHECK(report.row("leak: window").figure == "declared not to take such masks, or not to keep to them");
  CHECK(report.row("leak: causal").figure == "39 of 84 allowed pairs, no other");
}

TEST_CASE("declarations that do not hold are failures") {
  const CheckReport position = report_on(mean_over_time, {.reach = Reach::position});
  CHECK_THAT(position.row("leak: no mask").figure, Catch::StartsWith("other positions are read"));
  const CheckReport causal = report_on(mean_over_time, {.reach = Reach::sequence, .causal = true});
  CHECK_THAT(causal.row("leak: no mask").figure, Catch::StartsWith("later inputs are read"));
  const CheckReport width = report_on([](const Tensor& x, const Context&) { return x; }, {.output_width = 6});
  CHECK(width.row("shapes").figure == "(B, T, 8) instead of the declared width 6");
}

TEST_CASE("statistics of the batch are allowed while training where they are declared") {
  const auto centred = [](const Tensor& x, const Context& context) {
    return context.training ? x - mean(x, {.axes = {0, 1}, .keep_dims = true}) : x;
  };
  CHECK(report_on(centred).rows_with(Verdict::failed) ==
        std::vector<std::string>{"leak: no mask", "leak: causal", "leak: padding", "leak: window", "leak: allow",
                                 "batch", "padding", "training mode"});
  // These statistics count padding, which no declaration of statistics excuses.
  CHECK(report_on(centred, {.batch_statistics = true}).rows_with(Verdict::failed) ==
        std::vector<std::string>{"padding"});
  const CheckReport declared = report_on(centred, {.obeys = {.padding = false}, .batch_statistics = true});
  INFO(to_string(declared));
  CHECK(declared.passed());
  CHECK_THAT(declared.row("leak: causal").figure, Catch::EndsWith("(evaluation only)"));
  CHECK(declared.row("training mode").figure == "declared to use statistics of the batch while training");
}

TEST_CASE("running statistics must be saved: a buffer is, a member of another kind is not") {
  const auto report = [](bool declared) {
    return check_layer([declared](Init&) { return std::make_unique<Running>(declared); },
                       {.promises = {.obeys = {.padding = false}, .batch_statistics = true}});
  };
  INFO(to_string(report(true)));
  CHECK(report(true).passed());
  CHECK(report(false).rows_with(Verdict::failed) == std::vector<std::string>{"save and load"});
}

TEST_CASE("of an encoder-decoder the source is varied too, and what stands behind its lengths") {
  const CheckReport good = report_on_encoder_with("activation");
  INFO(to_string(good));
  CHECK(good.passed());
  CHECK(good.row("leak: memory").verdict == Verdict::passed);
  CHECK_THAT(good.facts.front(), Catch::Contains("source ids (B, Ts) below"));

  const CheckReport padding = report_on_encoder_with("mean_of_all");
  INFO(to_string(padding));
  CHECK(padding.rows_with(Verdict::failed) == std::vector<std::string>{"leak: memory", "padding"});
  CHECK_THAT(padding.row("leak: memory").figure, Catch::StartsWith("padding: output 0 of member 1 reads position 4"));
  CHECK_THAT(padding.row("leak: memory").advice, Catch::Contains("each layer of the encoder"));
  CHECK_THAT(padding.row("padding").figure,
             Catch::Contains("changes with what stands behind the lengths of the memory"));

  const CheckReport members = report_on_encoder_with("mean_of_members");
  INFO(to_string(members));
  CHECK_THAT(members.row("leak: memory").figure, Catch::Contains("of member 0 reads input 0 of member 1"));
}

TEST_CASE("a layer that runs step by step must keep to the cache, refuse it, or read its own position alone") {
  // Causal by itself, and it knows no cache: step 1 alone has no position before it.
  const CheckReport ignored = report_on(shifted_sum);
  CHECK_THAT(ignored.row("cache").figure, Catch::StartsWith("the cache is ignored: step 1 alone gives other outputs"));
  CHECK_THAT(ignored.row("cache").advice, Catch::Contains("throw StateError when context.offset is above 0"));
  const CheckReport refused = report_on([](const Tensor& x, const Context& context) {
    if (context.offset > 0) raise<StateError>("mine", "nothing is kept");
    return shifted_sum(x, context);
  });
  CHECK(refused.row("cache").figure == "it refuses to run with a cache: mine: nothing is kept");
  CHECK(refused.row("cache").verdict == Verdict::not_applicable);
  const CheckReport alone = report_on([](const Tensor& x, const Context&) { return x * x; });
  CHECK(alone.row("cache").verdict == Verdict::passed);
  const CheckReport looking = report_on(mean_over_time, {.reach = Reach::sequence});
  CHECK(looking.row("cache").figure == "its outputs may read later inputs, so it cannot run step by step");
}

TEST_CASE("the layer inside that ignores the cache is named") {
  const CheckReport report = check_layer(
      [](Init& init) {
        std::vector<NamedLayer> layers;
        layers.push_back(
            {"attention",
             std::make_unique<MultiHeadAttention>(MultiHeadAttentionOptions{.d_model = 8, .heads = 2}, init)});
        layers.push_back({"shift", std::make_unique<Computed>(shifted_sum)});
        layers.push_back({"dense", std::make_unique<Dense>(8, 8, init)});
        return std::make_unique<Sequential>(std::move(layers));
      },
      {.promises = {.obeys = {.window = false, .allow = false}}});
  INFO(to_string(report));
  CHECK_THAT(report.row("cache").figure, Catch::Contains("gives other outputs than the whole sequence in `shift`"));
}

TEST_CASE("one output per sequence may read all of it, but nothing behind its length") {
  const auto last = [](const Tensor& x, const Context&) { return mean(x, {.axes = {1}}); };
  const CheckReport report = report_on(last);
  CHECK(report.facts.back() == "one output per sequence, without a time axis");
  CHECK(report.row("shapes").figure.rfind("(B, 8)", 0) == 0);
  CHECK(report.row("leak: causal").figure == "there is one output per sequence, so it may read all of it");
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"leak: padding", "padding"});
  const auto masked = [](const Tensor& x, const Context& context) {
    const auto lengths = context.mask.lengths();
    Array weights = full({x.extent(0), 1, x.extent(1)}, 1 / static_cast<Real>(x.extent(1)));
    for (std::size_t i = 0; lengths && i < weights.size(); ++i) {
      const std::size_t length = (*lengths)[i / x.extent(1)];
      const bool inside = i % x.extent(1) < length;
      weights.data()[i] = inside ? 1 / static_cast<Real>(length) : Real{0};
    }
    return matmul(Tensor(weights), x);
  };
  const CheckReport kept = report_on(masked);
  INFO(to_string(kept));
  CHECK(kept.passed());
}

TEST_CASE("a subject that cannot be called has one row that says why, and no other is left unsaid") {
  const CheckReport report =
      report_on([](const Tensor&, const Context&) -> Tensor { raise<ShapeError>("mine", "never"); });
  CHECK(report.rows_with(Verdict::failed) == std::vector<std::string>{"shapes", "finite", "callable"});
  CHECK_THAT(report.row("callable").advice, Catch::Contains("the checks behind this one were not run"));
}

TEST_CASE("an output that is not (B, ...) is refused by name") {
  const CheckReport report = report_on([](const Tensor& x, const Context&) { return transpose(x, 0, 1); });
  CHECK_THAT(report.row("shapes").figure, Catch::Contains("follows neither B nor T"));
  CHECK_THAT(report.row("callable").figure, Catch::Contains("the first axis of the output is not the batch"));
}

TEST_CASE("short sequences are enough for every check") {
  for (const std::size_t longest : {2U, 3U, 4U}) {
    const CheckReport report = check_layer([](Init& init) { return std::make_unique<Dense>(8, 4, init); },
                                           {.max_length = longest, .promises = {.equivariant = true}});
    INFO(to_string(report));
    CHECK(report.passed());
    CHECK(report.row("shapes").figure.rfind("(B, T, 4)", 0) == 0);
    CHECK(verdict(report, "permutation") == Verdict::passed);
  }
}

TEST_CASE("sequences of one position leave nothing to hide") {
  const CheckReport report =
      check_layer([](Init& init) { return std::make_unique<Dense>(8, 8, init); }, {.max_length = 1});
  INFO(to_string(report));
  CHECK(report.passed());
  CHECK(report.row("leak: causal").figure == "sequences of one position have nothing to hide");
}

TEST_CASE("options that cannot be are refused") {
  const auto make = [](Init& init) { return std::make_unique<Dense>(8, 8, init); };
  CHECK_THROWS_AS(check_layer(make, {.width = 0}), ConfigError);
  CHECK_THROWS_AS(check_layer(make, {.max_length = 0}), ConfigError);
}

TEST_CASE("the same subject gives the same report") {
  const auto make = [](Init& init) {
    return std::make_unique<MultiHeadAttention>(MultiHeadAttentionOptions{.d_model = 8, .heads = 2, .dropout = 0.1},
                                                init);
  };
  const CheckReport one = check_layer(make);
  const CheckReport two = check_layer(make);
  REQUIRE(one.rows.size() == two.rows.size());
  for (std::size_t i = 0; i < one.rows.size(); ++i) CHECK(one.rows[i].figure == two.rows[i].figure);
}
