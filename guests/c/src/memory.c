/*
 * memory.c: memory for what goes between the host and this guest.
 *
 * Owns a block that most requests fit into, and that is there when an instance begins: an allocator
 * would let the memory grow first, which costs more than all else that a small request does. What
 * does not fit is the allocator's.
 */

#include <stdlib.h>
#include <string.h>

#include "call.h"

/* The head of a request has some 2 KiB, and at most 64. */
enum { BLOCK_SIZE = 32 * 1024, ALIGNMENT = 8 };

static _Alignas(ALIGNMENT) uint8_t block[BLOCK_SIZE];

/* How much of the block is taken, where its last piece begins, and how many pieces are in use. */
static struct {
  size_t taken;
  uint8_t *last;
  size_t pieces;
} use;

static bool is_in_block(const void *memory) {
  return (uintptr_t)memory >= (uintptr_t)block && (uintptr_t)memory < (uintptr_t)(block + BLOCK_SIZE);
}

/* A piece of the block, or NULL if it has no room. */
static void *take(size_t size) {
  if (size > BLOCK_SIZE - use.taken) return NULL;
  use.last = block + use.taken;
  use.taken += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  use.pieces++;
  return use.last;
}

void *wasgi_allocate(void *old, size_t old_size, size_t size) {
  if (old != NULL && !is_in_block(old)) return realloc(old, size);
  if (old != NULL && old == use.last && size <= BLOCK_SIZE - (size_t)(use.last - block)) {
    use.taken = (size_t)(use.last - block);
    use.pieces--;
    return take(size);
  }
  void *memory = take(size);
  if (memory == NULL) memory = malloc(size);
  if (memory != NULL && old != NULL) {
    memcpy(memory, old, old_size < size ? old_size : size);
    wasgi_release(old);
  }
  return memory;
}

void wasgi_release(void *memory) {
  if (memory == NULL) return;
  if (!is_in_block(memory)) {
    free(memory);
    return;
  }
  if (memory == use.last) {
    use.taken = (size_t)(use.last - block);
    use.last = NULL;
  }
  /* Between two requests nothing is in use, and all of it is free again. */
  if (--use.pieces == 0) {
    use.taken = 0;
    use.last = NULL;
  }
}

/* Where the bytes of the body go that are being read. */
static struct {
  void *buffer;
  size_t size;
} target;

void wasgi_aim(void *buffer, size_t size) {
  target.buffer = buffer;
  target.size = size;
}

/* Memory for what the host hands over. Texts have room for the NUL that C wants after them, and the
 * bytes of a body go where they are wanted. */
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size,
                                                                   size_t align, size_t size) {
  if (size == 0) return (void *)align;
  if (align == 1 && old == NULL && size <= target.size) {
    target.size = 0;
    return target.buffer;
  }
  size_t end = align == 1 ? 1 : 0;
  uint8_t *memory = size <= SIZE_MAX / 2 ? wasgi_allocate(old, old_size, size + end) : NULL;
  if (memory == NULL) abort();
  if (end != 0) memory[size] = 0;
  return memory;
}
