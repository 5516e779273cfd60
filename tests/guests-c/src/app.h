/* The behaviours, and what they share. */

#include "wasgi.h"

/* A number in the query. */
long parameter(const wasgi_request *request, const char *name, long otherwise);

/* Streams the request's body back, and its trailers. */
int echo(wasgi_request *request, wasgi_response *response);

/* Reads `max` bytes of the body at most, and answers with how many there were. */
int length(wasgi_request *request, wasgi_response *response);

/* Streams `chunks` chunks of `size` bytes. */
int stream(wasgi_request *request, wasgi_response *response);

/* Streams `count` lines, and sleeps for `ms` before each. */
int ticks(wasgi_request *request, wasgi_response *response);

/* Announces a trailer field and sends it. */
int trailers(wasgi_request *request, wasgi_response *response);

/* Fails after the first chunk. */
int fail_mid_body(wasgi_request *request, wasgi_response *response);
