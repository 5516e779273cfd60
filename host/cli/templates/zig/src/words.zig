const std = @import("std");

/// How many words a text has: what stands between spaces and ends of lines.
pub fn words(text: []const u8) usize {
    var found = std.mem.tokenizeAny(u8, text, " \t\r\n");
    var count: usize = 0;
    while (found.next()) |_| count += 1;
    return count;
}

test "words are what stands between spaces" {
    try std.testing.expectEqual(4, words(" to be\nor not "));
    try std.testing.expectEqual(0, words(" \n"));
}
