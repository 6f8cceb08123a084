/** Makes `dist/berth`, one self-contained executable that is daemon, CLI and registry. */
const result = await Bun.build({
  entrypoints: ["src/main.ts"],
  compile: { outfile: "dist/berth", autoloadDotenv: false, autoloadBunfig: false },
  minify: { syntax: true, whitespace: true },
  sourcemap: "linked",
  bytecode: true,
});
for (const message of result.logs) console.error(String(message));
if (!result.success) process.exit(1);
console.log("dist/berth");
