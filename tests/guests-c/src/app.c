/*
 * All behaviours that the suite asks for, each at its path. They are those of the fixtures of the
 * other contracts, with the same parameters.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app.h"

static const char TEXT[] = "text/plain; charset=utf-8";

long parameter(const wasgi_request *request, const char *name, long otherwise) {
  size_t size = strlen(name);
  for (const char *at = request->query; at != NULL; at = strchr(at, '&')) {
    if (*at == '&') at++;
    if (strncmp(at, name, size) == 0 && at[size] == '=') return atol(at + size + 1);
  }
  return otherwise;
}

static int hello(wasgi_request *request, wasgi_response *response) {
  (void)request;
  return wasgi_reply(response, 200, TEXT, "Hello, world!\n");
}

static int environ_lines(wasgi_request *request, wasgi_response *response) {
  const wasgi_request *r = request;
  wasgi_add_header(response, "content-type", TEXT);
  wasgi_printf(response, "request-method=%s\nurl-scheme=%s\nserver-name=%s\nserver-port=%d\n",
               r->method, r->scheme, r->server_name, r->server_port);
  wasgi_printf(response, "script-name=%s\npath-info=%s\n", r->script_name, r->path);
  if (r->query == NULL) wasgi_puts(response, "query-string=none\n");
  if (r->query != NULL) wasgi_printf(response, "query-string=some(%s)\n", r->query);
  wasgi_printf(response, "server-protocol=%s\n", r->protocol);
  wasgi_printf(response, "remote=%s:%d\n", r->remote_address, r->remote_port);
  wasgi_printf(response, "tls=%s\n", r->tls_version == NULL ? "none" : r->tls_version);
  wasgi_printf(response, "request-id=%s\nroute-parameters=", r->id);
  for (size_t i = 0; i < r->parameter_count; i++) {
    const wasgi_field *field = &r->parameters[i];
    wasgi_printf(response, "%s%s:%s", i == 0 ? "" : ",", field->name, field->value);
  }
  wasgi_puts(response, "\n");
  for (size_t i = 0; i < r->header_count; i++) {
    wasgi_printf(response, "header %s=", r->headers[i].name);
    wasgi_write(response, r->headers[i].value, r->headers[i].value_size);
    wasgi_puts(response, "\n");
  }
  return 0;
}

static int cookies(wasgi_request *request, wasgi_response *response) {
  wasgi_add_header(response, "set-cookie", "a=1");
  wasgi_add_header(response, "set-cookie", "b=2");
  wasgi_add_header(response, "x-bytes", "\xff\xfe");
  const char *agent = wasgi_header(request, "User-Agent");
  wasgi_add_header(response, "x-agent", agent == NULL ? "none" : agent);
  return wasgi_reply(response, 200, TEXT, "cookies\n");
}

static int status(wasgi_request *request, wasgi_response *response) {
  return wasgi_reply(response, (int)parameter(request, "code", 200), TEXT, "status\n");
}

static int random_bytes(wasgi_request *request, wasgi_response *response) {
  (void)request;
  unsigned char bytes[16];
  if (getentropy(bytes, sizeof bytes) != 0) return wasgi_fail(response, "no entropy");
  for (size_t i = 0; i < sizeof bytes; i++) wasgi_printf(response, "%02x", bytes[i]);
  return 0;
}

static int env(wasgi_request *request, wasgi_response *response) {
  (void)request;
  const char *value = getenv("GREETING");
  return wasgi_reply(response, 200, TEXT, value == NULL ? "none" : value);
}

static int log_lines(wasgi_request *request, wasgi_response *response) {
  (void)request;
  wasgi_log("a line of the guest");
  fprintf(stderr, "a line of %s\n", "stdio");
  return wasgi_reply(response, 200, TEXT, "logged\n");
}

static int count(wasgi_request *request, wasgi_response *response) {
  (void)request;
  static int requests;
  return wasgi_printf(response, "%d", ++requests);
}

static int fail(wasgi_request *request, wasgi_response *response) {
  (void)request;
  return wasgi_failf(response, "told %s", "to fail");
}

static int trap(wasgi_request *request, wasgi_response *response) {
  (void)request;
  (void)response;
  abort();
}

static const struct {
  const char *path;
  int (*handle)(wasgi_request *, wasgi_response *);
} BEHAVIOURS[] = {
    {"/hello", hello},         {"/environ", environ_lines},
    {"/cookies", cookies},     {"/status", status},
    {"/random", random_bytes}, {"/env", env},
    {"/log", log_lines},       {"/count", count},
    {"/fail", fail},           {"/trap", trap},
    {"/echo", echo},           {"/length", length},
    {"/stream", stream},       {"/ticks", ticks},
    {"/trailers", trailers},   {"/fail-mid-body", fail_mid_body},
};

int wasgi_app(wasgi_request *request, wasgi_response *response) {
  for (size_t i = 0; i < sizeof BEHAVIOURS / sizeof *BEHAVIOURS; i++) {
    if (strcmp(request->path, BEHAVIOURS[i].path) == 0) {
      return BEHAVIOURS[i].handle(request, response);
    }
  }
  return wasgi_reply(response, 404, TEXT, "no such behaviour\n");
}
