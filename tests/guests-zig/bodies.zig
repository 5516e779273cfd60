//! The behaviours with bodies: read, and pulled.

const std = @import("std");
const wasgi = @import("wasgi");

const allocator = std.heap.c_allocator;

/// A number in the query.
pub fn parameter(request: wasgi.Request, name: []const u8, otherwise: u32) u32 {
    var pairs = std.mem.splitScalar(u8, request.query() orelse "", '&');
    while (pairs.next()) |pair| {
        const key, const value = std.mem.cutScalar(u8, pair, '=') orelse continue;
        if (std.mem.eql(u8, key, name)) return std.fmt.parseInt(u32, value, 10) catch otherwise;
    }
    return otherwise;
}

const Echo = struct {
    request: wasgi.Request,
    body: wasgi.Body,
    buffer: [64 * 1024]u8 = undefined,

    fn next(self: *Echo, response: wasgi.Response) !wasgi.Next {
        const size = try self.body.read(&self.buffer);
        if (size > 0) {
            try response.write(self.buffer[0..size]);
            return .more;
        }
        var trailing = try self.request.trailers();
        while (trailing.next()) |field| try response.trailer(field.name, field.value);
        return .end;
    }

    pub fn close(self: *Echo) void {
        allocator.destroy(self);
    }
};

/// Streams the request's body back, and its trailers.
pub fn echo(request: wasgi.Request, response: wasgi.Response) !void {
    if (request.header("content-type")) |value| try response.header("content-type", value);
    if (request.header("trailer")) |_| try response.announceTrailers("x-checksum");
    const state = try allocator.create(Echo);
    state.* = .{ .request = request, .body = request.body(&.{}) };
    response.stream(state, Echo.next);
}

/// Reads `max` bytes of the body at most, and answers with how many there were.
pub fn length(request: wasgi.Request, response: wasgi.Response) !void {
    const max = parameter(request, "max", 1024 * 1024);
    var buffer: [4096]u8 = undefined;
    var body = request.body(&buffer);
    const all = body.interface.allocRemaining(allocator, .limited(max)) catch |err| {
        return switch (err) {
            error.ReadFailed => response.refuse(body.failure.?),
            error.StreamTooLong => response.refuse(error.BodyTooLarge),
            error.OutOfMemory => err,
        };
    };
    defer allocator.free(all);
    const has_nul = std.mem.findScalar(u8, all, 0) != null;
    try response.print("{d}{s}", .{ all.len, if (has_nul) " with a NUL" else "" });
}

/// What a stream has left to send.
const Progress = struct {
    left: u32,
    done: u32 = 0,
    size: u32,

    fn start(left: u32, size: u32) !*Progress {
        const state = try allocator.create(Progress);
        state.* = .{ .left = left, .size = size };
        return state;
    }

    fn chunk(self: *Progress, response: wasgi.Response) !wasgi.Next {
        if (self.done == self.left) return .end;
        self.done += 1;
        var writer = response.writer(&.{});
        try writer.interface.splatByteAll('x', self.size);
        return .more;
    }

    fn tick(self: *Progress, response: wasgi.Response) !wasgi.Next {
        if (self.done == self.left) return .end;
        const pause: std.c.timespec = .{
            .sec = self.size / 1000,
            .nsec = @intCast(self.size % 1000 * 1_000_000),
        };
        _ = std.c.nanosleep(&pause, null);
        try response.print("tick {d}\n", .{self.done});
        self.done += 1;
        return .more;
    }

    pub fn close(self: *Progress) void {
        allocator.destroy(self);
    }
};

/// Streams `chunks` chunks of `size` bytes.
pub fn stream(request: wasgi.Request, response: wasgi.Response) !void {
    const size = parameter(request, "size", 1024);
    const state = try Progress.start(parameter(request, "chunks", 10), size);
    response.stream(state, Progress.chunk);
}

/// Streams `count` lines, and sleeps for `ms` before each.
pub fn ticks(request: wasgi.Request, response: wasgi.Response) !void {
    const pause = parameter(request, "ms", 50);
    const state = try Progress.start(parameter(request, "count", 3), pause);
    response.stream(state, Progress.tick);
}

/// Announces a trailer field and sends it.
pub fn trailers(_: wasgi.Request, response: wasgi.Response) !void {
    try response.announceTrailers("x-checksum");
    try response.trailer("x-checksum", "abc");
    try response.write("body\n");
}

const Failing = struct {
    fn next(_: *const Failing, _: wasgi.Response) !wasgi.Next {
        return error.ToldToFail;
    }
};

/// Fails after the first chunk.
pub fn failMidBody(_: wasgi.Request, response: wasgi.Response) !void {
    try response.write("first\n");
    const failing: Failing = .{};
    response.stream(@constCast(&failing), Failing.next);
}
