//! Web applications in Zig.
//!
//! The root of an application has a function `handle`, which is called once for each request:
//!
//! ```zig
//! const wasgi = @import("wasgi");
//!
//! pub fn handle(request: wasgi.Request, response: wasgi.Response) !void {
//!     try response.header("content-type", "text/plain; charset=utf-8");
//!     try response.print("Hello, {s}!\n", .{request.path()});
//! }
//!
//! comptime {
//!     wasgi.serve(handle);
//! }
//!
//! pub const panic = wasgi.panic;
//! ```
//!
//! What it writes is sent when it returns. An answer that is long, or that comes bit by bit, is made
//! by a function that is called for each piece: `Response.stream`. An error becomes 502, and its name
//! a line of the host's log.
//!
//! This module owns the types; what they do is the SDK's for C (`wasgi.h`), which is linked with it.

const std = @import("std");
const Io = std.Io;

const c = @import("c.zig");

/// A header or trailer field, or a parameter of the route.
pub const Field = struct { name: []const u8, value: []const u8 };

/// A request. What it returns is there until the response is complete.
pub const Request = struct {
    raw: *c.Request,

    /// The method, in the case in which it was sent: `GET`.
    pub fn method(self: Request) []const u8 {
        return std.mem.span(self.raw.method);
    }

    /// The scheme that the client used: `http` or `https`.
    pub fn scheme(self: Request) []const u8 {
        return std.mem.span(self.raw.scheme);
    }

    /// The host that the request was for, without a port. It is the client's word.
    pub fn serverName(self: Request) []const u8 {
        return std.mem.span(self.raw.server_name);
    }

    /// The port that the request was for.
    pub fn serverPort(self: Request) u16 {
        return self.raw.server_port;
    }

    /// The part of the path that selects the application, as sent.
    pub fn scriptName(self: Request) []const u8 {
        return std.mem.span(self.raw.script_name);
    }

    /// The rest of the path, as sent: what the application routes on.
    pub fn path(self: Request) []const u8 {
        return std.mem.span(self.raw.path);
    }

    /// What follows the first `?`, as sent. Null: there is none.
    pub fn query(self: Request) ?[]const u8 {
        return optional(self.raw.query);
    }

    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub fn protocol(self: Request) []const u8 {
        return std.mem.span(self.raw.protocol);
    }

    /// The client's IP address. Null: it came without IP.
    pub fn remoteAddress(self: Request) ?[]const u8 {
        return optional(self.raw.remote_address);
    }

    /// The client's port; 0 if it is not known.
    pub fn remotePort(self: Request) u16 {
        return self.raw.remote_port;
    }

    /// The TLS session's version, as in `TLSv1.3`. Null: without TLS.
    pub fn tlsVersion(self: Request) ?[]const u8 {
        return optional(self.raw.tls_version);
    }

    /// The TLS session's cipher suite. Null: without TLS.
    pub fn tlsCipher(self: Request) ?[]const u8 {
        return optional(self.raw.tls_cipher);
    }

    /// The client's certificate in DER, if the host verified one.
    pub fn clientCertificate(self: Request) ?[]const u8 {
        const certificate = self.raw.client_certificate orelse return null;
        return certificate[0..self.raw.client_certificate_size];
    }

    /// The request's name in the host's log.
    pub fn id(self: Request) []const u8 {
        return std.mem.span(self.raw.id);
    }

    /// The value of the first header field of this name, in any case.
    pub fn header(self: Request, name: []const u8) ?[]const u8 {
        return first(self.headers(), name);
    }

    /// The header fields, with names in lower case, in the order in which they came.
    pub fn headers(self: Request) Fields {
        return .{ .left = self.raw.headers[0..self.raw.header_count] };
    }

    /// What a parameter of the application's route matched, decoded.
    pub fn parameter(self: Request, name: []const u8) ?[]const u8 {
        return first(self.parameters(), name);
    }

    /// What the parameters of the application's route matched, in the route's order.
    pub fn parameters(self: Request) Fields {
        return .{ .left = self.raw.parameters[0..self.raw.parameter_count] };
    }

    /// The body, to be read as it comes. It reads ahead into `buffer`, which may be empty.
    pub fn body(self: Request, buffer: []u8) Body {
        return .{
            .raw = self.raw,
            .interface = .{ .vtable = &Body.vtable, .buffer = buffer, .seek = 0, .end = 0 },
        };
    }

    /// Reads and discards what is left of the body, and returns the trailer fields that followed.
    pub fn trailers(self: Request) ReadError!Fields {
        var fields: [*]const c.Field = undefined;
        var count: usize = 0;
        const code = c.wasgi_read_trailers(self.raw, &fields, &count);
        if (code < 0) return readError(code);
        return .{ .left = fields[0..count] };
    }
};

