// Fisher's iris data (Annals of Eugenics 7, 1936; public domain), as scikit-learn ships it: sepal length and width,
// petal length and width.
#pragma once

#include "tests/support/rows.h"

namespace clientele::test {

/// 150 x 4, in centimetres.
Matrix iris();
/// 0 setosa, 1 versicolor, 2 virginica: 50 each.
std::vector<int32_t> iris_species();

}  // namespace clientele::test
