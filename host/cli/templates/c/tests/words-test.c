/* Runs on this machine, without wasgi. */

#undef NDEBUG
#include "../src/words.h"

#include <assert.h>
#include <stdio.h>

int main(void) {
  assert(words(" to be\nor not ") == 4);
  assert(words("to") == 1);
  assert(words(" \n") == 0);
  assert(words("") == 0);
  puts("passed");
}
