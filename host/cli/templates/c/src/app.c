/* A web application: one function, which is called for each request. */

#include "wasgi.h"

#include "words.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a body that are held in memory at one time. */
static const size_t BODY_MAX = 64 * 1024;

static int count(wasgi_request *request, wasgi_response *response) {
  char *body;
  size_t size;
  int error = wasgi_read_all(request, BODY_MAX, &body, &size);
  if (error != 0) {
    return wasgi_refuse(response, error);
  }
  wasgi_add_header(response, "content-type", "text/plain; charset=utf-8");
  wasgi_printf(response, "%zu words\n", words(body));
  free(body);
  return 0;
}

int wasgi_app(wasgi_request *request, wasgi_response *response) {
  if (strcmp(request->path, "/") == 0) {
    return wasgi_reply(response, 200, "text/plain; charset=utf-8", "Hello from app-name\n");
  }
  if (strcmp(request->path, "/count") == 0 && strcmp(request->method, "POST") == 0) {
    return count(request, response);
  }
  return wasgi_reply(response, 404, "text/plain; charset=utf-8", "Not found\n");
}
