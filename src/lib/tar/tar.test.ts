import { expect, test } from "bun:test";
import { type TarEntry, tarEntry } from "./entry.ts";
import { decodeName, encodeName } from "./names.ts";
import { formatPax } from "./pax.ts";
import { TarReader } from "./reader.ts";
import { encodeHeader, endOfArchive, padding } from "./writer.ts";

interface Read {
  entry: TarEntry;
  parts: { offset: number; text: string }[];
}

/** Reads an archive in pieces of `size` bytes. */
function read(archive: Uint8Array, size = archive.length): Read[] {
  const all: Read[] = [];
  const reader = new TarReader({
    entry: (entry) => all.push({ entry, parts: [] }),
    data: (chunk, offset) => {
      const parts = all.at(-1)?.parts ?? [];
      const last = parts.at(-1);
      const text = Buffer.from(chunk).toString("latin1");
      if (last && last.offset + last.text.length === offset) last.text += text;
      else parts.push({ offset, text });
    },
    end: (entry) => expect(entry).toBe(all.at(-1)!.entry),
  });
  for (let at = 0; at < archive.length; at += size) reader.write(archive.subarray(at, at + size));
  reader.end();
  return all;
}

function archive(...members: [Partial<TarEntry> & { name: string }, string?][]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [fields, content = ""] of members) {
    const body = Buffer.from(content, "latin1");
    parts.push(encodeHeader(tarEntry({ size: body.length, ...fields })), body, padding(body.length));
  }
  return Buffer.concat([...parts, endOfArchive()]);
}

