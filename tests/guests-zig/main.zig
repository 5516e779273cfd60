//! All behaviours that the suite asks for, each at its path. They are those of the fixtures of the
//! other contracts, with the same parameters.

const std = @import("std");
const wasgi = @import("wasgi");
const bodies = @import("bodies.zig");

pub const panic = wasgi.panic;

comptime {
    wasgi.serve(handle);
}

const behaviours = std.StaticStringMap(*const fn (wasgi.Request, wasgi.Response) anyerror!void)
    .initComptime(.{
    .{ "/hello", hello },
    .{ "/environ", environ },
    .{ "/cookies", cookies },
    .{ "/status", status },
    .{ "/random", random },
    .{ "/env", env },
    .{ "/log", log },
    .{ "/count", count },
    .{ "/fail", fail },
    .{ "/trap", trap },
    .{ "/echo", bodies.echo },
    .{ "/length", bodies.length },
    .{ "/stream", bodies.stream },
    .{ "/ticks", bodies.ticks },
    .{ "/trailers", bodies.trailers },
    .{ "/fail-mid-body", bodies.failMidBody },
});

fn handle(request: wasgi.Request, response: wasgi.Response) !void {
    const behaviour = behaviours.get(request.path()) orelse {
        response.status(404);
        return response.write("no such behaviour\n");
    };
    return behaviour(request, response);
}

fn hello(_: wasgi.Request, response: wasgi.Response) !void {
    try response.header("content-type", "text/plain; charset=utf-8");
    try response.write("Hello, world!\n");
}

fn environ(request: wasgi.Request, response: wasgi.Response) !void {
    try response.header("content-type", "text/plain; charset=utf-8");
    try response.print("request-method={s}\nurl-scheme={s}\nserver-name={s}\nserver-port={d}\n", .{
        request.method(), request.scheme(), request.serverName(), request.serverPort(),
    });
    try response.print("script-name={s}\npath-info={s}\n", .{
        request.scriptName(), request.path(),
    });
    if (request.query()) |query| {
        try response.print("query-string=some({s})\n", .{query});
    } else {
        try response.write("query-string=none\n");
    }
    try response.print("server-protocol={s}\n", .{request.protocol()});
    try response.print("remote={?s}:{d}\n", .{ request.remoteAddress(), request.remotePort() });
    try response.print("tls={s}\n", .{request.tlsVersion() orelse "none"});
    try response.print("request-id={s}\nroute-parameters=", .{request.id()});
    var parameters = request.parameters();
    var comma: []const u8 = "";
    while (parameters.next()) |field| : (comma = ",") {
        try response.print("{s}{s}:{s}", .{ comma, field.name, field.value });
    }
    try response.write("\n");
    var headers = request.headers();
    while (headers.next()) |field| {
        try response.print("header {s}={s}\n", .{ field.name, field.value });
    }
}

fn cookies(request: wasgi.Request, response: wasgi.Response) !void {
    try response.header("set-cookie", "a=1");
    try response.header("set-cookie", "b=2");
    try response.header("x-bytes", "\xff\xfe");
    try response.header("x-agent", request.header("User-Agent") orelse "none");
    try response.write("cookies\n");
}

fn status(request: wasgi.Request, response: wasgi.Response) !void {
    response.status(@intCast(bodies.parameter(request, "code", 200)));
    try response.write("status\n");
}

fn random(_: wasgi.Request, response: wasgi.Response) !void {
    var bytes: [16]u8 = undefined;
    wasgi.random(&bytes);
    for (bytes) |byte| try response.print("{x:0>2}", .{byte});
}

fn env(_: wasgi.Request, response: wasgi.Response) !void {
    try response.write(wasgi.env("GREETING") orelse "none");
}

fn log(_: wasgi.Request, response: wasgi.Response) !void {
    wasgi.log("a line of the {s}", .{"guest"});
    wasgi.log("a line of {s}", .{"stdio"});
    try response.write("logged\n");
}

var requests: u32 = 0;

fn count(_: wasgi.Request, response: wasgi.Response) !void {
    requests += 1;
    try response.print("{d}", .{requests});
}

fn fail(_: wasgi.Request, _: wasgi.Response) !void {
    return error.ToldToFail;
}

fn trap(request: wasgi.Request, _: wasgi.Response) !void {
    const path = request.path();
    // Out of bounds: a check that ends the instance.
    wasgi.log("{c}", .{path[path.len + requests]});
}
