// write_read_seeds FOLDER: the readers' seed corpus.
#include "tests/fuzz/read_seeds.h"

int main(int count, char** arguments) {
  if (count != 2) return 2;
  clientele::test::write_read_seeds(arguments[1]);
  return 0;
}
