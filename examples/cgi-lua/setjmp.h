/* How Lua raises errors and leaves coroutines without the setjmp and longjmp of C, which
 * WebAssembly lacks.
 *
 * What Lua needs of them is to return from all functions up to the innermost protected call, and
 * binaryen's `--asyncify` teaches each function to do that. The macros are those that Lua's ldo.c
 * leaves to its users; it finds them here, as it includes <setjmp.h>. */
#ifndef SETJMP_H
#define SETJMP_H

#define ASYNCIFY(name) __attribute__((import_module("asyncify"), import_name(name)))
ASYNCIFY("start_unwind") void asyncify_start_unwind(void *frames);
ASYNCIFY("stop_unwind") void asyncify_stop_unwind(void);

/* Makes all functions return, but for one that calls `asyncify_stop_unwind`. */
void unwind(void);

/* Whether they are about to. */
extern int is_unwinding;

#define luai_jmpbuf int
#define LUAI_THROW(L, c) unwind()
#define LUAI_TRY(L, c, a)   \
  {                         \
    a                       \
  }                         \
  if (is_unwinding) {       \
    is_unwinding = 0;       \
    asyncify_stop_unwind(); \
  }

#endif
