/*
 * call.c: what the contract exports.
 *
 * Owns the memory of a request and its response, from the call until the response is complete.
 */

#include <stdlib.h>
#include <string.h>

#include "call.h"

/* The generated code wants this, to have an object file linked that names the contract's types.
 * `wasgi build` knows them. */
void __component_type_object_force_link_application(void);
void __component_type_object_force_link_application(void) {}

static void close_call(call *call) {
  wasgi_close_response(&call->response);
  wasgi_gateway_types_list_field_free(&call->trailers);
  exports_wasgi_gateway_app_environ_free(&call->environ);
  wasgi_gateway_types_input_drop_own(call->input);
  wasgi_release(call);
}

#ifdef WASGI_INITIALIZES_ITSELF
/* Runs the constructors, as a host would by calling `_initialize`. That call would be made by a
 * module of its own, of which each instance of the component would have one too. The export with
 * this name tells `wasgi build` that no such module is needed. */
void _initialize(void);
static void initialize(void) {
  static bool is_initialized;
  if (is_initialized) return;
  is_initialized = true;
  _initialize();
}
__attribute__((__export_name__("wasgi:initializes-itself"))) void wasgi_initializes_itself(void) {}
#else
static void initialize(void) {}
#endif

bool exports_wasgi_gateway_app_handle(exports_wasgi_gateway_app_environ_t *environ,
                                      exports_wasgi_gateway_app_own_input_t input,
                                      exports_wasgi_gateway_app_response_t *ret,
                                      application_string_t *err) {
  initialize();
  call *call = wasgi_allocate(NULL, 0, sizeof *call);
  if (call == NULL) abort();
  memset(call, 0, sizeof *call);
  wasgi_response *response = &call->response;
  call->environ = *environ;
  call->input = input;
  response->status = 200;
  wasgi_open_request(call);
  int returned = wasgi_app(&call->request, response);
  if (returned != 0 || response->has_failed) {
    wasgi_take_error(response, err);
    close_call(call);
    return false;
  }
  ret->status = response->status >= 0 && response->status <= UINT16_MAX ? response->status : 0;
  ret->headers = response->headers.list;
  response->headers = (fields){0};
  if (response->body != NULL || response->has_trailers) {
    ret->content.tag = EXPORTS_WASGI_GATEWAY_APP_CONTENT_CHUNKS;
    ret->content.val.chunks = exports_wasgi_gateway_app_body_new(call);
    return true;
  }
  application_list_u8_t bytes = wasgi_take_written(response);
  ret->content.tag = bytes.len == 0 ? EXPORTS_WASGI_GATEWAY_APP_CONTENT_EMPTY
                                    : EXPORTS_WASGI_GATEWAY_APP_CONTENT_BYTES;
  ret->content.val.bytes = bytes;
  close_call(call);
  return true;
}

bool exports_wasgi_gateway_app_method_body_next(call *call, application_option_list_u8_t *ret,
                                                application_string_t *err) {
  wasgi_response *response = &call->response;
  if (response->size == 0 && !response->has_ended) {
    int returned = response->body == NULL ? WASGI_END : response->body(response, response->state);
    if (returned < 0 || response->has_failed) {
      wasgi_take_error(response, err);
      return false;
    }
    response->has_ended = returned == WASGI_END;
  }
  ret->is_some = response->size != 0 || !response->has_ended;
  ret->val = wasgi_take_written(response);
  return true;
}

void exports_wasgi_gateway_app_method_body_trailers(call *call,
                                                    exports_wasgi_gateway_app_list_field_t *ret) {
  *ret = call->response.trailers.list;
  call->response.trailers = (fields){0};
}

void exports_wasgi_gateway_app_body_destructor(call *call) { close_call(call); }
