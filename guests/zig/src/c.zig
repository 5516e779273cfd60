//! What `wasgi.h` declares, as far as this SDK uses it.
//!
//! Owns nothing: each declaration is the header's, and is documented there.

pub const Field = extern struct {
    name: [*]const u8,
    name_size: usize,
    value: [*]const u8,
    value_size: usize,
};

pub const Request = extern struct {
    method: [*:0]const u8,
    scheme: [*:0]const u8,
    server_name: [*:0]const u8,
    server_port: u16,
    script_name: [*:0]const u8,
    path: [*:0]const u8,
    query: ?[*:0]const u8,
    protocol: [*:0]const u8,
    remote_address: ?[*:0]const u8,
    remote_port: u16,
    tls_version: ?[*:0]const u8,
    tls_cipher: ?[*:0]const u8,
    client_certificate: ?[*]const u8,
    client_certificate_size: usize,
    id: [*:0]const u8,
    parameters: [*]const Field,
    parameter_count: usize,
    headers: [*]const Field,
    header_count: usize,
};

pub const Response = opaque {};

pub const too_large: c_int = -1;
pub const timed_out: c_int = -2;
pub const closed: c_int = -3;
pub const other: c_int = -4;

const Pull = fn (response: *Response, state: ?*anyopaque) callconv(.c) c_int;
const Close = fn (state: ?*anyopaque) callconv(.c) void;

pub extern fn wasgi_read(request: *Request, buffer: [*]u8, size: usize) isize;
pub extern fn wasgi_read_trailers(request: *Request, trailers: *[*]const Field, count: *usize) c_int;
pub extern fn wasgi_set_status(response: *Response, status: c_int) void;
pub extern fn wasgi_add_header_field(response: *Response, field: Field) c_int;
pub extern fn wasgi_write(response: *Response, bytes: [*]const u8, size: usize) c_int;
pub extern fn wasgi_refuse(response: *Response, err: c_int) c_int;
pub extern fn wasgi_fail(response: *Response, text: [*:0]const u8) c_int;
pub extern fn wasgi_stream(
    response: *Response,
    body: *const Pull,
    state: ?*anyopaque,
    close: ?*const Close,
) void;
pub extern fn wasgi_announce_trailers(response: *Response, names: [*:0]const u8) c_int;
pub extern fn wasgi_add_trailer_field(response: *Response, field: Field) c_int;
pub extern fn wasgi_log(text: [*:0]const u8) void;
pub extern fn getentropy(buffer: [*]u8, size: usize) c_int;
