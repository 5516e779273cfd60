// `crypto`: random numbers of the host, digests and keyed digests.
//
// Digests are `@noble/hashes`': this owns the form that the Web Cryptography API gives them.

import random from "wasi:random/random@0.2.12";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytesOf } from "./encoding.js";

const HASHES = { "SHA-1": sha1, "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 };

/** `crypto` of the Web Cryptography API, as far as this engine has it. */
export const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof Float32Array || array instanceof Float64Array) {
      throw new TypeError("expected an array of integers");
    }
    if (array.byteLength > RANDOM_MAX) {
      throw new DOMException(`expected ${RANDOM_MAX} bytes at most, got ${array.byteLength}`, "QuotaExceededError");
    }
    // No bytes are not asked for: see `runtime/jobs.js`.
    if (array.byteLength > 0) {
      bytesOf(array).set(random.getRandomBytes(array.byteLength));
    }
    return array;
  },

  randomUUID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },

  subtle: {
    async digest(algorithm, data) {
      return hashOf(algorithm)(bytesOf(data)).slice().buffer;
    },

    async importKey(form, data, algorithm, extractable, usages) {
      if (nameOf(algorithm) !== "HMAC" || !["raw", "jwk"].includes(form)) {
        throw unsupported(`${nameOf(algorithm)} keys in the form ${form}`, "HMAC keys in the forms raw and jwk");
      }
      const bytes = form === "raw" ? bytesOf(data).slice() : Uint8Array.fromBase64(data.k, { alphabet: "base64url" });
      return new CryptoKey(bytes, algorithm.hash, extractable, usages);
    },

    async generateKey(algorithm, extractable, usages) {
      if (nameOf(algorithm) !== "HMAC") {
        throw unsupported(`${nameOf(algorithm)} keys`, "HMAC keys");
      }
      const length = algorithm.length ? algorithm.length / 8 : hashOf(algorithm.hash).blockLen;
      return new CryptoKey(crypto.getRandomValues(new Uint8Array(length)), algorithm.hash, extractable, usages);
    },

    async exportKey(form, key) {
      if (form !== "raw" || !key.extractable) {
        throw new DOMException("The key cannot be exported in this form", "InvalidAccessError");
      }
      return secretOf(key).slice().buffer;
    },

    async sign(algorithm, key, data) {
      return mac(key, data, "sign").slice().buffer;
    },

    async verify(algorithm, key, signature, data) {
      const expected = mac(key, data, "verify");
      const given = bytesOf(signature);
      // All bytes are compared, so that the time says nothing of where they differ.
      let different = expected.length ^ given.length;
      expected.forEach((byte, index) => {
        different |= byte ^ given[index];
      });
      return different === 0;
    },
  },
};

/** By the standard. */
const RANDOM_MAX = 65536;

let secretOf;

/** A key of HMAC. */
export class CryptoKey {
  #secret;

  constructor(secret, hash, extractable, usages) {
    this.#secret = secret;
    this.type = "secret";
    this.extractable = Boolean(extractable);
    this.usages = [...usages];
    const name = nameOf(hash);
    hashOf(hash);
    this.algorithm = { name: "HMAC", hash: { name }, length: secret.length * 8 };
  }

  static {
    secretOf = (key) => key.#secret;
  }
}

function mac(key, data, usage) {
  if (!(key instanceof CryptoKey) || !key.usages.includes(usage)) {
    throw new DOMException(`The key is not one to ${usage} with`, "InvalidAccessError");
  }
  return hmac(hashOf(key.algorithm.hash), secretOf(key), bytesOf(data));
}

function nameOf(algorithm) {
  return String(algorithm?.name ?? algorithm).toUpperCase();
}

function hashOf(algorithm) {
  const hash = HASHES[nameOf(algorithm)];
  if (!hash) {
    throw unsupported(nameOf(algorithm), Object.keys(HASHES).join(", "));
  }
  return hash;
}

function unsupported(what, instead) {
  return new DOMException(`${what} are not supported, but ${instead}`, "NotSupportedError");
}

/** A generator for `Math.random`: sfc32, seeded by the host. */
export function seededRandom() {
  let [a, b, c, d] = new Int32Array(random.getRandomBytes(16).buffer);
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
