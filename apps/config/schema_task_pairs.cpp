// Keys of single tasks: copy, sort, addition, modular, induction.
#include <nlohmann/json.hpp>

#include "apps/config/field.h"
#include "apps/config/schema_rows.h"

namespace headlight::config::schema {

namespace {

using C = Config;
using Task = TaskConfig;

}  // namespace

std::vector<Key> pairs_task_rows() {
  const Condition addition = only_for("type", {"addition"});
  const Condition modular = only_for("type", {"modular"});
  const Condition induction = only_for("type", {"induction"});
  return {
      {.path = "task.first",
       .type = integer(1, 1e6),
       .fallback = absent("any symbol comes first, and the answer stands between marks"),
       .doc =
           "the symbol that all sequences begin with; symbols are then 1 to `symbols`, 0 stays free for padding, and "
           "the decoder of an encoder-decoder begins with that symbol and has no end mark",
       .field = at(&C::task, &Task::first),
       .only = only_for("type", {"copy"})},
      {.path = "task.hash_split",
       .type = number({.from = 0.01, .to = 0.99}),
       .fallback = is(0.25),
       .doc = "share of all inputs that are held out, by a hash of the input",
       .field = at(&C::task, &Task::hash_split),
       .only = only_for("type", {"sort"})},
      {.path = "task.digits",
       .type = integer(1, 9),
       .fallback = is(2),
       .doc = "decimal digits of each summand; the sum has one more",
       .field = at(&C::task, &Task::addition, &AdditionConfig::digits),
       .only = addition},
      {.path = "task.order",
       .type = choice<DigitOrder>({{"plain", DigitOrder::kPlain}, {"reversed", DigitOrder::kReversed}}),
       .fallback = is("plain"),
       .doc = "the digits of the sum from the highest to the lowest, or the other way round, as carries go",
       .field = at(&C::task, &Task::addition, &AdditionConfig::order),
       .only = addition},
      {.path = "task.signs",
       .type = boolean(),
       .fallback = derived("true with order \"reversed\"",
                           [](const C& c) { return c.task.addition.order == DigitOrder::kReversed; }),
       .doc = "write + between the summands and = behind them, rather than their digits alone",
       .field = at(&C::task, &Task::addition, &AdditionConfig::signs),
       .only = addition},
      {.path = "task.op",
       .type = choice<ModularOp>({{"+", ModularOp::kAdd},
                                  {"-", ModularOp::kSubtract},
                                  {"*", ModularOp::kMultiply},
                                  {"/", ModularOp::kDivide},
                                  {"x2+xy+y2", ModularOp::kQuadratic}}),
       .fallback = is("+"),
       .doc = "what is computed of the two operands, modulo `p`; a division needs a prime `p`",
       .field = at(&C::task, &Task::modular, &ModularConfig::op),
       .only = modular},
      {.path = "task.p",
       .type = integer(2, 4096),
       .fallback = is(113),
       .doc = "the modulus; operands and results are 0 to p - 1",
       .field = at(&C::task, &Task::modular, &ModularConfig::p),
       .only = modular},
      {.path = "task.fraction",
       .type = number({.above = 0, .below = 1}),
       .fallback = is(0.3),
       .doc = "share of all pairs of operands to train on; all others are for the evaluation",
       .field = at(&C::task, &Task::modular, &ModularConfig::fraction),
       .only = modular},
      {.path = "task.block",
       .type = integer(2, 4096),
       .fallback = is(16),
       .doc = "tokens of the block that is repeated",
       .field = at(&C::task, &Task::induction, &InductionConfig::block),
       .only = induction},
      {.path = "task.repeats",
       .type = integer(2, 4096),
       .fallback = is(3),
       .doc = "how often the block stands in a sequence, once in each of so many equal parts; the first copy is not "
              "predicted, nor is the first token of the others",
       .field = at(&C::task, &Task::induction, &InductionConfig::repeats),
       .only = induction},
  };
}

}  // namespace headlight::config::schema