/// Fields, one after another.
pub const Fields = struct {
    left: []const c.Field,

    /// The next field.
    pub fn next(self: *Fields) ?Field {
        if (self.left.len == 0) return null;
        const field = self.left[0];
        self.left = self.left[1..];
        return .{
            .name = field.name[0..field.name_size],
            .value = field.value[0..field.value_size],
        };
    }
};

/// Why the body of a request cannot be read.
pub const ReadError = error{
    /// It is larger than the host's limit: 413.
    BodyTooLarge,
    /// The client sent nothing for longer than the host waits: 408.
    BodyTimedOut,
    /// The connection ended before the body did: 400.
    BodyBrokenOff,
    /// Anything else: 400.
    BodyNotReadable,
};

/// The body of a request.
pub const Body = struct {
    raw: *c.Request,
    /// Reads the body.
    interface: Io.Reader,
    /// Why `interface` failed with `ReadFailed`.
    failure: ?ReadError = null,

    const vtable: Io.Reader.VTable = .{ .stream = stream };

    /// Waits for bytes, and puts as many as fit into `buffer` at most. Returns how many: 0 at the
    /// end. It passes by what `interface` has read ahead.
    pub fn read(self: *Body, buffer: []u8) ReadError!usize {
        const count = c.wasgi_read(self.raw, buffer.ptr, buffer.len);
        if (count < 0) return readError(count);
        return @intCast(count);
    }

    fn stream(reader: *Io.Reader, writer: *Io.Writer, limit: Io.Limit) Io.Reader.StreamError!usize {
        const self: *Body = @alignCast(@fieldParentPtr("interface", reader));
        const room = limit.slice(try writer.writableSliceGreedy(1));
        const count = self.read(room) catch |err| {
            self.failure = err;
            return error.ReadFailed;
        };
        if (count == 0 and room.len != 0) return error.EndOfStream;
        writer.advance(count);
        return count;
    }
};

/// Whether a body goes on.
pub const Next = enum { more, end };

/// A response that is being made.
pub const Response = struct {
    raw: *c.Response,

    /// Sets the status, from 200 to 599. Without it: 200.
    pub fn status(self: Response, code: u16) void {
        c.wasgi_set_status(self.raw, code);
    }

    /// Adds a header field. A second one of the same name is sent as a second one.
    pub fn header(self: Response, name: []const u8, value: []const u8) error{OutOfMemory}!void {
        if (c.wasgi_add_header_field(self.raw, rawField(name, value)) != 0) return error.OutOfMemory;
    }

    /// Adds bytes to the body.
    pub fn write(self: Response, bytes: []const u8) error{OutOfMemory}!void {
        if (c.wasgi_write(self.raw, bytes.ptr, bytes.len) != 0) return error.OutOfMemory;
    }

    /// Adds a formatted text to the body.
    pub fn print(self: Response, comptime format: []const u8, arguments: anytype) !void {
        var to = self.writer(&.{});
        try to.interface.print(format, arguments);
    }

    /// Writes to the body. With a buffer it wants to be flushed; without one it needs none, since
    /// the response is one.
    pub fn writer(self: Response, buffer: []u8) Writer {
        return .{
            .raw = self.raw,
            .interface = .{ .vtable = &Writer.vtable, .buffer = buffer },
        };
    }

    /// Answers with what fits an error of reading: 413, 408 or 400, and a text.
    pub fn refuse(self: Response, err: ReadError) void {
        _ = c.wasgi_refuse(self.raw, switch (err) {
            error.BodyTooLarge => c.too_large,
            error.BodyTimedOut => c.timed_out,
            error.BodyBrokenOff => c.closed,
            error.BodyNotReadable => c.other,
        });
    }

    /// Lets the body be pulled: `next` is called when the client can take more, and what it writes
    /// is sent when it returns. What was written so far is sent first.
    ///
    /// `state` is a pointer, to what lives as long as the body. If its type has a function `close`,
    /// that is called once, when no more is wanted; the host may end the instance instead.
    pub fn stream(
        self: Response,
        state: anytype,
        comptime next: fn (state: @TypeOf(state), response: Response) anyerror!Next,
    ) void {
        const State = @TypeOf(state);
        const Calls = struct {
            fn body(raw: *c.Response, pointer: ?*anyopaque) callconv(.c) c_int {
                const own: State = @ptrCast(@alignCast(pointer.?));
                const after = next(own, .{ .raw = raw }) catch |err| return fail(raw, err);
                return @intFromBool(after == .more);
            }
            fn close(pointer: ?*anyopaque) callconv(.c) void {
                const own: State = @ptrCast(@alignCast(pointer.?));
                own.close();
            }
        };
        const closes = @hasDecl(@typeInfo(State).pointer.child, "close");
        c.wasgi_stream(self.raw, Calls.body, state, if (closes) Calls.close else null);
    }

    /// Says that the trailer fields with these names, with commas between them, follow the body.
    pub fn announceTrailers(self: Response, names: [:0]const u8) error{OutOfMemory}!void {
        if (c.wasgi_announce_trailers(self.raw, names) != 0) return error.OutOfMemory;
    }

    /// Adds a trailer field that was announced, before the body has ended.
    pub fn trailer(self: Response, name: []const u8, value: []const u8) error{OutOfMemory}!void {
        if (c.wasgi_add_trailer_field(self.raw, rawField(name, value)) != 0) {
            return error.OutOfMemory;
        }
    }
};

