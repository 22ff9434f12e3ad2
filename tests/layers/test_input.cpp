// What models read: token ids or vectors.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "layers/embedding.h"
#include "layers/vector_input.h"
#include "tests/common/arrays.h"

using namespace headlight;
using headlight::testing::drawn;
using headlight::testing::tokens;

TEST_CASE("an input stage reads what it was built for") {
  Init init(1);
  Embedding embedding({.vocabulary = 4, .width = 3}, init);
  VectorInput dense({.features = 2, .width = 3}, init);
  const Tokens ids = tokens({2, 2}, {0, 3, 1, 2});
  const Tensor vectors(drawn({2, 4, 2}, -1, 1, 1));
  std::vector<InputStage*> stages{&embedding, &dense};
  CHECK(same_bytes((*stages[0])(ids, {}).value(), embedding(ids).value()));
  CHECK((*stages[1])(vectors, {}).shape() == Shape{2, 4, 3});
  CHECK_THROWS_WITH((*stages[0])(vectors, {}),
                    "input: the model reads token ids, and was given vectors; vectors (2, 4, 2); give it ids (B, T), "
                    "or build it for vectors");
  CHECK_THROWS_WITH((*stages[1])(ids, {}),
                    "input: the model reads vectors, and was given token ids; ids (2, 2); give it (B, T, F), or build "
                    "it for tokens");
}

TEST_CASE("an input knows its batch and its length") {
  const ModelInput ids(tokens({2, 3}, {0, 0, 0, 0, 0, 0}));
  CHECK(ids.is_tokens());
  CHECK(ids.batch() == 2);
  CHECK(ids.length() == 3);
  const ModelInput vectors(Tensor(zeros({4, 5, 6})));
  CHECK_FALSE(vectors.is_tokens());
  CHECK(vectors.batch() == 4);
  CHECK(vectors.length() == 5);
  CHECK_THROWS_WITH(ModelInput(tokens({3}, {0, 0, 0})).batch(), "input: token ids must be (B, T); (3)");
  CHECK_THROWS_WITH(ModelInput(Tensor(zeros({3, 2}))).length(), "input: vectors must be (B, T, F); (3, 2)");
}

TEST_CASE("misuse of a vector input is named") {
  Init init(1);
  CHECK_THROWS_WITH(VectorInput({.features = 0, .width = 3}, init),
                    "vector_input: features and width must be at least 1; features 0, width 3");
  CHECK_THROWS_WITH(VectorInput({.features = 3, .width = 0}, init),
                    "vector_input: features and width must be at least 1; features 3, width 0");
  VectorInput dense({.features = 2, .width = 3}, init);
  CHECK_THROWS_WITH(dense(Tensor(zeros({2, 4, 3})), {}), "vector_input: vectors must be (B, T, 2); (2, 4, 3)");
  CHECK_THROWS_WITH(dense(Tensor(zeros({4, 2})), {}), "vector_input: vectors must be (B, T, 2); (4, 2)");
}
