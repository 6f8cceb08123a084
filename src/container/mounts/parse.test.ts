import { describe, expect, test } from "bun:test";
import { parseBind, parseMount, parseVolumesFrom } from "./parse.ts";

const anything = () => true;

describe("binds", () => {
  test("a host path", () => {
    expect(parseBind("/a/../b/:/c/:ro,z")).toMatchObject({
      type: "bind",
      source: "/b",
      destination: "/c",
      readOnly: true,
      mode: "ro,z",
      propagation: "rprivate",
      createSource: true,
      copy: false,
    });
    expect(parseBind("/a:/b:rslave").propagation).toBe("rslave");
  });
  test("a named volume", () => {
    expect(parseBind("data:/c")).toMatchObject({
      type: "volume",
      name: "data",
      destination: "/c",
      readOnly: false,
      copy: true,
    });
    expect(parseBind("data:/c:nocopy").copy).toBe(false);
    expect(parseBind("data:/c", "nfs").driver).toBe("nfs");
  });
  test("a bare target is an anonymous volume", () => {
    expect(parseBind("/c")).toMatchObject({ type: "volume", anonymous: true, destination: "/c" });
  });
  test.each([
    ["", "invalid volume specification: ''"],
    [":/a", "invalid volume specification: ':/a'"],
    ["/a:ro", "invalid volume specification: '/a:ro'"],
    ["/a:/b:ro:x", "invalid volume specification: '/a:/b:ro:x'"],
    ["/a:/b:what", "invalid mode: what"],
    ["/a:/b:ro,rw", "invalid mode: ro,rw"],
    [
      "/a:/",
      "invalid volume specification: '/a:/': invalid mount config for type \"bind\": invalid specification: " +
        "destination can't be '/'",
    ],
    [
      "a:b",
      "invalid volume specification: 'a:b': invalid mount config for type \"volume\": invalid mount path: 'b' " +
        "mount path must be absolute",
    ],
  ])("%p is refused", (raw, message) => {
    expect(() => parseBind(raw)).toThrow(message);
  });
});

describe("mounts", () => {
  test("a bind of what is not there", () => {
    const mount = { Type: "bind", Source: "/x", Target: "/y" } as const;
    expect(() => parseMount(mount, () => false)).toThrow(
      'invalid mount config for type "bind": bind source path does not exist: /x',
    );
    expect(parseMount({ ...mount, BindOptions: { CreateMountpoint: true } }, () => false)).toMatchObject({
      createSource: true,
    });
  });
  test("tmpfs", () => {
    const mount = parseMount(
      {
        Type: "tmpfs",
        Target: "/t",
        ReadOnly: true,
        TmpfsOptions: { SizeBytes: 3 << 20, Mode: 0o1770, Options: [["exec"]] },
      },
      anything,
    );
    expect(mount.tmpfsOptions).toEqual(["ro", "mode=1770", "size=3m", "exec"]);
  });
  test("a volume with a subpath", () => {
    expect(
      parseMount({ Type: "volume", Source: "v", Target: "/t", VolumeOptions: { Subpath: "a/b" } }, anything),
    ).toMatchObject({ name: "v", subpath: "a/b" });
    expect(() =>
      parseMount({ Type: "volume", Source: "v", Target: "/t", VolumeOptions: { Subpath: "a/../../b" } }, anything),
    ).toThrow("subpath must be a relative path within the volume");
    expect(() => parseMount({ Type: "volume", Target: "/t", VolumeOptions: { Subpath: "a" } }, anything)).toThrow(
      "must not set Subpath when using anonymous volumes",
    );
  });
  test.each([
    [{ Type: "bind", Target: "/y" } as const, 'invalid mount config for type "bind": field Source must not be empty'],
    [
      { Type: "volume", Source: "v" } as const,
      'invalid mount config for type "volume": field Target must not be empty',
    ],
    [
      { Type: "tmpfs", Source: "v", Target: "/t" } as const,
      'invalid mount config for type "tmpfs": field Source must not be specified',
    ],
    [
      { Type: "tmpfs", Target: "/t", BindOptions: {} } as const,
      'invalid mount config for type "tmpfs": field BindOptions must not be specified',
    ],
    [{ Type: "npipe", Target: "/t" } as const, 'invalid mount config for type "npipe": mount type unknown'],
    [
      { Type: "bind", Source: "/s", Target: "/t", BindOptions: { Propagation: "odd" } } as const,
      'invalid mount config for type "bind": invalid propagation mode: odd',
    ],
  ])("%p is refused", (mount, message) => {
    expect(() => parseMount(mount, anything)).toThrow(message);
  });
});

test("volumes from another container", () => {
  expect(parseVolumesFrom("c")).toEqual({ ref: "c", readOnly: false });
  expect(parseVolumesFrom("c:ro,z")).toEqual({ ref: "c", readOnly: true });
  expect(() => parseVolumesFrom("c:rslave")).toThrow("invalid mode: rslave");
  expect(() => parseVolumesFrom("c:nocopy")).toThrow("invalid mode: nocopy");
});
