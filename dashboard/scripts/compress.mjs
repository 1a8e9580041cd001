// Stores every text asset of dist/ also as br and gzip, and says how much script the first page loads.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const FIRST_LOAD_MAX = 250_000;
const dir = "dist/assets";
const sizes = new Map();
for (const name of readdirSync(dir).filter((name) => /\.(js|css|svg)$/.test(name))) {
  const path = join(dir, name);
  const source = readFileSync(path);
  const gzip = gzipSync(source, { level: 9 });
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: source.length };
  writeFileSync(`${path}.gz`, gzip);
  writeFileSync(`${path}.br`, brotliCompressSync(source, { params: quality }));
  sizes.set(name, gzip.length);
}
const page = readFileSync("dist/index.html", "utf8");
const first = [...page.matchAll(/assets\/([^"]+\.js)/g)].map(([, name]) => sizes.get(name) ?? 0);
const total = first.reduce((sum, size) => sum + size, 0);
console.log(`First load: ${(total / 1000).toFixed(1)} kB of script (gzip), of ${FIRST_LOAD_MAX / 1000} kB allowed`);
if (total > FIRST_LOAD_MAX) process.exit(1);
