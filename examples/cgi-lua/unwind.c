#include <setjmp.h>

int is_unwinding = 0;

void unwind(void) {
  /* Functions leave here what they would need to go on, which none of them ever does. */
  static char frames[256 * 1024];
  static struct {
    void *next, *end;
  } kept;
  kept.next = frames;
  kept.end = frames + sizeof frames;
  is_unwinding = 1;
  asyncify_start_unwind(&kept);
}
