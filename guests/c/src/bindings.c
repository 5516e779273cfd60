/*
 * bindings.c: the contract's generated functions, with this library's memory in place of that of C.
 */

#include <stdlib.h>

#include "call.h"

/* What it frees was made by `cabi_realloc`, or handed to the host by this library. */
#define free wasgi_release
#include "application.inc"
