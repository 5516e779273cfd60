/* The behaviours with bodies that are pulled. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app.h"

static int echo_next(wasgi_response *response, void *state) {
  wasgi_request *request = state;
  static char buffer[64 * 1024];
  ptrdiff_t size = wasgi_read(request, buffer, sizeof buffer);
  if (size < 0) return wasgi_fail(response, wasgi_error_text((int)size));
  if (size > 0) return wasgi_write(response, buffer, (size_t)size) == 0 ? WASGI_MORE : -1;
  const wasgi_field *fields;
  size_t count;
  int error = wasgi_read_trailers(request, &fields, &count);
  if (error != 0) return wasgi_fail(response, wasgi_error_text(error));
  for (size_t i = 0; i < count; i++) wasgi_add_trailer_field(response, fields[i]);
  return WASGI_END;
}

int echo(wasgi_request *request, wasgi_response *response) {
  const char *type = wasgi_header(request, "content-type");
  if (type != NULL) wasgi_add_header(response, "content-type", type);
  const char *announced = wasgi_header(request, "trailer");
  if (announced != NULL) wasgi_announce_trailers(response, announced);
  wasgi_stream(response, echo_next, request, NULL);
  return 0;
}

int length(wasgi_request *request, wasgi_response *response) {
  char *body;
  size_t size;
  int error = wasgi_read_all(request, (size_t)parameter(request, "max", 1024 * 1024), &body, &size);
  if (error != 0) return wasgi_refuse(response, error);
  int is_text = strlen(body) == size;
  free(body);
  return wasgi_printf(response, "%zu%s", size, is_text ? "" : " with a NUL");
}

/* What a stream has left to send. */
typedef struct {
  long left;
  long done;
  long size;
} progress;

static int start(wasgi_response *response, wasgi_body *body, long left, long size) {
  progress *state = malloc(sizeof *state);
  if (state == NULL) return wasgi_fail(response, "no memory");
  *state = (progress){left, 0, size};
  wasgi_add_header(response, "content-type", "text/plain");
  wasgi_stream(response, body, state, free);
  return 0;
}

static int stream_next(wasgi_response *response, void *state) {
  progress *stream = state;
  if (stream->left-- <= 0) return WASGI_END;
  char line[1024];
  memset(line, 'x', sizeof line);
  for (long left = stream->size; left > 0; left -= (long)sizeof line) {
    wasgi_write(response, line, left < (long)sizeof line ? (size_t)left : sizeof line);
  }
  return WASGI_MORE;
}

int stream(wasgi_request *request, wasgi_response *response) {
  long size = parameter(request, "size", 1024);
  return start(response, stream_next, parameter(request, "chunks", 10), size);
}

static int ticks_next(wasgi_response *response, void *state) {
  progress *ticks = state;
  if (ticks->done == ticks->left) return WASGI_END;
  struct timespec pause = {ticks->size / 1000, ticks->size % 1000 * 1000000};
  nanosleep(&pause, NULL);
  wasgi_printf(response, "tick %ld\n", ticks->done++);
  return WASGI_MORE;
}

int ticks(wasgi_request *request, wasgi_response *response) {
  long pause = parameter(request, "ms", 50);
  return start(response, ticks_next, parameter(request, "count", 3), pause);
}

int trailers(wasgi_request *request, wasgi_response *response) {
  (void)request;
  wasgi_announce_trailers(response, "x-checksum");
  wasgi_add_trailer(response, "x-checksum", "abc");
  return wasgi_reply(response, 200, "text/plain; charset=utf-8", "body\n");
}

static int fail_next(wasgi_response *response, void *state) {
  (void)state;
  return wasgi_fail(response, "told to fail");
}

int fail_mid_body(wasgi_request *request, wasgi_response *response) {
  (void)request;
  wasgi_reply(response, 200, "text/plain; charset=utf-8", "first\n");
  wasgi_stream(response, fail_next, NULL, NULL);
  return 0;
}