/** A header block made by hand, for formats that the writer does not write. */
function rawBlock(fields: {
  name: string;
  typeflag: string;
  size?: number;
  magic?: string;
  extra?: (b: Buffer) => void;
}): Buffer {
  const b = Buffer.alloc(512);
  b.write(fields.name, 0, "latin1");
  b.write("0000644\0", 100);
  b.write("0000000\0", 108);
  b.write("0000000\0", 116);
  b.write(`${(fields.size ?? 0).toString(8).padStart(11, "0")}\0`, 124);
  b.write("00000000000\0", 136);
  b.write(fields.typeflag, 156);
  b.write(fields.magic ?? "ustar  \0", 257, "latin1");
  fields.extra?.(b);
  b.fill(" ", 148, 156);
  b.write(
    `${b
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return b;
}

const padded = (text: string) => Buffer.concat([Buffer.from(text, "latin1"), padding(text.length)]);

test("everything an entry holds survives the way there and back, in pieces of any size", () => {
  const long = `${"d/".repeat(120)}file`;
  const entries: TarEntry[] = [
    tarEntry({ name: "plain", size: 3, mode: 0o4755, uid: 1000, gid: 1001, mtime: 1_700_000_000 }),
    tarEntry({ name: "dir", type: "directory", mode: 0o1777 }),
    tarEntry({ name: long, size: 3, mtime: -5, mtimeNanos: 250_000_000 }),
    tarEntry({ name: "größe/файл", size: 3, mtimeNanos: 1 }),
    tarEntry({ name: decodeName(Uint8Array.of(0x66, 0xff, 0xfe, 0x2f, 0xc3, 0xa4)), size: 3 }),
    tarEntry({ name: "link", type: "symlink", linkName: `../${"t".repeat(200)}`, mode: 0o777 }),
    tarEntry({ name: "hard", type: "link", linkName: "plain" }),
    tarEntry({ name: "null", type: "char", devMajor: 1, devMinor: 3 }),
    tarEntry({ name: "disk", type: "block", devMajor: 253, devMinor: 1_000_000 }),
    tarEntry({ name: "pipe", type: "fifo" }),
    tarEntry({ name: "big-owner", size: 3, uid: 3_000_000_000, gid: 2_097_152, uname: "ü", gname: "staff" }),
    tarEntry({
      name: "caps",
      size: 3,
      xattrs: new Map([
        ["security.capability", Uint8Array.of(1, 0, 0, 2, 10, 61)],
        ["user.empty", new Uint8Array(0)],
      ]),
    }),
  ];
  const bytes = archive(...entries.map((entry): [TarEntry, string?] => [entry, entry.type === "file" ? "abc" : ""]));
  for (const size of [bytes.length, 512, 513, 100, 7]) {
    const found = read(bytes, size);
    expect(found.map(({ entry }) => entry)).toEqual(entries);
    for (const { entry, parts } of found)
      expect(parts).toEqual(entry.type === "file" ? [{ offset: 0, text: "abc" }] : []);
  }
});

test("golden bytes: what was written once is written for ever", () => {
  const bytes = archive(
    [{ name: "etc", type: "directory", mode: 0o755, mtime: 1_700_000_000 }],
    [
      {
        name: `etc/${"n".repeat(120)}`,
        mode: 0o600,
        uid: 70_000,
        mtime: 1_700_000_001,
        xattrs: new Map([["user.x", Uint8Array.of(1, 2)]]),
      },
      "content",
    ],
    [{ name: "ä", type: "symlink", linkName: "etc", mode: 0o777 }],
  );
  expect(new Bun.CryptoHasher("sha256").update(bytes).digest("hex")).toBe(
    "5dbad3fa174f58aea1459f257758ce7a590ad915e7b4ea8dfb2409947f0f0730",
  );
});

test("GNU long names and links", () => {
  const long = "n".repeat(300);
  const bytes = Buffer.concat([
    rawBlock({ name: "././@LongLink", typeflag: "K", size: 301 }),
    padded(`${long}\0`),
    rawBlock({ name: "././@LongLink", typeflag: "L", size: 305 }),
    padded(`dir/${long}\0`),
    rawBlock({ name: "cut", typeflag: "2" }),
    endOfArchive(),
  ]);
  expect(read(bytes, 300)[0]?.entry).toMatchObject({ name: `dir/${long}`, linkName: long, type: "symlink" });
});

test("sparse files of the old GNU format and PAX 0.0, 0.1 and 1.0", () => {
  const gnu = Buffer.concat([
    rawBlock({
      name: "s",
      typeflag: "S",
      size: 6,
      extra: (b) => {
        b.write("00000001000\0" + "00000000003\0" + "00000002000\0" + "00000000003\0", 386);
        b.write("00000004000\0", 483);
      },
    }),
    padded("abcdef"),
    endOfArchive(),
  ]);
  const pax = (records: [string, string][], name: string, content: string) => {
    const body = Buffer.concat(records.map(([key, value]) => formatPax(new Map([[key, value]]))));
    return Buffer.concat([
      rawBlock({ name: "PaxHeaders/s", typeflag: "x", size: body.length, magic: "ustar\x0000" }),
      body,
      padding(body.length),
      rawBlock({ name, typeflag: "0", size: content.length, magic: "ustar\x0000" }),
      padded(content),
      endOfArchive(),
    ]);
  };
  const pax00 = pax(
    [
      ["GNU.sparse.size", "2048"],
      ["GNU.sparse.numblocks", "2"],
      ["GNU.sparse.offset", "512"],
      ["GNU.sparse.numbytes", "3"],
      ["GNU.sparse.offset", "1024"],
      ["GNU.sparse.numbytes", "3"],
    ],
    "s",
    "abcdef",
  );
  const pax01 = pax(
    [
      ["GNU.sparse.size", "2048"],
      ["GNU.sparse.name", "s"],
      ["GNU.sparse.map", "512,3,1024,3"],
    ],
    "GNUSparseFile.0/s",
    "abcdef",
  );
  const pax10 = pax(
    [
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.name", "s"],
      ["GNU.sparse.realsize", "2048"],
    ],
    "GNUSparseFile.0/s",
    `${"2\n512\n3\n1024\n3\n".padEnd(512, "\0")}abcdef`,
  );
  for (const bytes of [gnu, pax00, pax01, pax10]) {
    const [found] = read(bytes, 200);
    expect(found?.entry).toMatchObject({ name: "s", size: 2048, type: "file" });
    expect(found?.parts).toEqual([
      { offset: 512, text: "abc" },
      { offset: 1024, text: "def" },
    ]);
  }
});

test("numbers in base 256, PAX sizes, global headers, V7 directories", () => {
  const big = rawBlock({
    name: "big",
    typeflag: "0",
    extra: (b) => {
      b[124] = 0x80;
      b.fill(0, 125, 135);
      b[135] = 3;
    },
  });
  expect(read(Buffer.concat([big, padded("abc"), endOfArchive()]))[0]?.parts).toEqual([{ offset: 0, text: "abc" }]);
  const negative = rawBlock({ name: "old", typeflag: "0", extra: (b) => b.fill(0xff, 136, 148) });
  expect(read(Buffer.concat([negative, endOfArchive()]))[0]?.entry.mtime).toBe(-1);
  const global = formatPax(
    new Map([
      ["comment", "x"],
      ["gname", "all"],
    ]),
  );
  const v7 = Buffer.concat([
    rawBlock({ name: "g", typeflag: "g", size: global.length }),
    global,
    padding(global.length),
    rawBlock({ name: "dir/", typeflag: "\0", magic: "" }),
    rawBlock({ name: "file", typeflag: "\0", magic: "" }),
  ]);
  expect(read(v7).map(({ entry }) => [entry.name, entry.type, entry.gname])).toEqual([
    ["dir", "directory", "all"],
    ["file", "file", "all"],
  ]);
});

test("headers that stand before others do not pile up", () => {
  const pax = (typeflag: string, records: [string, string][]) => {
    const body = formatPax(new Map(records));
    return Buffer.concat([rawBlock({ name: "p", typeflag, size: body.length }), body, padding(body.length)]);
  };
  const many = Array.from({ length: 5000 }, (_, i): [string, string] => [`SCHILY.xattr.user.k${i}`, "v"]);
  const file = rawBlock({ name: "f", typeflag: "0" });
  // Extended attributes are no member's that does not have them itself; of several headers of one member the last
  // counts.
  expect(read(Buffer.concat([pax("g", many), file, file, endOfArchive()])).map(({ entry }) => entry.xattrs)).toEqual([
    undefined,
    undefined,
  ]);
  expect(
    read(Buffer.concat([pax("x", many), pax("x", [["path", "q"]]), file, endOfArchive()])).map(({ entry }) => [
      entry.name,
      entry.xattrs,
    ]),
  ).toEqual([["q", undefined]]);
});

test("broken archives are refused", () => {
  const good = archive([{ name: "a" }, "content"]);
  expect(() => read(good.subarray(0, 515))).toThrow("unexpected EOF");
  expect(() => read(good.subarray(0, 100))).toThrow("unexpected EOF");
  expect(read(good.subarray(0, 519))).toHaveLength(1);
  expect(read(Buffer.concat([good, Buffer.from("whatever comes after")]))).toHaveLength(1);
  const wrong = Buffer.from(good);
  wrong[0] = 98;
  expect(() => read(wrong)).toThrow("archive/tar: invalid tar header");
  expect(() => read(rawBlock({ name: "x", typeflag: "x", size: 2 << 20 }))).toThrow("header field too long");
  expect(() => read(rawBlock({ name: "x", typeflag: "Z" }))).toThrow("unhandled tar header type 90");
  expect(() =>
    read(rawBlock({ name: "x", typeflag: "0", extra: (b) => b.fill(0xff, 125, 136).fill(0x80, 124, 125) })),
  ).toThrow("invalid tar header");
  for (const body of ["5 a=\n", "999 a=b\n", "x a=b\n", "6 ab\n\n", "0 a=b\n", "9 size=-1\n"]) {
    const bytes = Buffer.concat([
      rawBlock({ name: "p", typeflag: "x", size: body.length }),
      padded(body),
      rawBlock({ name: "f", typeflag: "0" }),
      endOfArchive(),
    ]);
    if (body === "5 a=\n") expect(read(bytes)).toHaveLength(1);
    else expect(() => read(bytes)).toThrow("invalid tar header");
  }
});

test("a sparse map may not lie", () => {
  for (const map of ["0,5,3,1", "0,100", "0,3,10,4", "5"]) {
    const body = formatPax(
      new Map([
        ["GNU.sparse.size", "12"],
        ["GNU.sparse.map", map],
      ]),
    );
    const bytes = Buffer.concat([
      rawBlock({ name: "p", typeflag: "x", size: body.length }),
      body,
      padding(body.length),
      rawBlock({ name: "f", typeflag: "0", size: 6 }),
      padded("abcdef"),
    ]);
    expect(() => read(bytes)).toThrow("invalid tar header");
  }
});

test("names keep bytes that are no UTF-8", () => {
  for (const bytes of [
    [0x61],
    [0xff],
    [0xc3, 0xa4],
    [0xc3],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x98, 0x80, 0x80],
    [0xed, 0xb2, 0x80],
    [0xc0, 0xaf],
  ]) {
    const name = decodeName(Uint8Array.from(bytes));
    expect([...encodeName(name)]).toEqual(bytes);
  }
  expect(decodeName(Buffer.from("smile 😀"))).toBe("smile 😀");
});
