#include "wasgi.h"

int wasgi_app(wasgi_request *request, wasgi_response *response) {
  (void)request;
  return wasgi_reply(response, 200, "text/plain", "hello\n");
}
