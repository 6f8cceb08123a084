/** The `platform` query parameter of image calls: `linux/arm64/v8` as JSON; undefined for "". */
export function platformJson(platform: string | undefined): string | undefined {
  if (!platform) return undefined;
  const [os = "", architecture, variant] = platform.toLowerCase().split("/");
  return JSON.stringify({ ...(architecture ? { architecture: aliases[architecture] ?? architecture, os } : { architecture: os }), ...(variant && { variant }) });
}

const aliases: Record<string, string> = { x86_64: "amd64", "x86-64": "amd64", aarch64: "arm64", armhf: "arm", armel: "arm", i386: "386" };
