//! A web application: one function, which is called for each request.

const std = @import("std");
const wasgi = @import("wasgi");
const words = @import("words.zig").words;

/// Bytes of a body that are held in memory at one time.
const body_max = 64 * 1024;

pub fn handle(request: wasgi.Request, response: wasgi.Response) !void {
    try response.header("content-type", "text/plain; charset=utf-8");
    if (std.mem.eql(u8, request.path(), "/")) {
        return response.write("Hello from app-name\n");
    }
    if (std.mem.eql(u8, request.path(), "/count") and std.mem.eql(u8, request.method(), "POST")) {
        return count(request, response);
    }
    response.status(404);
    try response.write("Not found\n");
}

fn count(request: wasgi.Request, response: wasgi.Response) !void {
    var text: [body_max + 1]u8 = undefined;
    var body = request.body(&.{});
    var size: usize = 0;
    while (true) {
        const got = body.read(text[size..]) catch |err| return response.refuse(err);
        size += got;
        if (got == 0) break;
    }
    if (size > body_max) return response.refuse(error.BodyTooLarge);
    try response.print("{d} words\n", .{words(text[0..size])});
}

comptime {
    wasgi.serve(handle);
}

pub const panic = wasgi.panic;
