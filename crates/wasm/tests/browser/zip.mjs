// Packages taken apart and put together again, as a forger would: whole files changed, with sums that fit.

import { crc32, inflateRawSync } from "node:zlib";

/** The files of a package, by name, in their order. */
export function unpack(zip) {
  const files = new Map();
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, packed, length] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const name = zip.toString("latin1", at + 46, at + 46 + length);
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const data = zip.subarray(start, start + packed);
    files.set(name, method === 0 ? Buffer.from(data) : inflateRawSync(data));
    at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

/** A package of these files, stored; `packed` has those that come deflated, as `{ data, size, sum }`. */
export function pack(files, packed = new Map()) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [name, data] of files) {
    const deflated = packed.get(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflated ? 8 : 0, 4);
    fields.writeUInt16LE(0x21, 8);
    fields.writeUInt32LE(deflated?.sum ?? crc32(data), 10);
    fields.writeUInt32LE(deflated?.data.length ?? data.length, 14);
    fields.writeUInt32LE(deflated?.size ?? data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = [Buffer.from("PK\x03\x04", "latin1"), fields, Buffer.from(name), deflated?.data ?? data];
    parts.push(...local);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(0o100644 * 0x10000, 6);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x2d\x03", "latin1"), fields, central, Buffer.from(name));
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** The receipts of a receipts file: where each begins and ends, framed. */
export function receipts(file) {
  const found = [];
  let at = file.indexOf(10) + 1;
  while (at < file.length) {
    const payload = file.readUInt16BE(at);
    const end = payload === 0 ? at + 34 : at + 2 + payload + 1 + file[at + 2 + payload];
    found.push([at, end]);
    at = end;
  }
  return found;
}
