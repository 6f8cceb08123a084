/** Dockerfiles of every feature, small enough to be built by two builders and compared. `localhost/base` is busybox. */
export interface Case {
  name: string;
  dockerfile: string;
  /** Context: path → content; a trailing slash makes a directory, `-> x` a symbolic link, mode after a `|`. */
  files?: Record<string, string>;
  args?: Record<string, string>;
  target?: string;
  /** What buildah 1.28 does not know; then only our own result is looked at. */
  onlyOurs?: boolean;
  /** Checked in our result: path → content. */
  expect?: Record<string, string>;
  config?: Record<string, unknown>;
}

export const corpus: Case[] = [
  {
    name: "copy a file",
    dockerfile: "FROM localhost/base\nCOPY a.txt /dst/b.txt",
    files: { "a.txt": "one" },
    expect: { "/dst/b.txt": "one" },
  },
  {
    name: "copy a directory's contents",
    dockerfile: "FROM localhost/base\nCOPY dir /dst",
    files: { "dir/x": "1", "dir/sub/y": "2", "dir/empty/": "" },
    expect: { "/dst/x": "1", "/dst/sub/y": "2" },
  },
  {
    name: "copy several into a directory",
    dockerfile: "FROM localhost/base\nCOPY a b /dst/",
    files: { a: "1", b: "2" },
    expect: { "/dst/a": "1", "/dst/b": "2" },
  },
  {
    name: "copy by wildcard",
    dockerfile: "FROM localhost/base\nCOPY *.txt /dst/",
    files: { "a.txt": "1", "b.txt": "2", "c.md": "3" },
    expect: { "/dst/a.txt": "1", "/dst/b.txt": "2" },
  },
  {
    name: "copy keeps modes and links",
    dockerfile: "FROM localhost/base\nCOPY d /d",
    files: { "d/run.sh|755": "#!/bin/sh\n", "d/link": "-> run.sh", "d/secret|600": "s" },
    expect: { "/d/secret": "s" },
  },
  {
    name: "copy --chown by number",
    dockerfile: "FROM localhost/base\nCOPY --chown=33:5 a /a\nCOPY --chown=7 a /b",
    files: { a: "1" },
  },
  {
    name: "copy --chown by name",
    dockerfile: "FROM localhost/base\nCOPY --chown=www-data:daemon a /a",
    files: { a: "1" },
  },
  { name: "copy --chmod", dockerfile: "FROM localhost/base\nCOPY --chmod=0711 a /a", files: { a: "1" } },
  {
    name: "copy into a workdir",
    dockerfile: "FROM localhost/base\nWORKDIR /one/two\nCOPY a .\nCOPY a sub/",
    files: { a: "1" },
    expect: { "/one/two/a": "1", "/one/two/sub/a": "1" },
    config: { WorkingDir: "/one/two" },
  },
  {
    name: "workdir relative and from a variable",
    dockerfile: "FROM localhost/base\nENV D=/deep\nWORKDIR $D\nWORKDIR er\nRUN pwd > here",
    expect: { "/deep/er/here": "/deep/er\n" },
    config: { WorkingDir: "/deep/er" },
  },
  {
    name: "env, arg and their modifiers",
    dockerfile:
      "ARG G=global\nFROM localhost/base\nARG G\nARG A=given\nENV B=${A:-x} C=${NOPE:-fallback} D=${A:+alt}\n" +
      "RUN echo $G $A $B $C $D > /out",
    args: { A: "cli" },
    expect: { "/out": "global cli cli fallback alt\n" },
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "B=cli", "C=fallback", "D=alt"],
    },
  },
  {
    name: "run: shell, exec form, several lines",
    dockerfile: 'FROM localhost/base\nRUN echo a > /a && \\\n    echo b > /b\nRUN ["sh", "-c", "echo $0 > /c", "zero"]',
    expect: { "/a": "a\n", "/b": "b\n", "/c": "zero\n" },
  },
  {
    name: "run as a user",
    dockerfile: "FROM localhost/base\nRUN chmod 777 /tmp\nUSER www-data\nRUN id -u > /tmp/me",
    expect: { "/tmp/me": "33\n" },
    config: { User: "www-data" },
  },
  {
    name: "run deletes what a lower layer has",
    dockerfile:
      "FROM localhost/base\nRUN mkdir /x && touch /x/a /x/b\nRUN rm /x/a && rm -r /home && mkdir /home && " +
      "touch /home/new",
  },
  {
    name: "several stages",
    dockerfile:
      "FROM localhost/base AS one\nRUN echo made > /made\nFROM localhost/base AS unused\nRUN exit 1\nFROM " +
      "localhost/base\nCOPY --from=one /made /a\nCOPY --from=0 /made /b",
    expect: { "/a": "made\n", "/b": "made\n" },
  },
  {
    name: "a stage upon a stage, and a target",
    dockerfile: "FROM localhost/base AS one\nRUN echo 1 > /1\nFROM one AS two\nRUN echo 2 > /2\nFROM two\nRUN exit 1",
    target: "two",
    expect: { "/1": "1\n", "/2": "2\n" },
  },
  {
    name: "copy from an image",
    dockerfile:
      "FROM scratch\nCOPY --from=localhost/base /bin/busybox /bin/sh\nCOPY --from=localhost/base /etc/passwd /etc/",
  },
  {
    name: "dockerignore",
    dockerfile: "FROM localhost/base\nCOPY . /ctx/",
    files: {
      ".dockerignore": "*.log\n!keep.log\nnode_modules\n",
      "a.log": "1",
      "keep.log": "2",
      "node_modules/x": "3",
      "src/b": "4",
    },
    expect: { "/ctx/keep.log": "2", "/ctx/src/b": "4" },
  },
  {
    name: "configuration",
    dockerfile:
      'FROM localhost/base\nLABEL a=1 "b c"="d e"\nEXPOSE 80 53/udp\nVOLUME /data ["/more"]\nSTOPSIGNAL ' +
      'SIGUSR1\nUSER 1:2\nENTRYPOINT ["/bin/echo", "x"]\nCMD ["y"]',
    config: {
      Labels: { a: "1", "b c": "d e" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      StopSignal: "SIGUSR1",
      User: "1:2",
      Entrypoint: ["/bin/echo", "x"],
      Cmd: ["y"],
    },
    onlyOurs: true,
  },
  {
    name: "entrypoint takes the base's cmd away",
    dockerfile: 'FROM localhost/base\nENTRYPOINT ["/bin/echo"]',
    config: { Entrypoint: ["/bin/echo"], Cmd: null },
  },
  {
    name: "healthcheck",
    dockerfile: "FROM localhost/base\nHEALTHCHECK --interval=30s --timeout=5s --retries=4 CMD test -e /ok",
    config: { Healthcheck: { Test: ["CMD-SHELL", "test -e /ok"], Interval: 30e9, Timeout: 5e9, Retries: 4 } },
    onlyOurs: true,
  },
  {
    name: "shell",
    dockerfile: 'FROM localhost/base\nSHELL ["/bin/sh", "-ec"]\nRUN echo $0 > /out; true\nCMD hi',
    config: { Shell: ["/bin/sh", "-ec"], Cmd: ["/bin/sh", "-ec", "hi"] },
    onlyOurs: true,
  },
  {
    name: "here-documents in run",
    dockerfile:
      "FROM localhost/base\nRUN <<EOF\nset -e\necho one > /a\necho $((1 + 1)) > /b\nEOF\nRUN cat <<X > /c && " +
      "cat <<'Y' > /d\nfrom $HOME\nX\nfrom $HOME\nY\n",
    onlyOurs: true,
    expect: { "/a": "one\n", "/b": "2\n", "/c": "from /root\n", "/d": "from $HOME\n" },
  },
  {
    name: "here-document with an interpreter",
    dockerfile: 'FROM localhost/base\nRUN <<EOF\n#!/bin/awk -f\nBEGIN { print "awk" > "/out" }\nEOF',
    onlyOurs: true,
    expect: { "/out": "awk\n" },
  },
  {
    name: "here-documents in copy",
    dockerfile:
      "FROM localhost/base\nENV W=world\nCOPY <<A <<'B' /dst/\nhello $W\nA\nhello $W\nB\nCOPY <<-C /one\n\tcut\nC\n",
    onlyOurs: true,
    expect: { "/dst/A": "hello world\n", "/dst/B": "hello $W\n", "/one": "cut\n" },
  },
  {
    name: "add unpacks an archive",
    dockerfile: "FROM localhost/base\nADD a.tar.gz /x/\nADD plain /x/",
    files: { "a.tar.gz": "TAR:inner/f=packed", plain: "p" },
    expect: { "/x/inner/f": "packed", "/x/plain": "p" },
  },
  {
    name: "run mounts: bind, cache, tmpfs",
    dockerfile:
      "FROM localhost/base AS other\nRUN echo o > /o\nFROM localhost/base\nRUN --mount=type=bind,target=/ctx " +
      "--mount=type=bind,from=other,source=/o,target=/o --mount=type=cache,target=/cache --mount=type=tmpfs," +
      "target=/t cat /ctx/f /o > /out && echo x > /cache/x && touch /t/y\nRUN test ! -e /ctx/f && test ! -e " +
      "/cache/x && test ! -e /t/y && test ! -e /o",
    files: { f: "file\n" },
    onlyOurs: true,
    expect: { "/out": "file\no\n" },
  },
  {
    name: "copy --parents and --exclude",
    dockerfile: "FROM localhost/base\nCOPY --parents a/b/*.txt /p/\nCOPY --exclude=*.md src /s/",
    files: { "a/b/1.txt": "1", "src/x.md": "m", "src/y.c": "c" },
    onlyOurs: true,
    expect: { "/p/a/b/1.txt": "1", "/s/y.c": "c" },
  },
  {
    name: "onbuild",
    dockerfile: "FROM localhost/base\nONBUILD RUN echo triggered > /t\nONBUILD COPY f /f",
    config: { OnBuild: ["RUN echo triggered > /t", "COPY f /f"] },
    onlyOurs: true,
  },
  {
    name: "escape directive",
    dockerfile: "# escape=`\nFROM localhost/base\nRUN echo a `\n && echo b > /b",
    expect: { "/b": "b\n" },
  },
  {
    name: "copy a link's target",
    dockerfile: "FROM localhost/base\nCOPY link /got",
    files: { real: "content", link: "-> real" },
    expect: { "/got": "content" },
  },
  {
    name: "copy into a linked directory of the image",
    dockerfile: "FROM localhost/base\nRUN mkdir /real && ln -s real /alias\nCOPY f /alias/",
    files: { f: "1" },
    expect: { "/real/f": "1" },
  },
];
