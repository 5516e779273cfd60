const wasgi = @import("wasgi");

pub fn handle(_: wasgi.Request, response: wasgi.Response) !void {
    try response.header("content-type", "text/plain");
    try response.print("hello\n", .{});
}

comptime {
    wasgi.serve(handle);
}

pub const panic = wasgi.panic;
