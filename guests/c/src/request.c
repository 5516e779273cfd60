/*
 * request.c: what an application has of a request.
 *
 * Owns nothing: it is the call's (`call.c`).
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "call.h"

/* Both are a name and a value, each with its size. */
_Static_assert(sizeof(wasgi_field) == sizeof(wasgi_gateway_types_field_t), "fields differ");
_Static_assert(sizeof(wasgi_field) == sizeof(application_tuple2_string_string_t), "pairs differ");

static const char *text(application_string_t string) {
  return string.len == 0 ? "" : (const char *)string.ptr;
}

void wasgi_open_request(call *call) {
  const exports_wasgi_gateway_app_environ_t *environ = &call->environ;
  wasgi_request *request = &call->request;
  request->method = text(environ->request_method);
  request->scheme = text(environ->url_scheme);
  request->server_name = text(environ->server_name);
  request->server_port = environ->server_port;
  request->script_name = text(environ->script_name);
  request->path = text(environ->path_info);
  request->query = environ->query_string.is_some ? text(environ->query_string.val) : NULL;
  request->protocol = text(environ->server_protocol);
  if (environ->remote.is_some) {
    request->remote_address = text(environ->remote.val.address);
    request->remote_port = environ->remote.val.port;
  }
  if (environ->tls.is_some) {
    request->tls_version = text(environ->tls.val.version);
    request->tls_cipher = text(environ->tls.val.cipher);
    if (environ->tls.val.client_certificate.is_some) {
      request->client_certificate = environ->tls.val.client_certificate.val.ptr;
      request->client_certificate_size = environ->tls.val.client_certificate.val.len;
    }
  }
  request->id = text(environ->request_id);
  request->parameters = (const wasgi_field *)environ->route_parameters.ptr;
  request->parameter_count = environ->route_parameters.len;
  request->headers = (const wasgi_field *)environ->headers.ptr;
  request->header_count = environ->headers.len;
}

static const char *find(const wasgi_field *fields, size_t count, const char *name) {
  size_t size = strlen(name);
  for (size_t i = 0; i < count; i++) {
    if (fields[i].name_size == size && strncasecmp(fields[i].name, name, size) == 0) {
      return fields[i].value_size == 0 ? "" : fields[i].value;
    }
  }
  return NULL;
}

const char *wasgi_header(const wasgi_request *request, const char *name) {
  return find(request->headers, request->header_count, name);
}

const char *wasgi_parameter(const wasgi_request *request, const char *name) {
  return find(request->parameters, request->parameter_count, name);
}

/* The text of the last error that has no code of its own. One request is answered at a time. */
static char other_error[200];

static int code(wasgi_gateway_types_input_error_t *error) {
  switch (error->tag) {
    case WASGI_GATEWAY_TYPES_INPUT_ERROR_TOO_LARGE:
      return WASGI_TOO_LARGE;
    case WASGI_GATEWAY_TYPES_INPUT_ERROR_TIMED_OUT:
      return WASGI_TIMED_OUT;
    case WASGI_GATEWAY_TYPES_INPUT_ERROR_CLOSED:
      return WASGI_CLOSED;
    default:
      break;
  }
  application_string_t other = error->val.other;
  size_t size = other.len < sizeof other_error - 1 ? other.len : sizeof other_error - 1;
  memcpy(other_error, other.ptr, size);
  other_error[size] = 0;
  application_string_free(&other);
  return WASGI_OTHER;
}

const char *wasgi_error_text(int error) {
  switch (error) {
    case WASGI_TOO_LARGE:
      return "the request's body is too large";
    case WASGI_TIMED_OUT:
      return "the request's body did not come in time";
    case WASGI_CLOSED:
      return "the request's body broke off";
    default:
      return other_error;
  }
}

ptrdiff_t wasgi_read(wasgi_request *request, void *buffer, size_t size) {
  wasgi_gateway_types_borrow_input_t input =
      wasgi_gateway_types_borrow_input(((call *)request)->input);
  application_list_u8_t read = {0};
  wasgi_gateway_types_input_error_t error;
  if (size > PTRDIFF_MAX) size = PTRDIFF_MAX;
  wasgi_aim(buffer, size);
  bool is_read = wasgi_gateway_types_method_input_read(input, (uint32_t)size, &read, &error);
  wasgi_aim(NULL, 0);
  if (is_read) return (ptrdiff_t)read.len;
  /* The text of an error may have gone where the bytes were to go, and is not to be freed there. */
  if (error.tag == WASGI_GATEWAY_TYPES_INPUT_ERROR_OTHER && error.val.other.ptr == buffer) {
    application_string_t copy;
    application_string_dup_n(&copy, (const char *)error.val.other.ptr, error.val.other.len);
    error.val.other = copy;
  }
  return code(&error);
}

int wasgi_read_all(wasgi_request *request, size_t max, char **body, size_t *size) {
  size_t capacity = 0, length = 0;
  char *all = NULL;
  for (;;) {
    /* One byte more than what may be there shows that there is more; it is the NUL's in the end. */
    if (capacity - length < 2) {
      size_t wanted = capacity == 0 ? 4096 : 2 * capacity;
      wanted = wanted - 1 > max ? max + 1 : wanted;
      char *larger = wanted > length ? realloc(all, wanted) : NULL;
      if (larger == NULL) break;
      all = larger;
      capacity = wanted;
    }
    ptrdiff_t read = wasgi_read(request, all + length, capacity - length);
    if (read <= 0) {
      if (read < 0) free(all);
      if (read < 0) return (int)read;
      all[length] = 0;
      *body = all;
      *size = length;
      return 0;
    }
    length += (size_t)read;
    if (length > max) break;
  }
  free(all);
  return WASGI_TOO_LARGE;
}

int wasgi_read_trailers(wasgi_request *request, const wasgi_field **trailers, size_t *count) {
  call *call = (struct exports_wasgi_gateway_app_body_t *)request;
  wasgi_gateway_types_input_error_t error;
  wasgi_gateway_types_list_field_free(&call->trailers);
  call->trailers.len = 0;
  wasgi_gateway_types_borrow_input_t input = wasgi_gateway_types_borrow_input(call->input);
  if (!wasgi_gateway_types_method_input_trailers(input, &call->trailers, &error)) {
    return code(&error);
  }
  *trailers = (const wasgi_field *)call->trailers.ptr;
  *count = call->trailers.len;
  return 0;
}

