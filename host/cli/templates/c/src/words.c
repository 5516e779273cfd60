#include "words.h"

#include <string.h>

size_t words(const char *text) {
  static const char between[] = " \t\r\n";
  size_t count = 0;
  while (*(text += strspn(text, between)) != '\0') {
    text += strcspn(text, between);
    count++;
  }
  return count;
}