/// Writes to the body of a response.
pub const Writer = struct {
    raw: *c.Response,
    interface: Io.Writer,

    const vtable: Io.Writer.VTable = .{ .drain = drain };

    fn drain(writer: *Io.Writer, data: []const []const u8, splat: usize) Io.Writer.Error!usize {
        const self: *Writer = @alignCast(@fieldParentPtr("interface", writer));
        try self.write(writer.buffered());
        writer.end = 0;
        var count: usize = 0;
        for (data[0 .. data.len - 1]) |piece| {
            try self.write(piece);
            count += piece.len;
        }
        const last = data[data.len - 1];
        for (0..splat) |_| try self.write(last);
        return count + splat * last.len;
    }

    fn write(self: *Writer, bytes: []const u8) Io.Writer.Error!void {
        if (c.wasgi_write(self.raw, bytes.ptr, bytes.len) != 0) return error.WriteFailed;
    }
};

/// Makes `handle` the application.
pub fn serve(comptime handle: fn (request: Request, response: Response) anyerror!void) void {
    const Calls = struct {
        fn app(request: *c.Request, response: *c.Response) callconv(.c) c_int {
            handle(.{ .raw = request }, .{ .raw = response }) catch |err| {
                return fail(response, err);
            };
            return 0;
        }
    };
    @export(&Calls.app, .{ .name = "wasgi_app" });
}

/// A variable of the environment that the host grants.
pub fn env(name: [:0]const u8) ?[]const u8 {
    return optional(std.c.getenv(name));
}

/// Fills a buffer with random bytes, which differ in each instance.
pub fn random(buffer: []u8) void {
    var left = buffer;
    while (left.len > 0) {
        // The most that it gives at once.
        const size = @min(left.len, 256);
        if (c.getentropy(left.ptr, size) != 0) @trap();
        left = left[size..];
    }
}

/// Writes a line to the host's log. Longer ones than 1000 bytes are cut.
pub fn log(comptime format: []const u8, arguments: anytype) void {
    var buffer: [1001]u8 = undefined;
    var line: Io.Writer = .fixed(buffer[0 .. buffer.len - 1]);
    // What does not fit is cut.
    line.print(format, arguments) catch {};
    buffer[line.end] = 0;
    c.wasgi_log(buffer[0..line.end :0]);
}

/// What the root has as `panic`: says in the host's log why, and ends the instance. The one of the
/// standard library would bring its own reader of debug information.
pub const panic = std.debug.FullPanic(panicked);

fn panicked(message: []const u8, _: ?usize) noreturn {
    log("panic: {s}", .{message});
    @trap();
}

fn fail(response: *c.Response, err: anyerror) c_int {
    return c.wasgi_fail(response, @errorName(err));
}

fn optional(text: ?[*:0]const u8) ?[]const u8 {
    return std.mem.span(text orelse return null);
}

fn first(all: Fields, name: []const u8) ?[]const u8 {
    var fields = all;
    while (fields.next()) |field| {
        if (std.ascii.eqlIgnoreCase(field.name, name)) return field.value;
    }
    return null;
}

fn rawField(name: []const u8, value: []const u8) c.Field {
    return .{
        .name = name.ptr,
        .name_size = name.len,
        .value = value.ptr,
        .value_size = value.len,
    };
}

fn readError(code: isize) ReadError {
    return switch (code) {
        c.too_large => error.BodyTooLarge,
        c.timed_out => error.BodyTimedOut,
        c.closed => error.BodyBrokenOff,
        else => error.BodyNotReadable,
    };
}
