import { expect, test } from "bun:test";
import { describeHistory, dockerfileLine } from "./history.ts";

test.each([
  ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'],
  ["/bin/sh -c #(nop) ADD file:0123abc in / ", "ADD … /"],
  ["/bin/sh -c apt-get update && apt-get install -y curl", "RUN apt-get update && apt-get install -y curl"],
  ["RUN /bin/sh -c make install # buildkit", "RUN make install"],
  ["|1 VERSION=3 /bin/sh -c echo $VERSION", "RUN echo $VERSION"],
  ["RUN |2 A=1 B=2 /bin/sh -c make # buildkit", "RUN make"],
  ["COPY . /app # buildkit", "COPY . /app"],
  ['CMD ["node"]', 'CMD ["node"]'],
  ["EXPOSE map[80/tcp:{} 443/tcp:{}]", "EXPOSE 80/tcp 443/tcp"],
  ["/bin/sh -c #(nop)  EXPOSE 80", "EXPOSE 80"],
  ["VOLUME [/data /var/lib/x]", "VOLUME /data /var/lib/x"],
  ['VOLUME ["/a b"]', 'VOLUME ["/a b"]'],
  ["", ""],
])("%s", (createdBy, expected) => expect(dockerfileLine(createdBy)).toBe(expected));

test("steps get their layers, and layers without a step are shown too", () => {
  const layers = ["a", "b", "c"].map((digest, size) => ({ mediaType: "x", digest, size }));
  const lines = describeHistory(
    [{ created_by: "ADD x /" }, { created_by: 'CMD ["sh"]', empty_layer: true }, { created_by: "COPY . ." }],
    layers,
  );
  expect(lines.map(({ command, layer }) => [command, layer?.digest])).toEqual([
    ["ADD x /", "a"],
    ['CMD ["sh"]', undefined],
    ["COPY . .", "b"],
    ["", "c"],
  ]);
});
