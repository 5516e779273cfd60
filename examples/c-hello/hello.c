/* Greets whoever the path names. */

#include "wasgi.h"

#include <string.h>

int wasgi_app(wasgi_request *request, wasgi_response *response) {
  if (strncmp(request->path, "/hello/", 7) != 0) {
    return wasgi_reply(response, 200, "text/plain; charset=utf-8", "Hello, world!\n");
  }
  const char *name = request->path + strlen("/hello/");
  wasgi_add_header(response, "content-type", "text/plain; charset=utf-8");
  return wasgi_printf(response, "Hello, %s!\n", name);
}
