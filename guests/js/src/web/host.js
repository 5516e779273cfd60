// Hosts of URLs, by the URL Standard: domains, IPv4 and IPv6 addresses.
//
// Owns how a host is written, and nothing of the rest of a URL.

import { toASCII } from "punycode/";

/** The host as a URL has it, or `null` if it is none. `isSpecial`: of a scheme such as `http`. */
export function parseHost(text, isSpecial) {
  if (text.startsWith("[")) {
    const address = text.endsWith("]") ? parseIpv6(text.slice(1, -1)) : null;
    return address && `[${address}]`;
  }
  if (!isSpecial) {
    return FORBIDDEN.test(text) ? null : text.replace(NOT_PRINTABLE, encodeURIComponent);
  }
  let domain = text;
  if (!PLAIN.test(text)) {
    try {
      domain = toASCII(decodeURIComponent(text).normalize("NFKC").toLowerCase());
    } catch {
      return null;
    }
  }
  domain = domain.toLowerCase();
  if (domain === "" || FORBIDDEN.test(domain) || domain.includes("%")) {
    return null;
  }
  return NUMBER_LAST.test(domain) ? parseIpv4(domain) : domain;
}

const PLAIN = /^[a-zA-Z0-9.\-_]*$/;
const FORBIDDEN = /[\0-\x20#/:<>?@[\\\]^|\x7f]/;
const NOT_PRINTABLE = /[^\x21-\x7e]/gu;
const NUMBER_LAST = /(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/;

function parseIpv4(domain) {
  const parts = domain.replace(/\.$/, "").split(".");
  if (parts.length > 4) {
    return null;
  }
  const numbers = parts.map(parseNumber);
  const last = numbers.pop();
  const room = 256 ** (4 - numbers.length);
  // What is not a number compares as false.
  if (!numbers.every((number) => number < 256) || !(last < room)) {
    return null;
  }
  let address = last;
  numbers.forEach((number, index) => {
    address += number * 256 ** (3 - index);
  });
  return [24, 16, 8, 0].map((shift) => (address / 2 ** shift) & 255).join(".");
}

function parseNumber(text) {
  if (/^0x[0-9a-f]*$/.test(text)) {
    return text.length === 2 ? 0 : parseInt(text, 16);
  }
  if (/^0[0-7]+$/.test(text)) {
    return parseInt(text, 8);
  }
  return /^\d+$/.test(text) && !/^0\d/.test(text) ? Number(text) : NaN;
}

function parseIpv6(text) {
  const four = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (four) {
    const bytes = four.slice(2).map(Number);
    if (bytes.some((byte) => byte > 255)) {
      return null;
    }
    const hex = (high, low) => (high * 256 + low).toString(16);
    return parseIpv6(`${four[1]}${hex(bytes[0], bytes[1])}:${hex(bytes[2], bytes[3])}`);
  }
  const halves = text.split("::");
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const count = groups.flat().length;
  if (halves.length > 2 || (halves.length === 2 ? count > 7 : count !== 8)) {
    return null;
  }
  if (!groups.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group))) {
    return null;
  }
  const zeros = Array(8 - count).fill("0");
  const all = [...groups[0], ...zeros, ...(groups[1] ?? [])];
  return compress(all.map((group) => parseInt(group, 16)));
}

/** Writes the longest run of two zeros or more as `::`. */
function compress(groups) {
  let [best, length] = [-1, 1];
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && groups[end] === 0) {
      end += 1;
    }
    if (end - start > length) {
      [best, length] = [start, end - start];
    }
  }
  const hex = (part) => part.map((group) => group.toString(16)).join(":");
  return best < 0 ? hex(groups) : `${hex(groups.slice(0, best))}::${hex(groups.slice(best + length))}`;
}
