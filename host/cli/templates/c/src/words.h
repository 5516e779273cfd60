#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

/* How many words a text has: what stands between spaces and ends of lines. */
size_t words(const char *text);

#endif
