//! Greets whoever the path names.

const std = @import("std");
const wasgi = @import("wasgi");

pub fn handle(request: wasgi.Request, response: wasgi.Response) !void {
    try response.header("content-type", "text/plain; charset=utf-8");
    const named = std.mem.cutPrefix(u8, request.path(), "/hello/");
    try response.print("Hello, {s}!\n", .{named orelse "world"});
}

comptime {
    wasgi.serve(handle);
}

pub const panic = wasgi.panic;
