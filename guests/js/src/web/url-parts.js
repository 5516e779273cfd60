// From a text to the parts of a URL, by the URL Standard, and back.
//
// Owns the parts and how a relative reference is resolved. The classes are in `url.js`.

import { parseHost } from "./host.js";

/** The schemes whose URLs have hosts and paths, and their ports. */
export const SPECIAL = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "ftp:": "21",
  "file:": "",
};

/**
 * The parts of a URL, or `null` if the text is none. `base` are the parts of another one.
 *
 * `host` is `null` if there is none, and `path` a text if it is opaque, as that of `mailto:a@b`.
 */
export function parse(input, base) {
  const text = input.replace(/^[\0-\x20]+|[\0-\x20]+$|[\t\n\r]+/g, "");
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text);
  if (!scheme) {
    return base ? resolve(text, base) : null;
  }
  const protocol = scheme[0].toLowerCase();
  const rest = text.slice(protocol.length);
  const parts = {
    protocol,
    username: "",
    password: "",
    host: null,
    port: "",
    path: [],
    search: "",
    hash: "",
  };
  if (protocol === "file:") {
    const after = slashed(rest);
    if (after.startsWith("//")) {
      return withAuthority(parts, rest.slice(2));
    }
    return base?.protocol === protocol ? resolve(rest, base) : withRest({ ...parts, host: "" }, rest, []);
  }
  if (protocol in SPECIAL) {
    if (base?.protocol === protocol && !/^[/\\]/.test(rest)) {
      return resolve(rest, base);
    }
    // However many slashes somebody wrote, a host follows.
    return withAuthority(parts, rest.replace(/^[/\\]+/, ""));
  }
  if (rest.startsWith("//")) {
    return withAuthority(parts, rest.slice(2));
  }
  if (rest.startsWith("/")) {
    return withRest(parts, rest, []);
  }
  const [path, search, hash] = split(rest);
  return withQuery({ ...parts, path: encode(path, NOT_PRINTABLE) }, search, hash);
}

function resolve(text, base) {
  if (typeof base.path === "string") {
    return text.startsWith("#") ? withQuery(base, base.search, text) : null;
  }
  const start = base.protocol in SPECIAL ? slashed(text) : text;
  if (start.startsWith("//")) {
    return withAuthority({ ...base, username: "", password: "", port: "" }, text.slice(2));
  }
  if (start.startsWith("/")) {
    return withRest(base, text, []);
  }
  const [path, search, hash] = split(text);
  if (path === "") {
    return withQuery(base, search === "" && !text.startsWith("?") ? base.search : search, hash);
  }
  return withRest(base, text, base.path.slice(0, -1));
}

/** `text` begins with the authority. */
function withAuthority(parts, text) {
  const isSpecial = parts.protocol in SPECIAL;
  const end = text.search(isSpecial ? /[/\\?#]/ : /[/?#]/);
  const authority = end < 0 ? text : text.slice(0, end);
  const at = authority.lastIndexOf("@");
  const place = /^(.*?)(?::(\d*))?$/s.exec(authority.slice(at + 1));
  const isFile = parts.protocol === "file:";
  // The colons of an address in brackets are its own.
  if (!place || (place[1].includes(":") && !place[1].startsWith("["))) {
    return null;
  }
  const port = parsePort(place[2], parts.protocol);
  let host = place[1] === "" && (isFile || !isSpecial) ? "" : parseHost(place[1], isSpecial);
  if (isFile && host === "localhost") {
    host = "";
  }
  if (port === null || host === null || (host === "" && at >= 0)) {
    return null;
  }
  const colon = at < 0 ? -1 : authority.slice(0, at).indexOf(":");
  const name = colon < 0 ? authority.slice(0, Math.max(at, 0)) : authority.slice(0, colon);
  const password = colon < 0 ? "" : authority.slice(colon + 1, at);
  const made = {
    ...parts,
    username: encode(name, USER),
    password: encode(password, USER),
    host,
    port,
  };
  return withRest(made, end < 0 ? "" : text.slice(end), []);
}

/** The port as a URL has it: empty if it is the scheme's; `null` if it is none. */
export function parsePort(text, protocol) {
  if (text === undefined || text === "") {
    return "";
  }
  const number = Number(text);
  if (number > 65535) {
    return null;
  }
  return String(number) === SPECIAL[protocol] ? "" : String(number);
}

/** `text` is a path and what follows; `before` are the segments that it begins in. */
function withRest(parts, text, before) {
  const [path, search, hash] = split(text);
  return withQuery({ ...parts, path: parsePath(path, before, parts.protocol) }, search, hash);
}

/** The segments of a path. */
export function parsePath(path, before, protocol) {
  const isSpecial = protocol in SPECIAL;
  const segments = [...before];
  const plain = isSpecial ? slashed(path) : path;
  const names = (plain.startsWith("/") ? plain.slice(1) : plain).split("/");
  if (path === "" && !isSpecial) {
    return segments;
  }
  names.forEach((name, index) => {
    const isLast = index === names.length - 1;
    if (/^(?:\.|%2e){2}$/i.test(name)) {
      segments.pop();
      if (isLast) {
        segments.push("");
      }
    } else if (/^(?:\.|%2e)$/i.test(name)) {
      if (isLast) {
        segments.push("");
      }
    } else {
      segments.push(encode(name, PATH));
    }
  });
  return segments;
}

/** Sets the query and the fragment, each with its first letter or empty. */
function withQuery(parts, search, hash) {
  return { ...parts, search: encodeSearch(search, parts.protocol), hash: encodeHash(hash) };
}

/** A query as a URL has it. */
export function encodeSearch(search, protocol) {
  const special = protocol in SPECIAL ? SPECIAL_QUERY : QUERY;
  return search === "?" ? "" : search.slice(0, 1) + encode(search.slice(1), special);
}

/** A fragment as a URL has it. */
export function encodeHash(hash) {
  return hash === "#" ? "" : hash.slice(0, 1) + encode(hash.slice(1), FRAGMENT);
}

/** Path, query and fragment. */
function split(text) {
  const [, path, search = "", hash = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text);
  return [path, search, hash];
}

function slashed(text) {
  return text.replaceAll("\\", "/");
}

/** What is encoded where. What is encoded already stays as it is. */
const NOT_PRINTABLE = /[^\x20-\x7e]+/g;
const FRAGMENT = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]+/g;
const QUERY = /[^\x21\x24-\x3b\x3d\x3f-\x7e]+/g;
const SPECIAL_QUERY = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]+/g;
const PATH = /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]+/g;
export const USER = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]+/g;

/** Encodes what `set` matches. */
export function encode(text, set) {
  return text.replace(set, (part) =>
    encodeURIComponent(part.toWellFormed()).replace(/[!'()*~]/g, byte),
  );
}

function byte(letter) {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The text of a URL. */
export function format(parts) {
  let text = parts.protocol;
  if (parts.host !== null) {
    const password = parts.password && `:${parts.password}`;
    const user = parts.username || password ? `${parts.username}${password}@` : "";
    text += `//${user}${parts.host}${parts.port && `:${parts.port}`}`;
  } else if (typeof parts.path !== "string" && parts.path.length > 1 && parts.path[0] === "") {
    // Else the empty segment would be taken for the start of a host.
    text += "/.";
  }
  return text + formatPath(parts) + parts.search + parts.hash;
}

/** The path of a URL. */
export function formatPath({ path }) {
  return typeof path === "string" ? path : path.length === 0 ? "" : `/${path.join("/")}`;
}
