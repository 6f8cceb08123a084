import { inside } from "../source/path.ts";
import { resolve, type SourceTree } from "../source/tree.ts";

/** Predicate type of an SPDX list of packages, as in-toto names it. */
export const sbomType = "https://spdx.dev/Document";

/** A package that a root filesystem's own database names. */
export interface Package {
  kind: "deb" | "apk";
  name: string;
  version: string;
  architecture: string;
  supplier: string;
  license: string;
  source: string;
}

/** The predicate of an SPDX document (2.3) of what the package databases of dpkg and apk say. `created`: RFC 3339. */
export async function sbom(tree: SourceTree, name: string, created: string): Promise<unknown> {
  const release = fieldsOf(await text(tree, "etc/os-release"), "=");
  const distribution = (release.get("ID") ?? "").replaceAll('"', "");
  const version = (release.get("VERSION_ID") ?? "").replaceAll('"', "");
  const packages = [...(await debianPackages(tree)), ...apkPackages(await text(tree, "lib/apk/db/installed"))].sort(
    (a, b) => (a.name < b.name ? -1 : 1),
  );
  const digest = new Bun.CryptoHasher("sha256").update(JSON.stringify([name, packages])).digest("hex");
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `urn:berth:sbom:${digest}`,
    creationInfo: { created, creators: ["Tool: berth"] },
    packages: packages.map((each, index) => ({
      name: each.name,
      SPDXID: `SPDXRef-Package-${each.kind}-${each.name.replace(/[^A-Za-z0-9.-]/g, "-")}-${index}`,
      versionInfo: each.version,
      supplier: each.supplier === "" ? "NOASSERTION" : `Person: ${each.supplier}`,
      downloadLocation: "NOASSERTION",
      filesAnalyzed: false,
      licenseConcluded: "NOASSERTION",
      licenseDeclared: "NOASSERTION",
      ...(each.license !== "" && { licenseComments: each.license }),
      copyrightText: "NOASSERTION",
      externalRefs: [
        {
          referenceCategory: "PACKAGE-MANAGER",
          referenceType: "purl",
          referenceLocator: purl(each, distribution, version),
        },
      ],
    })),
    relationships: packages.map((each, index) => ({
      spdxElementId: "SPDXRef-DOCUMENT",
      relationshipType: "DESCRIBES",
      relatedSpdxElement: `SPDXRef-Package-${each.kind}-${each.name.replace(/[^A-Za-z0-9.-]/g, "-")}-${index}`,
    })),
  };
}

function purl({ kind, name, version, architecture, source }: Package, distribution: string, release: string): string {
  const query = [
    ["arch", architecture],
    ["distro", [distribution, release].filter(Boolean).join("-")],
    ["upstream", source],
  ].filter(([, value]) => value !== "");
  const namespace = distribution || (kind === "deb" ? "debian" : "alpine");
  const qualifiers = query.map(([key, value]) => `${key}=${encodeURIComponent(value ?? "")}`).join("&");
  const id = `pkg:${kind}/${namespace}/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
  return qualifiers === "" ? id : `${id}?${qualifiers}`;
}

/** dpkg's status, or a file for each package, as images without dpkg have them. */
async function debianPackages(tree: SourceTree): Promise<Package[]> {
  const folder = "var/lib/dpkg/status.d";
  const single =
    tree.entry(folder)?.type === "directory" ? tree.children(folder).filter((file) => !file.endsWith(".md5sums")) : [];
  const texts = await Promise.all(
    ["var/lib/dpkg/status", ...single.map((file) => `${folder}/${file}`)].map((path) => text(tree, path)),
  );
  return texts
    .flatMap((each) => each.split(/\n\n+/))
    .flatMap((paragraph) => {
      const fields = fieldsOf(paragraph, ": ");
      const name = fields.get("Package");
      if (!name || (fields.has("Status") && !/ installed$/.test(fields.get("Status") ?? ""))) return [];
      const source = fields.get("Source")?.replace(/ .*/, "") ?? "";
      return [
        {
          kind: "deb" as const,
          name,
          version: fields.get("Version") ?? "",
          architecture: fields.get("Architecture") ?? "",
          supplier: fields.get("Maintainer") ?? "",
          license: "",
          source,
        },
      ];
    });
}

function apkPackages(database: string): Package[] {
  return database.split(/\n\n+/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph, ":");
    const name = fields.get("P");
    if (!name) return [];
    return [
      {
        kind: "apk" as const,
        name,
        version: fields.get("V") ?? "",
        architecture: fields.get("A") ?? "",
        supplier: fields.get("m") ?? "",
        license: fields.get("L") ?? "",
        source: fields.get("o") ?? "",
      },
    ];
  });
}

/** The first of each field; lines that go on from the one before are passed over. */
function fieldsOf(paragraph: string, separator: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of paragraph.split("\n")) {
    const at = line.indexOf(separator);
    if (at > 0 && !/^\s/.test(line) && !fields.has(line.slice(0, at)))
      fields.set(line.slice(0, at), line.slice(at + separator.length).trim());
  }
  return fields;
}

const maxBytes = 64 * 1024 * 1024;

/** Empty where there is no such file. */
async function text(tree: SourceTree, path: string): Promise<string> {
  const found = resolve(tree, inside(path));
  const entry = found === undefined ? undefined : tree.entry(found);
  if (found === undefined || entry?.type !== "file" || entry.size > maxBytes) return "";
  const parts: Uint8Array[] = [];
  for await (const chunk of tree.read(found)) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}
