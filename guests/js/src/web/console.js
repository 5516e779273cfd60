// `console`: lines for the log of the host, on standard error.

import stderr from "wasi:cli/stderr@0.2.12";
import { encodeUtf8 } from "./encoding.js";
import { inspect } from "./inspect.js";

let stream;
let indent = "";
const counts = new Map();
const begins = new Map();

function write(...values) {
  const [first, ...rest] = values;
  const isFormat = typeof first === "string" && first.includes("%");
  const parts = isFormat ? format(first, rest) : values;
  const texts = parts.map((part) => (typeof part === "string" ? part : inspect(part)));
  const text = texts.join(" ").replace(/^/gm, indent);
  const bytes = encodeUtf8(`${text}\n`);
  try {
    stream ??= stderr.getStderr();
    for (let at = 0; at < bytes.length; at += WRITE_MAX) {
      stream.blockingWriteAndFlush(bytes.subarray(at, at + WRITE_MAX));
    }
  } catch {
    // A log that takes no more is no reason to fail.
  }
}

/** What one call may write, by `wasi:io`. */
const WRITE_MAX = 4096;

function format(text, values) {
  const rest = [...values];
  const made = text.replace(/%[sdifoOjc%]/g, (code) => {
    if (code === "%%") {
      return "%";
    }
    if (rest.length === 0) {
      return code;
    }
    const value = rest.shift();
    switch (code) {
      case "%s":
        return typeof value === "string" ? value : inspect(value);
      case "%d":
      case "%f":
        return String(Number(value));
      case "%i":
        return String(Math.trunc(Number(value)));
      case "%j":
        return JSON.stringify(value);
      case "%c":
        return "";
      default:
        return inspect(value);
    }
  });
  return [made, ...rest];
}

/** `console` of the Console Standard. */
export const console = {
  log: write,
  info: write,
  debug: write,
  warn: write,
  error: write,
  trace: (...values) => write(...values, `\n${new Error().stack.replace(/^.*\n/, "")}`),
  dir: (value) => write(value),
  table: (value) => write(value),
  assert: (condition, ...values) => condition || write("Assertion failed:", ...values),
  group(...values) {
    if (values.length > 0) {
      write(...values);
    }
    indent += "  ";
  },
  groupEnd() {
    indent = indent.slice(2);
  },
  count(label = "default") {
    counts.set(label, (counts.get(label) ?? 0) + 1);
    write(`${label}: ${counts.get(label)}`);
  },
  countReset: (label = "default") => void counts.delete(label),
  time: (label = "default") => void begins.set(label, performance.now()),
  timeLog(label = "default", ...values) {
    write(`${label}: ${(performance.now() - begins.get(label)).toFixed(3)} ms`, ...values);
  },
  timeEnd(label = "default") {
    console.timeLog(label);
    begins.delete(label);
  },
  clear() {},
};
console.groupCollapsed = console.group;
console.dirxml = console.dir;

/** Forgets what belongs to the instance that the program was frozen in. */
export function resetConsole() {
  stream = undefined;
}
