// node check-wgsl.mjs WEBGPU_INDEX_JS DIR: see check-wgsl, which calls it.
//
// A shader may begin with comment lines that speak to this program:
//     // needs: subgroups                 Tint wants `enable subgroups;`, which naga refuses
//     // constants: {"ROWS": 4}           values of its override constants
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// We promise to work where Metal is, which takes one of the default eight for itself.
const MAX_STORAGE_BUFFERS = 7;

// Shaders that must be refused, as [name, what the message must speak of, source]. If one passes, so would anything.
const PLANTED = [
  ['barrier under a non-uniform condition', /uniform control flow/, `
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x >= arrayLength(&out) / 2u) { return; }
      workgroupBarrier();
      out[id.x] = 1u;
    }`],
  ['20 kB of workgroup memory', /workgroup.*(storage|size)/is, `
    override WORDS: u32 = 5000;
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    var<workgroup> tile: array<u32, WORDS>;
    @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
      tile[i] = i;
      workgroupBarrier();
      out[i] = tile[63u - i];
    }`],
];

const [webgpu, dir] = process.argv.slice(2);
const { create, globals } = await import(pathToFileURL(resolve(webgpu)));
Object.assign(globalThis, globals);

// Kept on globalThis: node hangs or crashes once this object is collected.
const gpu = (globalThis.keptGpu = create(['backend=null']));
const adapter = await gpu.requestAdapter();
if (!adapter) fail('Dawn has no null adapter');
// Every feature, since variants use optional ones, but no requiredLimits: the limits of a default device.
const device = await adapter.requestDevice({ requiredFeatures: [...adapter.features] });
device.addEventListener('uncapturederror', (event) => fail(`outside of any check: ${event.error.message}`));

for (const [name, expected, source] of PLANTED) {
  const errors = (await check(name, source)).filter((message) => message.error);
  if (!errors.some((message) => expected.test(message.text))) {
    fail(`the planted fault was not found: ${name}\n${errors.map((message) => message.text).join('\n')}`);
  }
}

const files = readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.wgsl')).sort();
if (files.length === 0) fail(`no .wgsl file below ${dir}`);

let failed = 0;
for (const name of files) {
  const path = join(dir, name);
  const shown = relative('.', path);
  const messages = await check(shown.startsWith('..') ? path : shown, readFileSync(path, 'utf8'));
  for (const { text } of messages) console.log(text);
  if (messages.some((message) => message.error)) failed += 1;
}
console.log(`${files.length} shaders, ${failed} failed`);
process.exit(failed ? 1 : 0);

/** Compiles one source and builds its pipelines. Returns [{ error: boolean, text: 'file:line: …' }]. */
async function check(name, source) {
  const found = [];
  const say = (line, kind, text) => found.push({ error: kind === 'error', text: `${where(name, source, line)}: ${kind}: ${firstLine(text)}` });

  let constants = {};
  let enables = '';
  for (const [index, line] of source.split('\n').entries()) {
    const [, key, value] = line.match(/^\/\/ (needs|constants): (.*)$/) ?? [];
    if (key === 'needs') enables += value.split(/[\s,]+/).map((feature) => feature && `enable ${feature}; `).join('');
    if (key === 'constants') {
      try {
        constants = JSON.parse(value);
      } catch (error) {
        say(index + 1, 'error', `constants: ${error.message}`);
        return found;
      }
    }
    if (!line.startsWith('//')) break;
  }

  device.pushErrorScope('validation');
  // On the first line, so that line numbers stay.
  const module = device.createShaderModule({ label: name, code: enables + source });
  const { messages } = await module.getCompilationInfo();
  const refused = await device.popErrorScope();
  for (const { lineNum, type, message } of messages) say(lineNum, type, message);
  if (refused) {
    if (!found.some((message) => message.error)) say(1, 'error', refused.message);
    return found;
  }

  const code = source.replace(/\/\*[^]*?\*\//g, ' ').replace(/\/\/.*/g, '');
  const entryPoints = [...code.matchAll(/@compute\b[^{};]*?\bfn\s+(\w+)/g)].map((match) => match[1]);
  if (entryPoints.length === 0) say(1, 'error', 'no @compute entry point');
  const storage = code.match(/\bvar\s*<\s*storage\b/g)?.length ?? 0;
  if (storage > MAX_STORAGE_BUFFERS) say(1, 'error', `${storage} storage buffers; at most ${MAX_STORAGE_BUFFERS}`);

  for (const entryPoint of entryPoints) {
    const line = code.slice(0, code.search(new RegExp(`\\bfn\\s+${entryPoint}\\b`))).split('\n').length;
    device.pushErrorScope('validation');
    device.createComputePipeline({ label: name, layout: 'auto', compute: { module, entryPoint, constants } });
    const error = await device.popErrorScope();
    if (error) say(line, 'error', error.message);
  }
  return found;
}

/** 'file:line', and the line in the fragment it was put together from, if `// file: …` markers say so. */
function where(name, source, line) {
  const before = source.split('\n').slice(0, Math.max(line - 1, 0));
  const marker = before.findLastIndex((text) => text.startsWith('// file: '));
  if (marker < 0) return `${name}:${line}`;
  return `${name}:${line} (${before[marker].slice('// file: '.length).trim()}:${line - 1 - marker})`;
}

/** Dawn's later lines retell which call it was inside. */
function firstLine(text) {
  return text.trim().split('\n', 1)[0];
}

function fail(message) {
  console.error(`check-wgsl: ${message}`);
  process.exit(1);
}
