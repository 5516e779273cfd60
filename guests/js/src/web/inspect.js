// Values as texts, for the log.

import { atSource } from "./sources.js";

/** A text for people. */
export function inspect(value, depth = 0, parents = []) {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return `[${value.toString().startsWith("class") ? "class" : "Function"} ${value.name || "(anonymous)"}]`;
    case "object":
      return value === null ? "null" : inspectObject(value, depth, parents);
    default:
      return String(value);
  }
}

function inspectObject(value, depth, parents) {
  if (parents.includes(value)) {
    return "[Circular]";
  }
  if (value instanceof Error) {
    return errorText(value, depth, parents);
  }
  if (value instanceof Date || value instanceof RegExp) {
    return value instanceof Date && isNaN(value) ? "Invalid Date" : JSON.stringify(value.toJSON?.()) ?? String(value);
  }
  const inner = (item) => inspect(item, depth + 1, [...parents, value]);
  const name = value.constructor?.name ?? "null";
  if (depth >= DEPTH_MAX) {
    return Array.isArray(value) ? "[Array]" : `[${name}]`;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const prefix = Array.isArray(value) ? "" : `${name}(${value.length ?? value.byteLength}) `;
    const items = Array.from(value.length === undefined ? [] : value.slice(0, ITEMS_MAX), inner);
    return `${prefix}[${listed(items, value.length)}]`;
  }
  if (value instanceof Map || isPairs(value)) {
    const entries = Array.from(value, ([key, item]) => `${inner(key)} => ${inner(item)}`);
    return `${name}(${entries.length}) {${listed(entries.slice(0, ITEMS_MAX), entries.length)}}`;
  }
  if (value instanceof Set) {
    return `Set(${value.size}) {${listed([...value].slice(0, ITEMS_MAX).map(inner), value.size)}}`;
  }
  const keys = Object.keys(value);
  const items = keys.slice(0, ITEMS_MAX).map((key) => `${/^[\w$]+$/.test(key) ? key : JSON.stringify(key)}: ${inner(value[key])}`);
  const prefix = name === "Object" ? "" : `${name} `;
  return `${prefix}{${listed(items, keys.length)}}`;
}

const DEPTH_MAX = 4;
const ITEMS_MAX = 100;

function listed(items, length) {
  const more = length > items.length ? [`... ${length - items.length} more`] : [];
  const all = [...items, ...more];
  return all.length === 0 ? "" : ` ${all.join(", ")} `;
}

function isPairs(value) {
  return ["Headers", "FormData", "URLSearchParams"].includes(value[Symbol.toStringTag]);
}

/** An error with where it comes from, and what caused it. */
export function errorText(error, depth = 0, parents = []) {
  const stack = atSource((error.stack ?? "").trimEnd());
  const head = `${error.name}: ${error.message}`;
  const text = stack === "" ? head : stack.startsWith(head) ? stack : `${head}\n${stack}`;
  const extra = Object.keys(error).filter((key) => !["cause", "stack", "message", "name"].includes(key));
  const more = extra.map((key) => `\n  ${key}: ${inspect(error[key], depth + 1, [...parents, error])}`);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${inspect(error.cause, depth + 1, [...parents, error])}`;
  return text + more.join("") + cause;
}
