/** The texts of history, and what of a configuration tools compare, as dockerd's builder has them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Builder } from "../build/builder.ts";
import { sh } from "../harness.ts";

let builder: Builder;
beforeAll(async () => {
  builder = await Builder.start();
});
afterAll(async () => {
  await builder?.[Symbol.asyncDispose]();
});

test.each<[string, string | undefined]>([
  ['CMD echo hi "x y"', 'CMD ["/bin/sh" "-c" "echo hi \\"x y\\""]'],
  ['CMD ["a\\tb", "é\\"", "<b>&", "\\u0001"]', 'CMD ["a\\tb" "é\\"" "<b>&" "\\x01"]'],
  ["ENTRYPOINT top -b", 'ENTRYPOINT ["/bin/sh" "-c" "top -b"]'],
  ['ENTRYPOINT ["top", "-b"]', 'ENTRYPOINT ["top" "-b"]'],
  ["EXPOSE 80 443/tcp 53/UDP 8000-8002", "EXPOSE [443/tcp 53/udp 80/tcp 8000/tcp 8001/tcp 8002/tcp]"],
  [
    "HEALTHCHECK --interval=5s --timeout=3s --start-period=1m --retries=3 --start-interval=2s CMD curl -f http://x",
    `HEALTHCHECK &{["CMD-SHELL" "curl -f http://x"] "5s" "3s" "1m0s" "2s" '\\x03'}`,
  ],
  ['HEALTHCHECK --retries=65 CMD ["a", "b c"]', `HEALTHCHECK &{["CMD" "a" "b c"] "0s" "0s" "0s" "0s" 'A'}`],
  ["HEALTHCHECK NONE", `HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" '\\x00'}`],
  ["ONBUILD RUN echo hi", undefined],
  ["RUN true && \\\n  true", "RUN /bin/sh -c true &&   true # buildkit"],
  ['RUN ["true", "a b"]', "RUN true a b # buildkit"],
  ["RUN <<EOF\ntrue\nEOF", "RUN /bin/sh -c true\n # buildkit"],
  ["COPY f /x", "COPY f /x # buildkit"],
  ["COPY --chown=1:2 --chmod=600 f ./y", "COPY --chown=1:2 --chmod=600 f ./y # buildkit"],
  ["ADD --chmod=600 --chown=1 f /z", "ADD --chown=1 --chmod=600 f /z # buildkit"],
  ["COPY f <<EOF /w/\n1\nEOF", "COPY f <<EOF /w/ # buildkit"],
  ["COPY --from=busybox /etc/passwd $TO", "COPY /etc/passwd /to # buildkit"],
  ["WORKDIR /etc", "WORKDIR /etc"],
  ["WORKDIR /", "WORKDIR /"],
  ["VOLUME /a /b", "VOLUME [/a /b]"],
  ['SHELL ["/bin/sh", "-ec"]', "SHELL [/bin/sh -ec]"],
  ['LABEL a=1 b="c d"', "LABEL a=1 b=c d"],
])("%j", async (line, text) => {
  const image = await builder.build({ files: { f: "1" }, dockerfile: `FROM busybox\nENV TO=/to\n${line}` });
  const { history } = await builder.told(image);
  expect(history.slice(history.indexOf("ENV TO=/to") + 1)).toEqual(text === undefined ? [] : [text]);
});

test("a CMD says that its words are quoted, and images say which form their history has", async () => {
  const [plain, command] = [
    await builder.build({ dockerfile: "FROM scratch\nENTRYPOINT x" }),
    await builder.build({ dockerfile: "FROM scratch\nCMD x" }),
  ];
  expect([(await builder.told(plain)).config.ArgsEscaped, (await builder.told(command)).config.ArgsEscaped]).toEqual([
    undefined,
    true,
  ]);
  const { json } = await builder.daemon.api("GET", `/images/${command}/history`);
  expect(json[0].Comment).toBe("buildkit.dockerfile.v0");
});

test("of a container's configuration that was committed nothing but an image's own is taken over", async () => {
  const id = await builder.daemon.ok("run", "-d", "--network", "none", "--hostname", "h", "-t", "busybox", "true");
  await builder.daemon.ok("wait", id);
  await builder.daemon.ok("commit", id, "committed");
  const image = await builder.build({ dockerfile: "FROM committed\nENV A=1" });
  const saved = async (member: string): Promise<string> =>
    (await sh(["sh", "-c", `docker save ${image} | tar -xO ${member}`], { env: { DOCKER_HOST: builder.daemon.host } }))
      .stdout;
  const { config } = JSON.parse(await saved(JSON.parse(await saved("manifest.json"))[0].Config));
  expect(Object.keys(config).sort()).toEqual(["Cmd", "Env"]);
});
