// Reads multipart/x-mixed-replace (RFC 2046, 5.1) from a stream of bytes: browsers show such a
// stream in an <img>, but cannot send a token with it nor tell the headers of its parts.

const HEAD_BYTES_MAX = 256 * 1024;
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const HEAD_END = [13, 10, 13, 10];

function joined(first, second) {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

function indexOf(bytes, pattern) {
  for (let at = 0; at + pattern.length <= bytes.length; ++at) {
    if (pattern.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}

// Lower-case names to values; the boundary's line is none.
function parseHead(bytes) {
  const headers = new Map();
  for (const line of new TextDecoder().decode(bytes).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function lengthOf(headers) {
  const length = Number(headers.get("content-length"));
  if (!Number.isInteger(length) || length < 0 || length > BODY_BYTES_MAX) {
    throw new Error("a part of the live stream tells no usable length");
  }
  return length;
}

export class MultipartReader {
  #bytes = new Uint8Array(0);
  #headers = null;

  // Takes the next bytes of the stream and gives the parts that are whole now, as {headers, body}.
  push(chunk) {
    this.#bytes = joined(this.#bytes, chunk);
    const parts = [];
    while (this.#readHead()) {
      const length = lengthOf(this.#headers);
      if (this.#bytes.length < length) break;
      parts.push({ headers: this.#headers, body: this.#bytes.slice(0, length) });
      this.#bytes = this.#bytes.slice(length);
      this.#headers = null;
    }
    return parts;
  }

  #readHead() {
    if (this.#headers !== null) return true;
    // The line end behind the last body comes before the next boundary.
    while (this.#bytes[0] === 13 || this.#bytes[0] === 10) this.#bytes = this.#bytes.subarray(1);
    const end = indexOf(this.#bytes, HEAD_END);
    if (end < 0) {
      if (this.#bytes.length > HEAD_BYTES_MAX) throw new Error("the live stream is damaged");
      return false;
    }
    this.#headers = parseHead(this.#bytes.subarray(0, end));
    this.#bytes = this.#bytes.slice(end + HEAD_END.length);
    return true;
  }
}
