/*
 * wasgi.h: web applications in C and C++.
 *
 * An application defines one function, `wasgi_app`. It is called once for each request, reads what
 * it wants of the request, and writes its response:
 *
 *     #include "wasgi.h"
 *
 *     int wasgi_app(wasgi_request *request, wasgi_response *response) {
 *         wasgi_add_header(response, "content-type", "text/plain; charset=utf-8");
 *         return wasgi_printf(response, "Hello, %s!\n", request->path);
 *     }
 *
 * What it writes is sent when it returns. An answer that is long, or that comes bit by bit, is
 * made by a function that is called for each piece: see `wasgi_stream`.
 *
 * An instance answers one request at a time, and may answer several, one after the other. Static
 * variables may be there in the next request, or not: do not rely on either.
 * What is written to stdout and stderr goes to the host's log; `getenv` has what the host's
 * manifest grants.
 */

#ifndef WASGI_H
#define WASGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A header or trailer field, or a parameter of the route. Both texts end with a NUL that their
 * sizes do not count. */
typedef struct wasgi_field {
  const char *name;
  size_t name_size;
  const char *value;
  size_t value_size;
} wasgi_field;

/*
 * A request. All of it is there until the response is complete, and goes then.
 *
 * Texts end with a NUL. Paths and the query are as they were sent, percent-encoded; names of header
 * fields are in lower case, and a field that was sent several times stands there several times.
 */
typedef struct wasgi_request {
  /* The method, in the case in which it was sent: `GET`. */
  const char *method;
  /* The scheme that the client used: `http` or `https`. */
  const char *scheme;
  /* The host that the request was for, without a port. It is the client's word. */
  const char *server_name;
  uint16_t server_port;
  /* The part of the path that selects the application (its mount). Empty, or it starts with `/` and
   * does not end with one. */
  const char *script_name;
  /* The rest of the path: what the application routes on. */
  const char *path;
  /* What follows the first `?`. NULL: there is none. */
  const char *query;
  /* `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`. */
  const char *protocol;
  /* The client's IP address. NULL: it came without IP. */
  const char *remote_address;
  uint16_t remote_port;
  /* The TLS session, as in `TLSv1.3` and `TLS_AES_128_GCM_SHA256`. NULL: without TLS. */
  const char *tls_version;
  const char *tls_cipher;
  /* The client's certificate in DER, if the host verified one. NULL: none. */
  const uint8_t *client_certificate;
  size_t client_certificate_size;
  /* The request's name in the host's log. */
  const char *id;
  /* What the parameters of the application's route matched, decoded, in the route's order. */
  const wasgi_field *parameters;
  size_t parameter_count;
  const wasgi_field *headers;
  size_t header_count;
} wasgi_request;

/* A response that is being made. */
typedef struct wasgi_response wasgi_response;

/*
 * The application: define it. Returns 0; anything else means that it failed, and the client gets
 * 502. `return wasgi_fail(response, "why")` says in the log why.
 */
int wasgi_app(wasgi_request *request, wasgi_response *response);

/* --- The request ------------------------------------------------------------------------------ */

/* The value of the first header field of this name, in any case. NULL: there is none. */
const char *wasgi_header(const wasgi_request *request, const char *name);

/* What a parameter of the application's route matched. NULL: it has no such parameter. */
const char *wasgi_parameter(const wasgi_request *request, const char *name);

/* Why the body of a request cannot be read. */
enum {
  /* It is larger than the host's limit or the caller's: 413. */
  WASGI_TOO_LARGE = -1,
  /* The client sent nothing for longer than the host waits: 408. */
  WASGI_TIMED_OUT = -2,
  /* The connection ended before the body did: 400. */
  WASGI_CLOSED = -3,
  /* Anything else; `wasgi_error_text` says what: 400. */
  WASGI_OTHER = -4,
};

/*
 * Waits for bytes of the body and puts `size` of them at most into `buffer`.
 *
 * Returns how many; 0 at the end of the body, and one of the errors above if it cannot be read.
 */
ptrdiff_t wasgi_read(wasgi_request *request, void *buffer, size_t size);

/*
 * Reads the rest of the body, `max` bytes at most, into memory that the caller frees with `free`.
 * A NUL follows it, which `size` does not count.
 *
 * Returns 0, or one of the errors above; then there is nothing to free.
 */
int wasgi_read_all(wasgi_request *request, size_t max, char **body, size_t *size);

/* Reads and discards what is left of the body, and gives the trailer fields that followed it.
 * Returns 0, or one of the errors above. */
int wasgi_read_trailers(wasgi_request *request, const wasgi_field **trailers, size_t *count);

/* One of the errors above in words. */
const char *wasgi_error_text(int error);

/* --- The response ----------------------------------------------------------------------------- */

/*
 * These functions return 0, or -1 if there is no memory left; the response has then failed, and
 * what is called later does nothing. So only who writes much needs to look at what they return.
 */

/* Sets the status, from 200 to 599. Without it: 200. */
void wasgi_set_status(wasgi_response *response, int status);

/* Adds a header field. A second one of the same name is sent as a second one. */
int wasgi_add_header(wasgi_response *response, const char *name, const char *value);
int wasgi_add_header_field(wasgi_response *response, wasgi_field field);

/* Adds bytes, a text, or a formatted text to the body. */
int wasgi_write(wasgi_response *response, const void *bytes, size_t size);
int wasgi_puts(wasgi_response *response, const char *text);
int wasgi_printf(wasgi_response *response, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Answers with a status, the field `content-type`, and a text, in one call. */
int wasgi_reply(wasgi_response *response, int status, const char *content_type, const char *text);

/* Answers with what fits one of the errors of reading: 413, 408 or 400, and a text. Returns 0:
 * `return wasgi_refuse(response, error);` */
int wasgi_refuse(wasgi_response *response, int error);

/* Says in the host's log why the application failed, and returns -1: `return wasgi_fail(...)`. The
 * client gets 502; if it has the head already, it sees that the response is broken off. */
int wasgi_fail(wasgi_response *response, const char *text);
int wasgi_failf(wasgi_response *response, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* --- Bodies that are pulled ------------------------------------------------------------------- */

/* What a `wasgi_body` returns. Anything below 0 means that it failed. */
enum {
  /* The body has ended with what was written. */
  WASGI_END = 0,
  /* There may be more: it wants to be called again. */
  WASGI_MORE = 1,
};

/*
 * Makes the next piece of a body: what it writes to `response` is sent when it returns, and before
 * it is called again. It is called when the client can take more; it may wait, as for the input.
 */
typedef int wasgi_body(wasgi_response *response, void *state);

/*
 * Lets the body be pulled. What was written so far is sent first.
 *
 * `close`, if it is not NULL, is called with `state` once, when no more is wanted: after the end,
 * after a failure, and when the client does not want the body or has left. The host may end the
 * instance instead, so free memory in it and rely on it for nothing else.
 */
void wasgi_stream(wasgi_response *response, wasgi_body *body, void *state, void (*close)(void *));

/* Says that the trailer fields with these names, with commas between them, follow the body. */
int wasgi_announce_trailers(wasgi_response *response, const char *names);

/* Adds a trailer field, at any time before the body has ended. It must have been announced. */
int wasgi_add_trailer(wasgi_response *response, const char *name, const char *value);
int wasgi_add_trailer_field(wasgi_response *response, wasgi_field field);

/* --- The log ---------------------------------------------------------------------------------- */

/* Writes one line to the host's log, a text or a formatted one. What is over 1000 bytes is cut. */
void wasgi_log(const char *text);
void wasgi_logf(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
