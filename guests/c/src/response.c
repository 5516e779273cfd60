/*
 * response.c: what an application says of its response, and the log.
 *
 * Owns what was written until the host takes it.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

/* Bytes of a formatted line for the log; longer ones are cut. */
enum { LINE_SIZE = 1000 };

/* Fails for want of memory. The text is static: there is no memory for another. */
static int no_memory(wasgi_response *response) {
  response->has_failed = true;
  return -1;
}

void wasgi_set_status(wasgi_response *response, int status) { response->status = status; }

/* What an empty text points to. */
static uint8_t nothing[1];

static int add(wasgi_response *response, fields *fields, wasgi_field field) {
  if (response->has_failed) return -1;
  if (fields->list.len == fields->capacity) {
    size_t capacity = fields->capacity == 0 ? 8 : 2 * fields->capacity;
    size_t field_size = sizeof *fields->list.ptr;
    void *larger =
        wasgi_allocate(fields->list.ptr, fields->list.len * field_size, capacity * field_size);
    if (larger == NULL) return no_memory(response);
    fields->list.ptr = larger;
    fields->capacity = capacity;
  }
  /* The generated code frees nothing that is empty. */
  uint8_t *name = field.name_size == 0 ? nothing : wasgi_allocate(NULL, 0, field.name_size);
  uint8_t *value =
      field.value_size == 0 ? nothing : wasgi_allocate(NULL, 0, field.value_size);
  if (name == NULL || value == NULL) {
    if (field.name_size != 0) wasgi_release(name);
    if (field.value_size != 0) wasgi_release(value);
    return no_memory(response);
  }
  memcpy(name, field.name, field.name_size);
  memcpy(value, field.value, field.value_size);
  wasgi_gateway_types_field_t *added = &fields->list.ptr[fields->list.len++];
  added->f0 = (application_string_t){name, field.name_size};
  added->f1 = (application_list_u8_t){value, field.value_size};
  return 0;
}

static wasgi_field of_texts(const char *name, const char *value) {
  return (wasgi_field){name, strlen(name), value, strlen(value)};
}

int wasgi_add_header(wasgi_response *response, const char *name, const char *value) {
  return add(response, &response->headers, of_texts(name, value));
}

int wasgi_add_header_field(wasgi_response *response, wasgi_field field) {
  return add(response, &response->headers, field);
}

int wasgi_announce_trailers(wasgi_response *response, const char *names) {
  response->has_trailers = true;
  return wasgi_add_header(response, "trailer", names);
}

int wasgi_add_trailer(wasgi_response *response, const char *name, const char *value) {
  return add(response, &response->trailers, of_texts(name, value));
}

int wasgi_add_trailer_field(wasgi_response *response, wasgi_field field) {
  return add(response, &response->trailers, field);
}

/* Room for `size` more bytes of the body, or NULL. */
static uint8_t *room(wasgi_response *response, size_t size) {
  if (response->has_failed) return NULL;
  if (size > response->capacity - response->size) {
    size_t twice = 2 * response->capacity;
    size_t wanted = response->size + size;
    if (wanted < size) return NULL;
    wanted = wanted > twice ? wanted : twice;
    uint8_t *larger = wasgi_allocate(response->written, response->size, wanted);
    if (larger == NULL) return NULL;
    response->written = larger;
    response->capacity = wanted;
  }
  return response->written + response->size;
}

int wasgi_write(wasgi_response *response, const void *bytes, size_t size) {
  if (size == 0) return 0;
  uint8_t *place = room(response, size);
  if (place == NULL) return no_memory(response);
  memcpy(place, bytes, size);
  response->size += size;
  return 0;
}

int wasgi_puts(wasgi_response *response, const char *text) {
  return wasgi_write(response, text, strlen(text));
}

int wasgi_printf(wasgi_response *response, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int size = vsnprintf(NULL, 0, format, arguments);
  /* It writes a NUL, which the next text goes over. */
  uint8_t *place = size < 0 ? NULL : room(response, (size_t)size + 1);
  if (place != NULL) {
    vsnprintf((char *)place, (size_t)size + 1, format, again);
    response->size += (size_t)size;
  }
  va_end(again);
  va_end(arguments);
  return place == NULL ? no_memory(response) : 0;
}

int wasgi_reply(wasgi_response *response, int status, const char *content_type, const char *text) {
  wasgi_set_status(response, status);
  int added = wasgi_add_header(response, "content-type", content_type);
  return added != 0 ? added : wasgi_puts(response, text);
}

int wasgi_refuse(wasgi_response *response, int error) {
  int status = error == WASGI_TOO_LARGE ? 413 : error == WASGI_TIMED_OUT ? 408 : 400;
  response->size = 0;
  wasgi_reply(response, status, "text/plain; charset=utf-8", wasgi_error_text(error));
  return wasgi_puts(response, "\n");
}

int wasgi_fail(wasgi_response *response, const char *text) {
  response->has_failed = true;
  application_string_free(&response->error);
  application_string_dup(&response->error, text);
  return -1;
}

int wasgi_failf(wasgi_response *response, const char *format, ...) {
  char text[LINE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return wasgi_fail(response, size < 0 ? "" : text);
}

void wasgi_stream(wasgi_response *response, wasgi_body *body, void *state, void (*close)(void *)) {
  response->body = body;
  response->state = state;
  response->close = close;
}

application_list_u8_t wasgi_take_written(wasgi_response *response) {
  application_list_u8_t written = {response->written, response->size};
  if (written.len == 0) wasgi_release(response->written);
  response->written = NULL;
  response->size = response->capacity = 0;
  return written;
}

void wasgi_take_error(wasgi_response *response, application_string_t *error) {
  if (response->error.len == 0) {
    application_string_dup(&response->error,
                           response->has_failed ? "the application has no memory left"
                                                : "the application failed and did not say why");
  }
  *error = response->error;
  response->error = (application_string_t){0};
}

void wasgi_close_response(wasgi_response *response) {
  if (response->close != NULL) response->close(response->state);
  wasgi_release(response->written);
  exports_wasgi_gateway_app_list_field_free(&response->headers.list);
  exports_wasgi_gateway_app_list_field_free(&response->trailers.list);
  application_string_free(&response->error);
}

void wasgi_log(const char *text) {
  char line[LINE_SIZE];
  size_t size = strnlen(text, sizeof line - 1);
  memcpy(line, text, size);
  line[size++] = '\n';
  /* In one piece, so that no other line comes between. If the log does not take it, nobody can be
   * told. */
  (void)!write(STDERR_FILENO, line, size);
}

void wasgi_logf(const char *format, ...) {
  char text[LINE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (size >= 0) wasgi_log(text);
}
