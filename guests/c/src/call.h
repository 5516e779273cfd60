/*
 * call.h: what a request and its response are, to the sources of this library.
 */

#ifndef WASGI_CALL_H
#define WASGI_CALL_H

#include "application.h"
#include "wasgi.h"

/* The fields of a response, in the form in which the contract wants them. */
typedef struct {
  exports_wasgi_gateway_app_list_field_t list;
  size_t capacity;
} fields;

struct wasgi_response {
  int status;
  bool has_failed;
  /* Whether trailers were announced. */
  bool has_trailers;
  /* Whether the body has said that it ends. */
  bool has_ended;
  fields headers;
  fields trailers;
  /* What was written and not handed over. */
  uint8_t *written;
  size_t size;
  size_t capacity;
  wasgi_body *body;
  void *state;
  void (*close)(void *);
  application_string_t error;
};

/* A request and its response. To the contract it is the response's body. */
struct exports_wasgi_gateway_app_body_t {
  /* The first, so that it is found by what the application has of it. */
  wasgi_request request;
  wasgi_response response;
  exports_wasgi_gateway_app_environ_t environ;
  exports_wasgi_gateway_app_own_input_t input;
  wasgi_gateway_types_list_field_t trailers;
};
typedef struct exports_wasgi_gateway_app_body_t call;

/* Memory that goes between the host and this guest: as `realloc`, but for the size of the old. */
void *wasgi_allocate(void *old, size_t old_size, size_t size);

/* Gives such memory back. */
void wasgi_release(void *memory);

/* Lets the next bytes that the host hands over go to a buffer, if they fit. */
void wasgi_aim(void *buffer, size_t size);

/* Fills in what the application has of the request. */
void wasgi_open_request(call *call);

/* What was written, which is the caller's from now on. */
application_list_u8_t wasgi_take_written(wasgi_response *response);

/* Why a response failed, which is the caller's from now on. */
void wasgi_take_error(wasgi_response *response, application_string_t *error);

/* Frees what a response has. */
void wasgi_close_response(wasgi_response *response);

#endif
